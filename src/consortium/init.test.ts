import { describe, expect, it } from 'vitest';
import { keccak256, keyFrom, toHex } from '../crypto/index.ts';
import { certificateFromJson, verifyCertificate } from './certificate.ts';
import { foundingRoster, readConsortiumFile } from './consortium-file.ts';
import { buildGenesis, genesisHash, genesisToJson, readGenesis } from './genesis.ts';
import { type ConsortiumPlan, planConsortium } from './init.ts';
import { KEY_FILE_MODE, readKeyFile } from './key-file.ts';
import { readFleetFile, readNodeFile } from './node-file.ts';
import { isObserver } from './roles.ts';
import { issuersFor } from './roster.ts';
import type { PlanOptions } from './seat.ts';

/** Reproducible bytes, fit for tests only. */
function counting(): PlanOptions['random'] {
  let count = 0;
  const bytes = (length: number) => keccak256(new Uint8Array([count++ >> 8, count & 255])).subarray(0, length);
  return { bytes, float: () => (bytes(2)[0] as number) / 256 };
}
const options: PlanOptions = {
  chainId: 7077,
  name: 'Demo',
  companies: ['Company A (demo)', 'Company B (demo)', 'Company C (demo)'],
  edgeNodes: 4,
  devices: 5,
  random: counting(),
  nowMs: 1_800_000_000_000,
};
const plan = (change: Partial<PlanOptions> = {}) => planConsortium({ ...options, random: counting(), ...change });
const file = (some: ConsortiumPlan, path: string) => {
  const found = some.files.find((candidate) => candidate.path === path);
  if (found === undefined) throw new Error(`no file ${path}`);
  return found;
};

describe('planConsortium', () => {
  it('lays out files that the readers take, and that fit together', () => {
    const laid = plan();
    const genesis = readGenesis(file(laid, 'genesis.json').text);
    const consortium = readConsortiumFile({ file: 'consortium.json', text: file(laid, 'consortium.json').text });
    expect(consortium.genesisHash).toBe(genesisHash(genesis));
    expect(consortium.members).toHaveLength(1 + 3 + 1 + 4 + 5);
    const roster = foundingRoster(consortium);
    expect(roster.sealers).toEqual(genesis.sealers);
    for (const member of consortium.members) {
      const node = readNodeFile({ file: 'node.json', text: file(laid, `${member.folder}/node.json`).text });
      const key = file(laid, `${member.folder}/key.json`);
      expect(key.mode).toBe(KEY_FILE_MODE);
      expect(readKeyFile({ file: 'key.json', text: key.text }).address).toBe(member.node);
      expect(node).toMatchObject({
        role: member.role,
        name: member.name,
        company: member.company,
        genesisFile: '../genesis.json',
      });
      if (!isObserver(member.role)) continue;
      const certificate = certificateFromJson(file(laid, `${member.folder}/certificate.json`).text, 'certificate.json');
      const expected = {
        chainId: 7077,
        observer: member.node,
        role: member.role,
        issuers: issuersFor(roster, member.role),
        nowSeconds: 1_800_000_000,
      };
      expect(verifyCertificate(certificate, expected)).toEqual({ valid: true });
    }
  });

  it('gives a newcomer one address, that of the centre, and sealers each other as well', () => {
    const laid = plan();
    const centre = laid.members.find(({ role }) => role === 'centre');
    const contactsOf = (folder: string) =>
      readNodeFile({ file: 'node.json', text: file(laid, `${folder}/node.json`).text }).contacts;
    expect(contactsOf('device-1')).toEqual([{ node: centre?.node, addresses: centre?.addresses }]);
    expect(contactsOf('company-1')).toHaveLength(4);
    expect(contactsOf('centre')).toEqual([]);
  });

  it('puts keys in key files only', () => {
    const laid = plan();
    const secrets = laid.files
      .filter(({ path }) => path.endsWith('key.json'))
      .map(({ text }) => JSON.parse(text).privateKey.slice(2));
    expect(secrets).toHaveLength(14);
    for (const { path, text } of laid.files)
      if (!path.endsWith('key.json')) for (const secret of secrets) expect(text).not.toContain(secret);
  });

  it('puts the devices into one fleet, spreads them over the companies, and takes given positions', () => {
    const laid = plan({ positions: { edgeNodes: [{ latitude: 1, longitude: 2 }] } });
    const fleet = readFleetFile({ file: 'fleet.json', text: file(laid, 'fleet/fleet.json').text });
    expect(fleet.members).toEqual(['../device-1', '../device-2', '../device-3', '../device-4', '../device-5']);
    expect(new Set(laid.members.filter(({ role }) => role === 'device').map(({ company }) => company)).size).toBe(3);
    expect(laid.members.find(({ folder }) => folder === 'edge-1')?.position).toEqual({ latitude: 1, longitude: 2 });
    const scattered = laid.members.find(({ folder }) => folder === 'edge-2')?.position;
    expect(Math.abs((scattered?.latitude ?? 0) + 37.8136)).toBeLessThan(0.02);
  });

  it('gives every node ports of its own, the well-known ones to the proxy', () => {
    const laid = plan();
    const ports = laid.members
      .flatMap(({ addresses, rpc, console }) => [...addresses, rpc, console])
      .filter((some) => some !== undefined);
    expect(new Set(ports).size).toBe(ports.length);
    expect(laid.members.find(({ role }) => role === 'proxy')).toMatchObject({
      rpc: 'http://127.0.0.1:8545',
      console: 'http://127.0.0.1:7400',
    });
  });

  it('gives money to those who open channels', () => {
    const { genesis, members } = plan();
    for (const { node, role } of members)
      expect(BigInt(genesis.alloc[node] ?? '0') > 0n).toBe(role !== 'edge' && role !== 'centre');
  });

  it.each<[string, Partial<PlanOptions>, string, RegExp]>([
    [
      'two companies',
      { companies: ['A', 'B'] },
      'CONSORTIUM_TOO_FEW_COMPANIES',
      /2 companies and the proxy make 3 sealers.*f = 0/,
    ],
    ['two companies of one name', { companies: ['A', 'B', 'A'] }, 'CONSORTIUM_PLAN_INVALID', /same name/],
    ['a company without a name', { companies: ['A', 'B', ''] }, 'CONSORTIUM_PLAN_INVALID', /has 0 bytes/],
    ['a consortium without a name', { name: ' ' }, 'CONSORTIUM_PLAN_INVALID', /needs a name/],
    ['half an edge node', { edgeNodes: 0.5 }, 'CONSORTIUM_PLAN_INVALID', /0\.5 is not a number of edge nodes/],
    ['chain 0', { chainId: 0 }, 'CONSORTIUM_PLAN_INVALID', /not a chain id/],
    ['too many nodes', { devices: 10_000 }, 'CONSORTIUM_PLAN_INVALID', /at most 10000/],
    ['ports that meet', { ports: { peers: 8545 } }, 'CONSORTIUM_PLAN_INVALID', /both need port 8545|need port 8545/],
    ['ports beyond the last', { ports: { peers: 65_530 } }, 'CONSORTIUM_PLAN_INVALID', /would need port 65536/],
  ])('refuses %s', (_what, change, code, message) => {
    expect(() => plan(change)).toThrow(message);
    expect(() => plan(change)).toThrow(expect.objectContaining({ code }));
  });
});

