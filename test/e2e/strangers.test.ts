import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { encode } from '@ethereumjs/rlp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Address } from '../../src/crypto/index.ts';
import { createHostEnvironment } from '../../src/environment/host/index.ts';
import { RawPeer } from '../../src/environment/host/testing/raw-peer.ts';
import { TASK_INPUT_BYTES_MAX } from '../../src/limits.ts';
import { bareAdmission, bareFrame, bareHello, ENDLESS, NONSENSE } from './support/bare-messages.ts';
import {
  blockAt,
  type Consortium,
  height,
  killRest,
  logLines,
  moreTasks,
  rpc,
  showLogsOnFailure,
  startNode,
  up,
} from './support/consortium.ts';
import { certify, freshKey, genesisIn, helloOf, keyIn, layOutNode } from './support/newcomers.ts';
import { type Command, killAtOnce, temporaryFolder, treadle, treadleJson, until } from './support/processes.ts';

// Whoever does not belong is kept out and told why; whoever is voted in belongs.

const FIRST_PORT = 23_500;
const PATIENCE_MS = 45_000;
// Each wait has a deadline of its own; several of them make a step.
vi.setConfig({ testTimeout: 3 * PATIENCE_MS });

const folder = temporaryFolder();
const home = join(folder.path, 'home');
const started: Command[] = [];
const peers: RawPeer[] = [];
let consortium: Consortium;
let contacts: { readonly node: Address; readonly addresses: string[] }[];

beforeAll(async () => {
  consortium = await up({ folder: folder.path, firstPort: FIRST_PORT, edges: 1, devices: 1 });
  contacts = ['centre', 'proxy', 'company-1'].map((name) => {
    const { node, addresses } = consortium.node(name);
    return { node, addresses: [...addresses] };
  });
}, 120_000);

afterAll(async () => {
  await Promise.all(peers.map((peer) => peer.close()));
  await killRest(started, [consortium]);
  folder.remove();
});

const logOf = (name: string): string => join(home, 'logs', `${name}.log`);

/** What a member's log says of having turned somebody away. */
function refusals(name: string, peer: string): readonly string[] {
  return logLines(logOf(name), 'connection_refused').flatMap((line) => (line['peer'] === peer ? [String(line['reason'])] : []));
}

describe("a stranger's node", () => {
  const company = () => keyIn(join(home, 'company-1'));
  const common = () => ({ genesisFile: '../genesis.json', listen: { host: '127.0.0.1', port: 0 }, contacts });
  const edge = { services: ['vibration.spectrum'], capacity: 1, latitude: -37.8, longitude: 144.9, priceWei: '1' };

  it('without a certificate does not even start, and says what is missing', async () => {
    const file = { ...common(), role: 'edge', name: 'Stranger', company: company().address, edge } as const;
    const command = treadle(
      folder.path,
      'node',
      '--folder',
      layOutNode(join(home, 'stranger'), { file, key: freshKey() }),
      '--json',
    );
    expect(await command.ended).toBe(1);
    expect(JSON.parse(command.stdout())).toMatchObject({ error: { code: 'CLI_FILE_UNREADABLE' } });
    expect(command.stdout()).toContain('certificate.json');
  });

  it('with a forged certificate, with that of another, or that claims to be a company is refused by both sides with the reason', async () => {
    showLogsOnFailure(folder.path);
    const { chainId } = genesisIn(home);
    const [forger, borrower, impostor] = [freshKey(), freshKey(), freshKey()];
    const own = { observer: forger.address, role: 'edge', chainId } as const;
    const forged = { ...certify(own, forger), company: company().address };
    const borrowed = certify({ ...own, observer: freshKey().address }, company());
    const observer = (name: string) => ({ ...common(), role: 'edge', name, company: company().address, edge }) as const;
    const strangers = [
      { name: 'forger', key: forger, file: observer('Forger'), certificate: forged, reason: /CERTIFICATE_FORGED/ },
      {
        name: 'borrower',
        key: borrower,
        file: observer('Borrower'),
        certificate: borrowed,
        reason: /CERTIFICATE_WRONG_OBSERVER/,
      },
      {
        name: 'impostor',
        key: impostor,
        file: { ...common(), role: 'company', name: 'Impostor', company: impostor.address } as const,
        reason: /is no company of this consortium/,
      },
    ];
    for (const { name, reason, ...node } of strangers) layOutNode(join(home, name), node);
    const nodes = await Promise.all(strangers.map(({ name }) => startNode(folder.path, join(home, name))));
    started.push(...nodes);
    for (const [at, { key, reason }] of strangers.entries()) {
      const told = await until('the proxy tells of it', PATIENCE_MS, () => {
        const reasons = refusals('proxy', key.address);
        return reasons.length > 0 && reasons;
      });
      for (const text of told) expect(text).toMatch(reason);
      const { errorFile } = nodes[at] as Command;
      const heard = await until('the stranger is told', PATIENCE_MS, () => {
        const lines = logLines(errorFile, 'connection_refused');
        return lines.length > 0 && lines;
      });
      for (const line of heard) expect(String(line['reason'])).toMatch(reason);
    }
    const known = await rpc<readonly { readonly node: string }[]>(consortium.document.rpcUrl, 'treadle_peers');
    expect(known.filter(({ node }) => strangers.some(({ key }) => key.address === node))).toEqual([]);
    await killAtOnce(nodes.map(({ pid }) => pid));
  });
});

