import { describe, expect, it } from 'vitest';
import type { Hex } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import { createWorld, type World } from '../../environment/sim/index.ts';
import { CREDIT_DEVICES_MAX, MATCH_WAIT_MICROS, VOUCHER_BOOK_SLACK_RECORDS } from '../../limits.ts';
import { createMatchReader, type MatchChain } from '../ports/index.ts';
import { MarketWorld, SECOND, testKey } from '../testing/market-world.ts';
import { createCompletions } from './completions.ts';
import { openCreditLedger } from './credit-ledger.ts';
import { createLeaseKeeper } from './lease-keeper.ts';
import { createResultCache } from './result-cache.ts';

const id = (index: number, bytes = 32) => `0x${index.toString(16).padStart(2 * bytes, '0')}` as Hex;

function alone(): { readonly world: World; readonly environment: Environment } {
  const world = createWorld({ seed: 1 });
  return { world, environment: world.addNode(testKey('edge').address) };
}

/** A chain that only takes completions, and fails as often as told. */
function completionSink(failures: number) {
  const batches: (readonly Hex[])[] = [];
  let left = failures;
  const complete = async (taskIds: readonly Hex[]) => {
    if (left-- > 0) throw new Error('the pool is full');
    batches.push(taskIds);
  };
  return { batches, chain: { complete } as unknown as MatchChain };
}

describe('completions', () => {
  it('go out together, when there are enough or when time is up', async () => {
    const { world, environment } = alone();
    const { batches, chain } = completionSink(0);
    const completions = createCompletions(environment, chain);
    for (let index = 0; index < 70; index++) completions.add(id(index));
    await world.runFor(1);
    expect(batches.map((batch) => batch.length)).toEqual([64]);
    await world.runFor(SECOND);
    expect(batches.map((batch) => batch.length)).toEqual([64, 6]);
  });

  it('are tried again until the chain takes them, in order and once', async () => {
    const { world, environment } = alone();
    const { batches, chain } = completionSink(3);
    const completions = createCompletions(environment, chain);
    for (let index = 0; index < 100; index++) completions.add(id(index));
    await world.runFor(30 * SECOND);
    expect(batches.flat()).toEqual(Array.from({ length: 100 }, (_, index) => id(index)));
  });

  it('stop the node from taking work when the chain takes none', async () => {
    const { world, environment } = alone();
    const completions = createCompletions(environment, completionSink(Number.POSITIVE_INFINITY).chain);
    for (let index = 0; index < 1023; index++) completions.add(id(index));
    expect(completions.full).toBe(false);
    completions.add(id(1023));
    expect(completions.full).toBe(true);
    completions.stop();
    await world.runFor(SECOND);
  });

  it('can be sent at once', async () => {
    const { world, environment } = alone();
    const { batches, chain } = completionSink(0);
    const completions = createCompletions(environment, chain);
    completions.add(id(1));
    await world.run(completions.flush());
    expect(batches).toEqual([[id(1)]]);
  });
});

describe('the credit ledger', () => {
  it('survives a restart and its own compaction, and forgets the oldest device when full', async () => {
    const { world, environment } = alone();
    const ledger = await world.run(openCreditLedger(environment.disk));
    const device = testKey('device').address;
    for (let index = 0; index < 5_000; index++) {
      ledger.owe(device, id(index));
      if (index < 4_998) ledger.settle(id(index));
      if (index % 100 === 0) await world.runFor(10_000);
    }
    await world.runFor(SECOND);
    world.crash(environment.node);
    const again = world.restart(environment.node);
    const log = await world.run(again.disk.log('task-credit'));
    // Some 10,000 records were written; what is left is bounded by the slack and the live entries.
    expect((await world.run(log.records())).length).toBeLessThan(VOUCHER_BOOK_SLACK_RECORDS + 300);
    await world.run(log.close());
    const reopened = await world.run(openCreditLedger(again.disk));
    expect(reopened.unpaid(device)).toEqual([id(4_998), id(4_999)]);
    for (let index = 0; index < CREDIT_DEVICES_MAX; index++) reopened.owe(id(index + 1, 20), id(10_000 + index));
    expect(reopened.unpaid(device)).toEqual([]);
    expect(reopened.unpaid(id(1, 20))).toEqual([id(10_000)]);
  });
});

describe('the result cache', () => {
  it('is bounded in number and bytes, and keeps the newest', () => {
    const cache = createResultCache();
    const result = (length: number) => ({ device: id(1, 20), inputHash: new Uint8Array(32), bytes: new Uint8Array(length) });
    for (let index = 0; index < 300; index++) cache.put(id(index), result(10));
    expect([cache.get(id(43)), cache.get(id(44))?.bytes.length]).toEqual([undefined, 10]);
    for (let index = 300; index < 312; index++) cache.put(id(index), result(1024 * 1024));
    expect([cache.get(id(303)), cache.get(id(304))?.bytes.length]).toEqual([undefined, 1024 * 1024]);
  });
});

describe('the lease keeper', () => {
  it('frees the slot of a device that never came, and leaves completed tasks alone', async () => {
    const market = new MarketWorld({ edges: 1, capacity: 1 });
    await market.start();
    const [edge] = market.edges as [(typeof market.edges)[0]];
    const [device] = market.devices as [(typeof market.devices)[0]];
    const keeper = createLeaseKeeper(edge.environment, edge.ports.matches);
    const request = { service: 'vibration.spectrum', latitudeE6: 0, longitudeE6: 0, priceLimitWei: 100n };
    const taskId = (index: number) => `${device.environment.node}${index.toString(16).padStart(24, '0')}` as Hex;
    await market.world.run(device.ports.matches.requestMatch({ ...request, taskId: taskId(1) }));
    await market.world.runFor(SECOND);
    expect(keeper.watched).toBe(1);
    expect(await market.world.run(device.ports.matches.requestMatch({ ...request, taskId: taskId(2) }))).toMatchObject({
      reason: 'noneHasCapacity',
    });
    await market.world.runFor(602 * SECOND);
    expect(await edge.ports.matches.task(taskId(1))).toMatchObject({ state: 'expired' });
    expect(await market.world.run(device.ports.matches.requestMatch({ ...request, taskId: taskId(3) }))).toMatchObject({
      matched: true,
    });
    await market.world.run(edge.ports.matches.complete([taskId(3)]));
    await market.world.runFor(SECOND);
    expect(keeper.watched).toBe(0);
    keeper.stop();
  });
});

describe('the match reader', () => {
  it('waits as long as it may, and no longer', async () => {
    const market = new MarketWorld();
    await market.start();
    const [device] = market.devices as [(typeof market.devices)[0]];
    const reader = createMatchReader(device.environment.clock, device.ports.matches);
    const started = market.world.now;
    const outcome = await market.world.run(reader.read(id(1)).catch((error: unknown) => error));
    expect(outcome).toMatchObject({ code: 'TASK_UNKNOWN' });
    expect(market.world.now - started).toBe(MATCH_WAIT_MICROS);
    const crowd = Array.from({ length: 1025 }, (_, index) =>
      reader.read(id(index)).catch((error: { readonly code: string }) => error.code),
    );
    const codes = await market.world.run(Promise.all(crowd));
    expect(codes.filter((code) => code === 'TASK_BUSY')).toHaveLength(1);
    reader.close();
  });
});
