import { describe, expect, it } from 'vitest';
import { sleep } from '../wait.ts';
import { connected, nodeId, SECOND } from './testing/connected-world.ts';
import { createWorld } from './world.ts';

describe('crashes', () => {
  it('ends timers, promises and sends of the life that crashed', async () => {
    const { world, left, right, arrivals } = await connected({});
    let fired = 0;
    let settled = 0;
    const count = () => settled++;
    right.network.onRequest('echo', async (_from, body) => body);
    left.clock.set(1_000, () => fired++, 'timer');
    const log = await world.run(left.disk.log('log'));
    log.append(Uint8Array.of(1));
    for (const promise of [
      left.network.request(right.node, 'echo', Uint8Array.of(1)),
      log.sync(),
      sleep(left, 10, 'sleep'),
      left.cpu.run({ operation: 'unknown' }, () => 1),
    ]) {
      promise.then(count, count);
    }
    world.crash(left.node);
    left.network.send(right.node, 'test', Uint8Array.of(1));
    left.network.request(right.node, 'echo', Uint8Array.of(1)).then(count, count);
    left.network.connect({ node: right.node, addresses: right.network.addresses() }).then(count, count);
    left.clock.set(5, () => fired++, 'late timer');
    await world.runFor(60 * SECOND);
    expect({ fired, settled, arrivals }).toEqual({ fired: 0, settled: 0, arrivals: [] });
    expect(right.network.peers()).toEqual([]);
    expect(() => world.crash(left.node)).toThrow(expect.objectContaining({ code: 'SIM_NODE' }));
  });

  it('keeps what was synced and loses what was not', async () => {
    const world = createWorld({ seed: 1 });
    const env = world.addNode(nodeId(1));
    const log = await world.run(env.disk.log('log'));
    const table = await world.run(env.disk.table('table'));
    log.append(Uint8Array.of(1));
    await world.run(log.sync());
    log.append(Uint8Array.of(2));
    await world.run(table.batch([{ type: 'put', key: Uint8Array.of(1), value: Uint8Array.of(1) }], { sync: true }));
    await world.run(
      table.batch([
        { type: 'put', key: Uint8Array.of(1), value: Uint8Array.of(2) },
        { type: 'put', key: Uint8Array.of(2), value: Uint8Array.of(2) },
      ]),
    );
    // Under way when the power goes: visible before, gone after.
    void table.batch([{ type: 'del', key: Uint8Array.of(1) }], { sync: true });
    world.crash(env.node);
    const again = world.restart(env.node);
    expect(await world.run((await world.run(again.disk.log('log'))).records())).toEqual([Uint8Array.of(1)]);
    const reopened = await world.run(again.disk.table('table'));
    expect(await world.run(reopened.get(Uint8Array.of(1)))).toEqual(Uint8Array.of(1));
    expect(await world.run(reopened.get(Uint8Array.of(2)))).toBeUndefined();
  });

  it('can lose a disk, and draws other random numbers in the next life', async () => {
    const world = createWorld({ seed: 1 });
    const env = world.addNode(nodeId(1));
    const first = env.random.stream('names').bytes(16);
    const log = await world.run(env.disk.log('log'));
    log.append(Uint8Array.of(1));
    await world.run(log.sync());
    expect(() => world.destroyDisk(env.node)).toThrow(expect.objectContaining({ code: 'SIM_NODE' }));
    world.crash(env.node);
    world.destroyDisk(env.node);
    const again = world.restart(env.node);
    expect(await world.run((await world.run(again.disk.log('log'))).records())).toEqual([]);
    expect(again.random.stream('names').bytes(16)).not.toEqual(first);
  });

  it('shares flushes among those who wait', async () => {
    const world = createWorld({ seed: 1, disk: { syncMicros: 1_000 } });
    const env = world.addNode(nodeId(1));
    const log = await world.run(env.disk.log('log'));
    const start = world.now;
    const done: number[] = [];
    const appendAndSync = () => {
      log.append(Uint8Array.of(1));
      void log.sync().then(() => done.push(world.now - start));
    };
    for (let count = 0; count < 3; count++) appendAndSync();
    env.clock.set(500, () => [1, 2].forEach(appendAndSync), 'later');
    await world.runFor(10_000);
    // One flush for the first record, which starts at once; the next takes all that came meanwhile.
    expect(done).toEqual([1000, 2000, 2000, 2000, 2000]);
  });
});
