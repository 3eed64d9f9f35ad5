import { join } from 'node:path';
import { toFunctionSelector } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  FEDERAL_FILE_ADDRESS,
  INBOX_ADDRESS,
  LANE_CONTROL_ADDRESS,
  ORACLE_REGISTRY_ADDRESS,
  OUTBOX_ADDRESS,
} from '../../src/contracts/index.ts';
import { height, rpc, type UpDocument } from './support/consortium.ts';
import { type Command, firstDocument, killAtOnce, temporaryFolder, treadle, until } from './support/processes.ts';

// Three ledgers of one consortium in real processes: every sealer's process seats a node on each of them.

const FIRST_PORT = 27_500;
const READY_WITHIN_MS = 120_000;
const PATIENCE_MS = 90_000;

interface LedgersDocument extends UpDocument {
  readonly ledgers: readonly {
    readonly name: string;
    readonly chainId: number;
    readonly rpcUrl: string;
    readonly consoleUrl: string;
  }[];
}

const folder = temporaryFolder();
let command: Command;
let document: LedgersDocument;

beforeAll(async () => {
  command = treadle(
    folder.path,
    ...['up', '--folder', join(folder.path, 'home'), '--json', '--no-progress', '--ledgers', 'fbc,north,south'],
    ...['--edges', '0', '--devices', '0', '--oracles', '1'],
    ...['--rpc-port', `${FIRST_PORT}`, '--console-port', `${FIRST_PORT + 200}`, '--peer-port', `${FIRST_PORT + 400}`],
  );
  document = await firstDocument<LedgersDocument>(command, READY_WITHIN_MS);
}, READY_WITHIN_MS);

afterAll(async () => {
  await killAtOnce([...(document?.nodes.map(({ pid }) => pid) ?? []), command.pid]);
  folder.remove();
});

describe('three ledgers of one consortium', () => {
  it(
    'are sealed each for itself, by processes with a seat on all of them',
    async () => {
      expect(document.ledgers.map(({ name, chainId }) => [name, chainId])).toEqual([
        ['fbc', 7331],
        ['north', 7332],
        ['south', 7333],
      ]);
      // Centre, proxy, three companies and an oracle node.
      expect(document.nodes).toHaveLength(6);
      for (const { name, chainId, rpcUrl } of document.ledgers) {
        expect(await rpc<string>(rpcUrl, 'eth_chainId')).toBe(`0x${chainId.toString(16)}`);
        // The oracle node registers on every ledger, which takes blocks there.
        await until(`${name} makes blocks`, PATIENCE_MS, async () => (await height(rpcUrl)) >= 2);
      }
      const hashes = await Promise.all(
        document.ledgers.map(({ rpcUrl }) => rpc<{ readonly hash: string }>(rpcUrl, 'eth_getBlockByNumber', '0x1', false)),
      );
      expect(new Set(hashes.map(({ hash }) => hash)).size).toBe(3);
    },
    3 * PATIENCE_MS,
  );

  it(
    'know the oracle node, which is registered on each of them',
    async () => {
      // Whom it keeps connected to is its own choice; its registration is on the ledger for everybody.
      const nodeCount = toFunctionSelector('nodeCount()');
      for (const { name, rpcUrl } of document.ledgers) {
        await until(`the oracle node is on ${name}`, PATIENCE_MS, async () => {
          const call = { to: ORACLE_REGISTRY_ADDRESS, data: nodeCount };
          return BigInt(await rpc<string>(rpcUrl, 'eth_call', call, 'latest')) === 1n;
        });
      }
    },
    3 * PATIENCE_MS,
  );

  it('have lanes between all of them, and what is filed on the federal one', async () => {
    for (const { name, rpcUrl } of document.ledgers) {
      const has = async (address: string) => (await rpc<string>(rpcUrl, 'eth_getCode', address, 'latest')) !== '0x';
      for (const address of [OUTBOX_ADDRESS, INBOX_ADDRESS, LANE_CONTROL_ADDRESS]) expect(await has(address)).toBe(true);
      expect(await has(FEDERAL_FILE_ADDRESS)).toBe(name === 'fbc');
    }
  });

  it(
    'carry a message from one to another, and its receipt back',
    async () => {
      const [, north, south] = document.ledgers;
      if (north === undefined || south === undefined) return expect.fail('there are three ledgers');
      const cross = (...args: readonly string[]) => treadle(folder.path, 'cross', ...args, '--json');
      const key = join(folder.path, 'home', 'north', 'company-1', 'key.json');
      const about = ['--peer', `${south.chainId}`, '--rpc', north.rpcUrl];
      const target = '0x00000000000000000000000000000000000000aa';
      const sent = await firstDocument<{ readonly nonce: string }>(
        cross('send', '--target', target, '--key', key, ...about),
        PATIENCE_MS,
      );
      await until('the message has ended', PATIENCE_MS, async () => {
        const told = cross('explain', sent.nonce, '--peer-rpc', south.rpcUrl, ...about);
        const { open, outcome } = await firstDocument<{ readonly open: boolean; readonly outcome: string }>(told, PATIENCE_MS);
        // Nobody is at that address who could take it.
        if (!open) expect(outcome).toBe('failed');
        return !open;
      });
      const { size } = await firstDocument<{ readonly incoming: { readonly size: string } }>(
        cross('lane', ...about),
        PATIENCE_MS,
      ).then(({ incoming }) => incoming);
      expect(Number(size)).toBe(1);
    },
    3 * PATIENCE_MS,
  );
});