/** Announces a body of this size, sends its beginning and returns what the answer is then. */
function statusOfLargeBody(url: string, sizeBytes: number): Promise<number | undefined> {
  return new Promise((settle, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': sizeBytes };
    const asked = request(url, { method: 'POST', headers }, ({ statusCode }) => {
      settle(statusCode);
      asked.destroy();
    });
    asked.on('error', reject);
    asked.write('{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":["');
  });
}

describe('garbage', () => {
  /** A peer whose certificate is in order: it is let in, and what it says then is its own affair. */
  async function admittedPeer(): Promise<RawPeer> {
    const key = freshKey();
    const { chainId } = genesisIn(home);
    const certificate = certify({ observer: key.address, role: 'device', chainId }, keyIn(join(home, 'company-1')));
    const peer = await RawPeer.dial(key, consortium.node('proxy').addresses[0] as string);
    peers.push(peer);
    peer.write(bareHello(helloOf(home, key, certificate)));
    peer.write(bareAdmission());
    await peer.until(() => peer.heard.some(({ type }) => type === 'verdict'));
    expect(peer.heard).toContainEqual({ type: 'verdict', verdict: 'admitted', reason: '' });
    return peer;
  }

  it('from a program that is no node at all is hung up on, with a line in the log', async () => {
    showLogsOnFailure(folder.path);
    const port = Number(/tcp\/(\d+)/.exec(consortium.node('proxy').addresses[0] ?? '')?.[1]);
    const socket = connect({ host: '127.0.0.1', port });
    let closed = false;
    socket
      .on('error', () => undefined)
      .on('close', () => {
        closed = true;
      });
    socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: ${'x'.repeat(200)}\r\n\r\n`);
    await until('the node hangs up', PATIENCE_MS, () => closed);
    await until('the log tells of it', PATIENCE_MS, () =>
      logLines(logOf('proxy'), 'connection_refused').some(({ reason }) => String(reason).startsWith('no connection came about')),
    );
  });

  it.each([
    ['nonsense in place of a hello', false, NONSENSE, /a message could not be read/],
    ['nonsense from a member', true, NONSENSE, /a message could not be read/],
    ['a frame above the limit', true, ENDLESS, /a message of 4294967295 bytes is announced/],
    ['transactions that cannot be decoded', true, bareFrame('tx/1', Uint8Array.of(0xc1, 0x00)), /./],
  ] as const)('%s drops its sender, with the reason in the log, and nobody else', async (_what, admitted, bytes, reason) => {
    showLogsOnFailure(folder.path);
    const peer = admitted
      ? await admittedPeer()
      : await RawPeer.dial(freshKey(), consortium.node('proxy').addresses[0] as string);
    peers.push(peer);
    peer.write(bytes);
    await peer.until(() => false);
    expect(peer.open).toBe(false);
    const dropped = await until('the log tells of it', PATIENCE_MS, () =>
      logLines(logOf('proxy'), 'peer_dropped').find((line) => line['peer'] === peer.node),
    );
    expect(String(dropped['reason'])).toMatch(reason);
  });

  it('a vote of a member that does not seal is not read: the sender stays, the chain goes on', async () => {
    const peer = await admittedPeer();
    peers.push(peer);
    const before = await height(consortium.document.rpcUrl);
    for (let count = 0; count < 50; count++) peer.write(bareFrame('consensus/1', Uint8Array.of(1, 2, 3)));
    await until('the chain grows', PATIENCE_MS, async () => (await height(consortium.document.rpcUrl)) >= before + 2);
    expect(peer.open).toBe(true);
  });

  it('an oversized JSON-RPC body is answered with 413, an oversized task input with its limit', async () => {
    expect(await statusOfLargeBody(consortium.document.rpcUrl, 5 * 1024 * 1024)).toBe(413);

    const key = freshKey();
    const certificate = certify(
      { observer: key.address, role: 'device', chainId: genesisIn(home).chainId },
      keyIn(join(home, 'company-1')),
    );
    const { network, close } = await createHostEnvironment({ key, dataFolder: join(folder.path, 'device'), logLevel: 'silent' });
    await network.start({ hello: () => helloOf(home, key, certificate), admit: () => ({ admitted: true }) });
    const edge = consortium.node('edge-1');
    await network.connect({ node: edge.node, addresses: edge.addresses });
    const task = encode([
      new Uint8Array(32).fill(1),
      'vibration.spectrum',
      'application/x',
      '',
      1_000_000n,
      new Uint8Array(TASK_INPUT_BYTES_MAX + 1),
    ]);
    await expect(network.request(edge.node, 'task/1', task)).rejects.toMatchObject({
      code: 'MESSAGE_MALFORMED',
      detail: expect.stringMatching(/input/) as string,
    });
    await close();
  });

  it('has disturbed nobody: the chain grows and tasks are done', async () => {
    showLogsOnFailure(folder.path);
    const before = await height(consortium.document.rpcUrl);
    const { failed } = await moreTasks(consortium, 2, PATIENCE_MS);
    expect(failed).toBe(0);
    expect(await height(consortium.document.rpcUrl)).toBeGreaterThan(before);
    expect(consortium.command.process.exitCode).toBeNull();
  });
});

describe('a fourth company', () => {
  const key = freshKey();
  let node: Awaited<ReturnType<typeof startNode>>;
  const rpcOption = () => ['--rpc', consortium.document.rpcUrl];
  const as = (company: string) => ['--key', join(home, company, 'key.json')];
  const sealers = async () =>
    (await rpc<{ readonly sealers: readonly string[] }>(consortium.document.rpcUrl, 'treadle_consensus')).sealers;

  /** Proposes, and returns how the others vote for it. */
  async function propose(
    change: readonly string[],
    voters: readonly [string, ...string[]],
  ): Promise<() => Promise<{ readonly waitsFor: string; readonly id: string }>> {
    const [proposer, ...others] = voters;
    const proposed = await treadleJson<{ readonly proposal: { readonly id: string | number; readonly state: string } }>(
      folder.path,
      ...['consortium', 'propose', ...change, ...as(proposer), ...rpcOption()],
    );
    expect(proposed.proposal.state).toBe('open');
    const id = String(proposed.proposal.id);
    return async () => {
      let waitsFor = 'nothing';
      for (const [at, voter] of others.entries()) {
        const voted = await treadleJson<{ readonly executed: boolean; readonly waitsFor: string }>(
          folder.path,
          ...['consortium', 'vote', id, ...as(voter), ...rpcOption()],
        );
        waitsFor = voted.waitsFor;
        // More than two thirds: two of three are not enough.
        expect(voted.executed || waitsFor !== 'nothing').toBe(at === others.length - 1);
      }
      return { waitsFor, id };
    };
  }

  it(
    'joins by votes of more than two thirds: its node catches up, seals and proposes',
    async () => {
      showLogsOnFailure(folder.path);
      const file = {
        role: 'company',
        name: 'Company D',
        company: key.address,
        genesisFile: '../genesis.json',
        listen: { host: '127.0.0.1', port: FIRST_PORT + 480 },
        contacts,
        rpc: { host: '127.0.0.1', port: FIRST_PORT + 80 },
      } as const;
      const newcomer = layOutNode(join(home, 'company-4'), { file, key });
      const vote = await propose(['--add', key.address, '--name', 'Company D'], ['company-1', 'company-2', 'company-3']);
      // Once it is proposed the others let its node in, and the node proves by itself that it has the chain.
      node = await startNode(folder.path, newcomer);
      started.push(node);
      expect((await vote()).waitsFor).toMatch(/^(nothing|sync)$/);
      await until('the ledger counts five sealers', PATIENCE_MS, async () => (await sealers()).includes(key.address));
      const from = await height(consortium.document.rpcUrl);
      await until('it has caught up', PATIENCE_MS, async () => (await height(node.report.rpcUrl)) >= from);
      expect((await blockAt(node.report.rpcUrl, from))?.hash).toBe((await blockAt(consortium.document.rpcUrl, from))?.hash);
      // Every block is looked at, not only those that are the head when it is asked for. Should its first turn have come before
      // all of them were connected with it, it has another one within SKIP_WINDOW_BLOCKS.
      let looked = from;
      await until('it proposes a block', 2 * PATIENCE_MS, async () => {
        const head = await height(consortium.document.rpcUrl);
        for (; looked < head; looked++) {
          const block = await blockAt(consortium.document.rpcUrl, looked + 1);
          if (block?.miner.toLowerCase() === key.address) return true;
        }
        return false;
      });
      expect(await sealers()).toHaveLength(5);
    },
    4 * PATIENCE_MS,
  );

  it(
    'leaves by votes: it seals no more, and the others go on',
    async () => {
      showLogsOnFailure(folder.path);
      const vote = await propose(['--remove', key.address], ['company-1', 'company-2', 'company-3']);
      const { waitsFor, id } = await vote();
      if (waitsFor === 'epoch') {
        const changed = await height(consortium.document.rpcUrl);
        await until('32 blocks', 2 * PATIENCE_MS, async () => (await height(consortium.document.rpcUrl)) >= changed + 32);
        await treadleJson(folder.path, ...['consortium', 'execute', id, ...as('company-1'), ...rpcOption()]);
      }
      await until('the ledger counts four sealers', PATIENCE_MS, async () => !(await sealers()).includes(key.address));
      const from = await height(consortium.document.rpcUrl);
      await moreTasks(consortium, 2, PATIENCE_MS);
      await until('eight more blocks', PATIENCE_MS, async () => (await height(consortium.document.rpcUrl)) >= from + 8);
      for (let number = from + 1; number <= from + 8; number++) {
        expect((await blockAt(consortium.document.rpcUrl, number))?.miner.toLowerCase()).not.toBe(key.address);
      }
    },
    4 * PATIENCE_MS,
  );
});
