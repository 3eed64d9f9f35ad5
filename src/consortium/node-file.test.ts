import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { keyFrom } from '../crypto/index.ts';
import { keyToJson, readKeyFile } from './key-file.ts';
import { fleetFileSchema, nodeFileSchema, readFleetFile, readNodeFile } from './node-file.ts';
import { WIRE_VERSIONS } from './wire-versions.ts';

const company = keyFrom(new Uint8Array(32).fill(9)).address;
const edgeFile = {
  role: 'edge',
  name: 'Edge 1',
  company,
  listen: { host: '127.0.0.1', port: 4001 },
  edge: { services: ['vibration.spectrum'], capacity: 4, latitude: -37.8, longitude: 144.9, priceWei: '1000' },
};
const read = (value: unknown) => readNodeFile({ file: 'edge-1/node.json', text: JSON.stringify(value) });

describe('readNodeFile', () => {
  it('reads a file and fills in what is left out', () => {
    expect(read(edgeFile)).toMatchObject({
      role: 'edge',
      keyFile: 'key.json',
      certificateFile: 'certificate.json',
      contacts: [],
      logLevel: 'info',
      edge: { capacity: 4 },
    });
  });

  it('takes an oracle node without a word about the oracle, and one that says everything', () => {
    const oracleFile = { role: 'oracle', name: 'Oracle node 1', company };
    expect(read(oracleFile)).toMatchObject({
      role: 'oracle',
      oracle: { retire: false, lookMs: 5_000 },
      certificateFile: 'certificate.json',
    });
    const outside = { http: { hosts: { 'plant.example': { private: true, headers: { authorization: 'Bearer x' } } } } };
    const oracle = { stakeWei: '5', retire: true, outside };
    expect(read({ ...oracleFile, oracle })).toMatchObject({ oracle });
    expect(() => read({ ...oracleFile, oracle: { stakeWei: 'much' } })).toThrow(/"oracle\.stakeWei": expected an amount in wei/);
    expect(() => read({ ...oracleFile, oracle: { lookMs: 60_001 } })).toThrow(/"oracle\.lookMs"/);
    expect(() => read({ ...oracleFile, oracle: { stakes: '1' } })).toThrow(/unknown key "oracle\.stakes"/);
  });

  it('suggests the key that was probably meant, at any depth', () => {
    expect(() => read({ ...edgeFile, logLevle: 'debug' })).toThrow(
      /edge-1\/node\.json: unknown key "logLevle", did you mean "logLevel"\?/,
    );
    expect(() => read({ ...edgeFile, edge: { ...edgeFile.edge, latitude: undefined, lattitude: 1 } })).toThrow(
      /unknown key "edge\.lattitude", did you mean "latitude"\?/,
    );
    const contacts = [{ node: company, adresses: ['/ip4/127.0.0.1/tcp/1'] }];
    expect(() => read({ ...edgeFile, contacts })).toThrow(/unknown key "contacts\[0\]\.adresses", did you mean "addresses"\?/);
  });

  it('lists the keys of this role only', () => {
    expect(() => read({ ...edgeFile, somethingElse: 1 })).toThrow(
      expect.objectContaining({ code: 'CONFIG_UNKNOWN_KEY', message: expect.not.stringContaining('depositWei') }),
    );
  });

  it.each<[string, object, RegExp]>([
    ['a missing value', { name: undefined }, /"name": expected a name/],
    ['a port that is none', { rpc: { port: 70_000 } }, /"rpc\.port": a port is 0/],
    [
      'an unknown role',
      { role: 'boss' },
      /"role": expected an object whose "role" is proxy, company, edge, device, centre or oracle/,
    ],
    ['an address that is none', { company: '0x12' }, /"company": expected an address/],
    [
      'a price that is not in wei',
      { edge: { ...edgeFile.edge, priceWei: '1.5' } },
      /"edge\.priceWei": expected an amount in wei/,
    ],
    [
      'a wire version that this release does not speak',
      { wireVersions: { lowest: 1, highest: WIRE_VERSIONS.highest + 1 } },
      /"wireVersions\.highest": this release speaks wire version 1 to/,
    ],
    ['wire versions upside down', { wireVersions: { lowest: 2, highest: 1 } }, /"wireVersions": the lowest version is above/],
    ['a place that is not on earth', { edge: { ...edgeFile.edge, latitude: -91 } }, /"edge\.latitude": a latitude is -90 to 90/],
  ])('names the file and the key of %s', (_what, change, message) => {
    expect(() => read({ ...edgeFile, ...change })).toThrow(message);
    expect(() => read({ ...edgeFile, ...change })).toThrow(/^edge-1\/node\.json: .*docs\/reference\/node-file\.md/);
  });

  it('says that a file is not JSON', () => {
    expect(() => readNodeFile({ file: 'n.json', text: '{ "role": ' })).toThrow(/n\.json is not JSON/);
  });

  it('reads a fleet', () => {
    expect(readFleetFile({ file: 'fleet.json', text: '{"name":"Fleet","members":["device-1"]}' }).members).toEqual(['device-1']);
    expect(() => readFleetFile({ file: 'fleet.json', text: '{"name":"Fleet","members":[]}' })).toThrow(/at least one member/);
  });
});

describe('readKeyFile', () => {
  const key = keyFrom(new Uint8Array(32).fill(9));
  const secret = keyToJson(key).slice(20, 60);

  it('reads what was written', () => {
    expect(readKeyFile({ file: 'key.json', text: keyToJson(key) })).toMatchObject({
      address: key.address,
      privateKey: key.privateKey,
    });
  });

  it.each<[string, string, RegExp]>([
    [
      'the address of another key',
      keyToJson(key).replace(key.address, `0x${'11'.repeat(20)}`),
      /CONFIG_KEY_MISMATCH|not of 0x1111/,
    ],
    [
      'a secret that is none',
      JSON.stringify({ privateKey: `0x${'00'.repeat(32)}`, address: key.address }),
      /not a secp256k1 key/,
    ],
    ['a text cut off in the secret', keyToJson(key).slice(0, 60), /key\.json is not JSON/],
    ['a secret of the wrong length', keyToJson(key).replace(secret, ''), /"privateKey": expected 32 bytes/],
  ])('refuses %s without repeating the secret', (_what, text, message) => {
    const attempt = () => readKeyFile({ file: 'key.json', text });
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow(secret);
  });
});

describe('docs/reference/node-file.md', () => {
  it('names every key, with sources.md for those of outside sources', () => {
    const page = ['node-file.md', 'sources.md']
      .map((name) => readFileSync(path.resolve(import.meta.dirname, '../../docs/reference', name), 'utf8'))
      .join('\n');
    const keys = new Set<string>();
    const collect = (schema: unknown): void => {
      if (Array.isArray(schema)) for (const item of schema) collect(item);
      else if (typeof schema === 'object' && schema !== null) {
        for (const [name, value] of Object.entries(schema)) {
          if (name === 'properties') for (const key of Object.keys(value)) keys.add(key);
          collect(value);
        }
      }
    };
    for (const schema of [nodeFileSchema, fleetFileSchema])
      collect(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
    expect(keys.size).toBeGreaterThan(25);
    expect([...keys].filter((key) => !new RegExp(`[\`{ .]${key.replace('$', '\\$')}[\`,} ]`).test(page))).toEqual([]);
  });
});
