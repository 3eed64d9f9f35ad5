import { describe, expect, it } from 'vitest';
import { createWorld } from '../../environment/sim/index.ts';
import { POOL_LOG_DEAD_RECORDS_MAX } from '../../limits.ts';
import { PoolLog } from './pool-log.ts';
import type { SignedTransaction } from './transaction-codec.ts';

const NODE = `0x${'11'.repeat(20)}` as const;

/** The log looks at hash and bytes alone. */
const entry = (number: number) =>
  ({
    hash: `0x${number.toString(16).padStart(64, '0')}`,
    raw: Uint8Array.of(1, number >> 8, number & 255),
  }) as unknown as SignedTransaction;

describe('the log of the pool', () => {
  it('has after a power cut what keep() acknowledged, and only live records after a rewrite', async () => {
    const world = createWorld({ seed: 3 });
    const environment = world.addNode(NODE);
    const { poolLog, recovered } = await world.run(PoolLog.open(environment.disk));
    expect(recovered).toEqual([]);
    const entries = Array.from({ length: POOL_LOG_DEAD_RECORDS_MAX + 10 }, (_, number) => entry(number));
    await world.run(Promise.all(entries.map((each) => poolLog.keep(each))));
    const [last, ...others] = [...entries].reverse() as [SignedTransaction, ...SignedTransaction[]];
    await world.run(poolLog.release(others.slice(5).map(({ hash }) => hash)));
    await world.run(Promise.all([poolLog.keep(last), poolLog.keep(entry(60_000))]));
    world.crash(NODE);
    const again = await world.run(PoolLog.open(world.restart(NODE).disk));
    expect(again.recovered).toHaveLength(7);
    expect(again.recovered.at(-1)).toEqual(entry(60_000).raw);
  });
});
