import { describe, expect, it } from 'vitest';
import { PEER_SILENCE_MICROS } from '../../limits.ts';
import { sleep } from '../wait.ts';
import { connected, nodeId, SECOND } from './testing/connected-world.ts';
import { createWorld } from './world.ts';

describe('links that misbehave', () => {
  it('clogs: holds frames in one direction, then delivers them in order', async () => {
    const { world, left, right } = await connected({ links: { latency: 1_000 } });
    const heard: [number, number][] = [];
    const start = world.now;
    right.network.onFrame('order', (_from, frame) => heard.push([frame[0] as number, world.now - start]));
    let back = 0;
    left.network.onFrame('back', () => back++);
    left.network.send(right.node, 'order', Uint8Array.of(0));
    await world.runFor(500);
    world.clog(left.node, right.node, 100_000);
    for (const number of [1, 2, 3]) left.network.send(right.node, 'order', Uint8Array.of(number));
    right.network.send(left.node, 'back', Uint8Array.of(1));
    await world.runFor(50_000);
    expect([heard.length, back]).toEqual([0, 1]);
    await world.runFor(SECOND);
    expect(heard.map(([number]) => number)).toEqual([0, 1, 2, 3]);
    for (const [, at] of heard) expect(at - 100_500).toBeLessThan(2_000);
    expect(left.network.peers()).toEqual([right.node]);
  });

  it('gives a connection up when a clog lasts, and healing ends a clog', async () => {
    const { world, left, right, arrivals } = await connected({});
    world.clog(left.node, right.node, 10 * SECOND);
    left.network.send(right.node, 'test', Uint8Array.of(1));
    await world.runFor(SECOND);
    world.heal();
    await world.runFor(SECOND);
    expect(arrivals.length).toBe(1);
    world.clog(left.node, right.node, 2 * PEER_SILENCE_MICROS);
    await world.runFor(PEER_SILENCE_MICROS + SECOND);
    expect([left.network.peers(), right.network.peers()]).toEqual([[], []]);
  });

  it('duplicates and reorders frames, and loses none', async () => {
    const { world, left, right } = await connected({ links: { duplicate: 0.2, reorder: 0.2, strayMicros: 30_000 } });
    const heard: number[] = [];
    right.network.onFrame('order', (_from, frame) => heard.push((frame[0] as number) * 256 + (frame[1] as number)));
    right.network.onRequest('echo', async (_from, body) => body);
    for (let number = 0; number < 1000; number++) {
      left.network.send(right.node, 'order', Uint8Array.of(number >> 8, number & 255));
      await world.runFor(1_000);
    }
    await world.runFor(SECOND);
    expect(new Set(heard).size).toBe(1000);
    // 200 expected, five standard deviations are 63.
    expect(Math.abs(heard.length - 1200)).toBeLessThan(63);
    const outOfOrder = heard.filter((number, at) => at > 0 && number < (heard[at - 1] as number)).length;
    expect(outOfOrder).toBeGreaterThan(50);
    const answers = await world.run(
      Promise.all(Array.from({ length: 100 }, (_, at) => left.network.request(right.node, 'echo', Uint8Array.of(at)))),
    );
    expect(answers.map(([first]) => first)).toEqual(Array.from({ length: 100 }, (_, at) => at));
  });

  it('loses frames in bursts as Gilbert and Elliott say', async () => {
    const loss = { goodToBad: 0.02, badToGood: 0.1, lossGood: 0, lossBad: 0.9 };
    const { world, left, right } = await connected({});
    world.setLink(left.node, right.node, { loss, lossMode: 'drop' });
    const got = new Set<number>();
    right.network.onFrame('numbered', (_from, frame) => got.add(new DataView(frame.buffer).getUint16(0)));
    const sent = 20_000;
    for (let number = 0; number < sent; number++) {
      const frame = new Uint8Array(2);
      new DataView(frame.buffer).setUint16(0, number);
      left.network.send(right.node, 'numbered', frame);
    }
    await world.runFor(10 * SECOND);
    const lost = Array.from({ length: sent }, (_, number) => !got.has(number));
    const share = lost.filter(Boolean).length / sent;
    // 0.02 * 0.9 / (0.02 + 0.1) = 0.15; the losses of one burst hang together, which widens the deviation to about 0.009.
    expect(Math.abs(share - 0.15)).toBeLessThan(0.045);
    const afterLoss = lost.filter((each, at) => each && lost[at - 1] === true).length / (share * sent);
    // Behind a loss the link is still bad with 0.9: 0.81 in all, where independent losses would give 0.15.
    expect(Math.abs(afterLoss - 0.81)).toBeLessThan(0.1);
  });

  it('refuses parameters that mean nothing', () => {
    const world = createWorld({ seed: 1 });
    for (const links of [
      { loss: 1 },
      { duplicate: 2 },
      { reorder: -1 },
      { loss: { goodToBad: 2, badToGood: 1, lossGood: 0, lossBad: 1 } },
    ])
      expect(() => world.setLink(nodeId(1), nodeId(2), links)).toThrow(expect.objectContaining({ code: 'INVARIANT_BROKEN' }));
  });
});