describe('the genesis file', () => {
  const { genesis } = plan();
  const text = genesisToJson(genesis);
  const changed = (change: object) => JSON.stringify({ ...genesis, ...change });

  it('survives its codec, and its hash does not depend on its layout', () => {
    expect(readGenesis(text)).toEqual(genesis);
    const reordered = Object.fromEntries(Object.entries(genesis).reverse());
    expect(genesisHash(readGenesis(JSON.stringify(reordered)))).toBe(genesisHash(genesis));
  });

  it('has another hash after any change', () => {
    const [contract] = genesis.contracts;
    const some = [
      { chainId: 1 },
      { timestampMs: 1 },
      { gasLimit: '0x1' },
      { sealers: [...genesis.sealers].reverse() },
      { alloc: {} },
      { contracts: [contract] },
      { timing: { blockIntervalMs: 1, heartbeatMs: 2, baseTimeoutMs: 3 } },
    ] as const;
    const hashes = some.map((change) => genesisHash({ ...genesis, ...change } as typeof genesis));
    expect(new Set([genesisHash(genesis), ...hashes]).size).toBe(some.length + 1);
  });

  it.each<[string, object, RegExp]>([
    ['a missing chain id', { chainId: undefined }, /genesis\.json: "chainId": expected a chain id/],
    ['three sealers', { sealers: genesis.sealers.slice(1) }, /"sealers": expected at least four sealers/],
    ['sealers out of order', { sealers: [...genesis.sealers].reverse() }, /"sealers" must be in ascending order/],
    ['a key that does not exist', { gaslimit: '0x1' }, /unknown key "gaslimit", did you mean "gasLimit"\?/],
    ['governance where nothing stands', { governance: `0x${'11'.repeat(20)}` }, /"governance" is 0x1111.*places none/],
    ['two contracts at one address', { contracts: [genesis.contracts[0], genesis.contracts[0]] }, /two contracts at one address/],
    [
      'a round shorter than the time between blocks',
      { timing: { blockIntervalMs: 500, heartbeatMs: 10_000, baseTimeoutMs: 500 } },
      /expected baseTimeoutMs above blockIntervalMs/,
    ],
    ['a balance that is no number', { alloc: { [genesis.sealers[0] as string]: '1e3' } }, /expected an amount in wei/],
  ])('is refused with %s', (_what, change, message) => {
    expect(() => readGenesis(changed(change))).toThrow(message);
  });

  it('needs an account of its own for every member', () => {
    const account = keyFrom(new Uint8Array(32).fill(1)).address;
    const companies = ['A', 'B', 'C'].map((name, at) => ({
      name,
      account: at === 0 ? account : (toHex(new Uint8Array(20).fill(at)) as typeof account),
    }));
    expect(() => buildGenesis({ chainId: 1, timestampMs: 0, proxy: account, companies, alloc: {} })).toThrow(/same account/);
  });
});
