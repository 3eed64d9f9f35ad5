import { describe, expect, it } from 'vitest';
import { TreadleError } from '../errors.ts';
import { lanePages } from './lane-record.ts';
import type { LedgerClient } from './ledger-client.ts';
import type { PlacedLog } from './rpc-shapes.ts';

/** A node that returns at most so many logs at once; block n has `inBlock(n)` of them. */
function nodeWith(inBlock: (block: number) => number, atMost: number) {
  const asked: (readonly [number, number])[] = [];
  const source: Pick<LedgerClient, 'logs'> = {
    async logs({ fromBlock, toBlock }) {
      const [from, to] = [Number(fromBlock), Number(toBlock)];
      asked.push([from, to]);
      // Which block a log is of is all that is looked at here.
      const logs = Array.from({ length: to - from + 1 }, (_, at) =>
        Array.from({ length: inBlock(from + at) }, () => from + at),
      ).flat();
      if (logs.length > atMost) throw new TreadleError('CONTRACT_REJECTED', { detail: 'too many logs' });
      return logs as unknown as readonly PlacedLog[];
    },
  };
  return { asked, source };
}

async function blocksOf(source: Pick<LedgerClient, 'logs'>, toBlock: number): Promise<readonly number[]> {
  const blocks: number[] = [];
  for await (const { logs } of lanePages(source, { fromBlock: 1, toBlock }))
    blocks.push(...(logs as unknown as readonly number[]));
  return blocks;
}

describe('events of an Outbox', () => {
  it('are read in smaller pages where a flood fills them, each once and in order', async () => {
    const inBlock = (block: number) => (block >= 300 && block < 340 ? 30 : block % 100 === 0 ? 1 : 0);
    const { asked, source } = nodeWith(inBlock, 100);
    const wanted = Array.from({ length: 3_000 }, (_, at) => Array.from({ length: inBlock(at + 1) }, () => at + 1)).flat();
    expect(await blocksOf(source, 3_000)).toEqual(wanted);
    // Behind the flood the pages grow again.
    expect(asked.length).toBeLessThan(80);
    const [from = 0, to = 0] = asked.at(-1) ?? [];
    expect([to, to - from > 500]).toEqual([3_000, true]);
  });

  it('are not asked for again and again where a node refuses a single block', async () => {
    const { asked, source } = nodeWith((block) => (block === 5 ? 1_000 : 0), 100);
    await expect(blocksOf(source, 1_000)).rejects.toMatchObject({ code: 'CONTRACT_REJECTED' });
    expect(asked.length).toBeLessThan(30);
  });
});