describe('clocks that are wrong', () => {
  it('show skew, drift and jumps, and never go backwards', async () => {
    const world = createWorld({ seed: 1 });
    const env = world.addNode(nodeId(1));
    const error = () => env.clock.now() - world.now;
    await world.runFor(SECOND);
    world.setClock(env.node, { skewMicros: 5 * SECOND });
    expect(error()).toBe(5 * SECOND);
    world.setClock(env.node, { driftPpm: 1_000 });
    await world.runFor(10 * SECOND);
    expect(error()).toBe(5 * SECOND + 10_000);
    const before = env.clock.now();
    world.setClock(env.node, { driftPpm: 0, jumpMicros: -8 * SECOND });
    expect(env.clock.now()).toBe(before);
    await world.runFor(7 * SECOND);
    expect(env.clock.now()).toBe(before);
    await world.runFor(2 * SECOND);
    expect(env.clock.now()).toBe(before + SECOND);
    world.crash(env.node);
    const again = world.restart(env.node);
    expect(again.clock.now() - world.now).toBe(-3 * SECOND + 10_000);
  });

  it('stretch timers by their drift, not by their jumps', async () => {
    const world = createWorld({ seed: 1 });
    const env = world.addNode(nodeId(1));
    world.setClock(env.node, { driftPpm: 100_000, skewMicros: -SECOND });
    const started = { world: world.now, own: env.clock.now() };
    const slept = sleep(env, 11 * SECOND, 'sleep');
    world.setClock(env.node, { jumpMicros: 3_600 * SECOND });
    await world.run(slept);
    expect(Math.abs(world.now - started.world - 10 * SECOND)).toBeLessThan(3);
    expect(env.clock.now()).toBeGreaterThanOrEqual(started.own + 3_611 * SECOND);
  });
});

describe('nodes that stand still', () => {
  it('hear and do nothing while they are stopped, and everything in its order afterwards', async () => {
    const { world, left, right } = await connected({ links: { latency: 1_000 } });
    const start = world.now;
    const seen: [string, number][] = [];
    right.network.onFrame('order', (_from, frame) => seen.push([`frame ${frame[0]}`, world.now - start]));
    right.network.onRequest('echo', async (_from, body) => body);
    const timer = (name: string, delay: number) => right.clock.set(delay, () => seen.push([name, world.now - start]), name);
    timer('early', 100_000);
    const cancelled = timer('cancelled', 200_000);
    right.clock.set(150_000, () => right.clock.cancel(cancelled), 'cancels');
    timer('at the end', SECOND);
    timer('late', SECOND + 1);
    let answeredAt = 0;
    left.network.request(right.node, 'echo', Uint8Array.of(1)).then(() => (answeredAt = world.now - start));
    world.pause(right.node, SECOND);
    for (const number of [1, 2]) {
      left.network.send(right.node, 'order', Uint8Array.of(number));
      await world.runFor(120_000);
    }
    await world.runFor(SECOND / 2);
    expect([seen, answeredAt]).toEqual([[], 0]);
    await world.runFor(SECOND);
    expect(seen).toEqual([
      ['frame 1', SECOND],
      ['early', SECOND],
      ['frame 2', SECOND],
      ['at the end', SECOND],
      ['late', SECOND + 1],
    ]);
    expect(answeredAt).toBeGreaterThan(SECOND);
    expect(answeredAt).toBeLessThan(SECOND + 2_000);
    expect(left.network.peers()).toEqual([right.node]);
  });

  it('are given up by their peers after a while, and learn of it when they go on', async () => {
    const { world, left, right } = await connected({});
    const events: [string, number][] = [];
    const start = world.now;
    for (const env of [left, right])
      env.network.onPeer((event) => events.push([`${env === left ? 'left' : 'right'} ${event.type}`, world.now - start]));
    const asked = left.network.request(right.node, 'nothing', Uint8Array.of(1), { timeoutMicros: 60 * SECOND });
    asked.catch(() => events.push(['request failed', world.now - start]));
    right.network.request(left.node, 'nothing', Uint8Array.of(1)).catch(() => events.push(['own failed', world.now - start]));
    world.pause(right.node, 20 * SECOND);
    world.pause(right.node, SECOND);
    await world.runFor(30 * SECOND);
    expect(events).toEqual([
      ['request failed', PEER_SILENCE_MICROS],
      ['left disconnected', PEER_SILENCE_MICROS],
      ['own failed', 20 * SECOND],
      ['right disconnected', 20 * SECOND],
    ]);
    await world.run(left.network.connect({ node: right.node, addresses: right.network.addresses() }));
    expect(() => world.pause(nodeId(9), 1)).toThrow(expect.objectContaining({ code: 'SIM_NODE' }));
  });

  it('accept no connection while they are stopped', async () => {
    const { world, left, right } = await connected({});
    left.network.disconnect(right.node, 'test');
    await world.runFor(SECOND);
    world.pause(right.node, 3 * SECOND);
    const start = world.now;
    await world.run(left.network.connect({ node: right.node, addresses: right.network.addresses() }));
    expect(world.now - start).toBeGreaterThanOrEqual(3 * SECOND);
  });
});

describe('machines that change', () => {
  it('compute slower', async () => {
    const world = createWorld({ seed: 1, cpu: { costs: { check: 100 } } });
    const env = world.addNode(nodeId(1));
    const start = world.now;
    world.setCpuSpeed(env.node, 0.1);
    await world.run(env.cpu.run({ operation: 'check' }, () => 1));
    expect(world.now - start).toBe(1_000);
    world.setCpuSpeed(env.node, 2);
    await world.run(env.cpu.run({ operation: 'check' }, () => 1));
    expect(world.now - start).toBe(1_050);
  });

  it('send and receive slower', async () => {
    const { world, left, right, arrivals } = await connected({ links: { latency: 0 } });
    const frame = new Uint8Array(996);
    for (const [node, line] of [
      [left.node, { uplinkBitsPerSecond: 800_000 }],
      [right.node, { downlinkBitsPerSecond: 80_000 }],
    ] as const) {
      world.setAccess(node, line);
      const start = world.now;
      left.network.send(right.node, 'test', frame);
      await world.runFor(SECOND);
      arrivals.push((arrivals.pop() as number) - start);
    }
    expect(arrivals).toEqual([11_000, 110_000]);
  });
});
