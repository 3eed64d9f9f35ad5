import { describe, expect, it } from 'vitest';
import { createLedgerClient, EDGE_REGISTRY_ADDRESS, type LedgerClient, type Rpc } from '../contracts/index.ts';
import { createWorld } from '../environment/sim/index.ts';
import { readAll, readEach, readLogs } from './read-ledger.ts';
import { RpcRefusal } from './rpc-over-http.ts';

/** A client of a node with one log per block, which gives at most `atMost` of them at once. */
function clientOf(atMost: number, asked: [number, number][] = []): LedgerClient {
  const rpc: Rpc = async (_method, [filter]) => {
    const { fromBlock, toBlock } = filter as { fromBlock: string; toBlock: string };
    const [from, to] = [Number(fromBlock), Number(toBlock)];
    asked.push([from, to]);
    if (to - from + 1 > atMost) throw new RpcRefusal({ code: -32005, message: 'more logs match than one answer may hold' });
    return Array.from({ length: to - from + 1 }, (_, at) => ({
      address: EDGE_REGISTRY_ADDRESS,
      topics: [],
      data: '0x',
      blockNumber: `0x${(from + at).toString(16)}`,
      transactionHash: `0x${'1'.repeat(64)}`,
      transactionIndex: '0x0',
      logIndex: '0x0',
    }));
  };
  const environment = createWorld({ seed: 1 }).addNode(`0x${'1'.repeat(40)}`);
  return createLedgerClient({ rpc, environment, chainId: 1 });
}

async function blocksRead(client: LedgerClient, fromBlock: number, toBlock: number): Promise<readonly number[]> {
  const blocks: number[] = [];
  for await (const log of readLogs(client, { address: EDGE_REGISTRY_ADDRESS, fromBlock, toBlock })) blocks.push(log.blockNumber);
  return blocks;
}

describe('reading logs', () => {
  it('reads every block once and in order, whatever a node gives at once', async () => {
    for (const atMost of [1, 3, 100, 1_000_000]) {
      expect(await blocksRead(clientOf(atMost), 5, 304)).toEqual(Array.from({ length: 300 }, (_, at) => at + 5));
    }
  });

  it('asks no more than it must', async () => {
    const asked: [number, number][] = [];
    await blocksRead(clientOf(1_000_000, asked), 0, 49_999);
    expect(asked).toEqual([
      [0, 19_999],
      [20_000, 39_999],
      [40_000, 49_999],
    ]);
    expect(await blocksRead(clientOf(10), 4, 3)).toEqual([]);
  });

  it('gives up on a block that a node never gives', async () => {
    await expect(blocksRead(clientOf(0), 0, 20)).rejects.toMatchObject({ code: 'CONTRACT_REJECTED' });
  });
});

describe('reading lists', () => {
  it('reads pages until one is not full', async () => {
    for (const count of [0, 1, 199, 200, 401]) {
      const all = Array.from({ length: count }, (_, at) => at);
      const read = await readAll(async ({ offset, limit }) => all.slice(Number(offset), Number(offset + limit)));
      expect(read).toEqual(all);
    }
  });

  it('keeps the order, with a bounded number under way', async () => {
    let open = 0;
    let most = 0;
    const results = await readEach([...Array(100).keys()], async (item) => {
      most = Math.max(most, ++open);
      await Promise.resolve();
      open--;
      return item * 2;
    });
    expect(results).toEqual([...Array(100).keys()].map((item) => item * 2));
    expect(most).toBe(16);
    await expect(readEach([1, 2], async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });
});
