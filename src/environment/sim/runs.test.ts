import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { invariant } from '../../errors.ts';
import { sleep } from '../wait.ts';
import { connected, nodeId, SECOND } from './testing/connected-world.ts';
import { createWorld } from './world.ts';

describe('runs', () => {
  it('lists who waits on what when nothing can happen any more', async () => {
    const world = createWorld({ seed: 1 });
    const env = world.addNode(nodeId(1));
    await world.runFor(1500);
    const answer = env.track('the answer of nobody', new Promise(() => {}));
    const report = {
      code: 'SIM_STALLED',
      message: expect.stringMatching(/0x0{39}1 waits for the answer of nobody since 1\.5 ms/),
    };
    await expect(world.run(answer)).rejects.toMatchObject(report);
    await expect(world.runFor(SECOND)).rejects.toMatchObject(report);
    await expect(world.runUntil(() => false, SECOND)).rejects.toMatchObject({
      code: 'SIM_STALLED',
      data: { waits: [{ node: nodeId(1), what: 'the answer of nobody', sinceMicros: 1500 }] },
    });
    world.crash(nodeId(1));
    await world.runFor(SECOND);
  });

  it('detects real work that was awaited in the simulation', async () => {
    const world = createWorld({ seed: 1 });
    const env = world.addNode(nodeId(1));
    const started = sleep(env, 10, 'begin').then(() => env.track('work of the platform', delay(20)));
    await expect(world.run(started)).rejects.toMatchObject({
      code: 'SIM_STALLED',
      message: expect.stringContaining('work of the platform'),
    });
  });

  it('ends at the deadline, with the clock standing there', async () => {
    const world = createWorld({ seed: 1, startMicros: 1000 });
    const env = world.addNode(nodeId(1));
    const tick = () => env.clock.set(300, tick, 'tick');
    tick();
    await expect(world.runUntil(() => false, 1000)).rejects.toMatchObject({ code: 'SIM_DEADLINE' });
    expect(world.now).toBe(2000);
    await world.runFor(500);
    expect(world.now).toBe(2500);
  });

  it('passes an error of a timer on to whoever runs the world, and can go on', async () => {
    const world = createWorld({ seed: 1 });
    const env = world.addNode(nodeId(1));
    env.clock.set(
      5,
      () => {
        throw new RangeError('in a timer');
      },
      'failing',
    );
    await expect(world.runFor(10)).rejects.toThrow('in a timer');
    await world.runFor(10);
  });

  it('ends with the error of a broken invariant, whichever handler found it', async () => {
    for (const kind of ['frame', 'request'] as const) {
      const { world, left, right } = await connected({});
      const broken = () => invariant(false, 'two blocks at one height');
      right.network.onFrame('broken', broken);
      right.network.onRequest('broken', async (_from, body) => {
        broken();
        return body;
      });
      if (kind === 'frame') left.network.send(right.node, 'broken', Uint8Array.of(1));
      else left.network.request(right.node, 'broken', Uint8Array.of(1)).catch(() => {});
      await expect(world.runFor(SECOND)).rejects.toMatchObject({ code: 'INVARIANT_BROKEN' });
    }
  });

  it('does not run twice at once', async () => {
    const world = createWorld({ seed: 1 });
    const first = world.runFor(10);
    await expect(world.runFor(10)).rejects.toMatchObject({ code: 'SIM_BUSY' });
    await first;
  });
});

describe('processors', () => {
  it('charges virtual time and queues on the cores', async () => {
    const world = createWorld({ seed: 1, cpu: { costs: { verify: 100 }, cores: 2 } });
    const env = world.addNode(nodeId(1));
    const start = world.now;
    const ended: number[] = [];
    for (let job = 0; job < 5; job++)
      void env.cpu
        .run({ operation: 'verify', units: 10 }, () => ended.push(world.now - start))
        .then(() => ended.push(world.now - start));
    const failing = env.cpu.run({ operation: 'verify' }, async () => {
      throw new Error('no');
    });
    await expect(world.run(failing)).rejects.toThrow('no');
    await world.runFor(SECOND);
    expect(ended).toEqual([0, 0, 1000, 1000, 1000, 1000, 2000, 2000, 2000, 3000].sort((left, right) => left - right));
    const charged = world.now;
    for (let vote = 0; vote < 3; vote++) env.cpu.charge({ operation: 'verify' });
    await world.run(env.cpu.run({ operation: 'verify', units: 2 }, () => 1));
    expect(world.now - charged).toBe(500);
    await world.run(env.cpu.run({ operation: 'unheard of' }, () => 1));
    expect(env.metrics.snapshot()).toMatchObject({ cpu_unpriced_total: 1, cpu_busy_us: 5600 });
  });
});
