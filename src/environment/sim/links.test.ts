import { describe, expect, it } from 'vitest';
import { PEER_SILENCE_MICROS } from '../../limits.ts';
import { openDoor } from '../contract/index.ts';
import type { NodeId, PeerEvent } from '../environment.ts';
import { FRAME_OVERHEAD_BYTES } from './link.ts';
import { connected, nodeId, SECOND } from './testing/connected-world.ts';
import { createWorld } from './world.ts';

describe('links', () => {
  it('delivers after serialisation and latency', async () => {
    const { world, left, right, arrivals } = await connected(
      { links: { latency: 5_000 } },
      { uplinkBitsPerSecond: 8_000_000, downlinkBitsPerSecond: 8_000_000 },
    );
    const start = world.now;
    // 1 byte per microsecond; the second frame waits for the first.
    left.network.send(right.node, 'test', new Uint8Array(900 - 'test'.length));
    left.network.send(right.node, 'test', new Uint8Array(1900 - 'test'.length));
    await world.runFor(SECOND);
    expect(arrivals.map((time) => time - start)).toEqual([1000 + 5000, 3000 + 5000]);
    expect(FRAME_OVERHEAD_BYTES).toBe(100);
  });

  it('shares bandwidth fairly among large frames', async () => {
    const world = createWorld({ seed: 1, links: { latency: 1_000 } });
    const fast = { uplinkBitsPerSecond: 80_000_000, downlinkBitsPerSecond: 80_000_000 };
    const [sender, near, far] = [
      world.addNode(nodeId(1), fast),
      world.addNode(nodeId(2), fast),
      world.addNode(nodeId(3), { ...fast, downlinkBitsPerSecond: 16_000_000 }),
    ];
    const arrived = new Map<NodeId, number>();
    for (const env of [near, far]) env.network.onFrame('big', () => arrived.set(env.node, world.now));
    for (const env of [sender, near, far]) await env.network.start(openDoor);
    for (const env of [near, far])
      await world.run(sender.network.connect({ node: env.node, addresses: env.network.addresses() }));
    const start = world.now;
    const size = 1_000_000 - FRAME_OVERHEAD_BYTES - 'big'.length;
    for (const env of [near, far]) sender.network.send(env.node, 'big', new Uint8Array(size));
    await world.runFor(10 * SECOND);
    // Uplink 10 bytes/us; the far one takes 2 of them, the near one the 8 that are left: 125 ms and 500 ms, plus 1 ms of latency.
    expect(Math.abs((arrived.get(near.node) as number) - start - 126_000)).toBeLessThan(2_000);
    expect(Math.abs((arrived.get(far.node) as number) - start - 501_000)).toBeLessThan(15_000);
  });

  it('lets control overtake bulk', async () => {
    const { world, left, right } = await connected({ links: { latency: 1_000 } }, { uplinkBitsPerSecond: 8_000_000 });
    const order: string[] = [];
    right.network.onFrame('order', (_from, frame) => order.push(frame.length > 100 ? 'bulk' : 'control'));
    for (let count = 0; count < 3; count++) left.network.send(right.node, 'order', new Uint8Array(500_000), 'bulk');
    left.network.send(right.node, 'order', new Uint8Array(10), 'control');
    await world.runFor(10 * SECOND);
    expect(order).toEqual(['control', 'bulk', 'bulk', 'bulk']);
  });

  it('keeps order under jitter and retransmission', async () => {
    const { world, left, right } = await connected({
      links: { latency: { kind: 'normal', meanMicros: 5_000, deviationMicros: 3_000 }, loss: 0.2 },
    });
    const order: number[] = [];
    right.network.onFrame('order', (_from, frame) => order.push(frame[0] as number));
    for (let number = 0; number < 100; number++) left.network.send(right.node, 'order', Uint8Array.of(number));
    await world.runFor(60 * SECOND);
    expect(order).toEqual(Array.from({ length: 100 }, (_, number) => number));
  });

  it('loses frames, but no requests, on a link that drops', async () => {
    const { world, left, right, arrivals } = await connected({ links: { loss: 0.3, lossMode: 'drop' } });
    right.network.onRequest('echo', async (_from, body) => body);
    for (let number = 0; number < 1000; number++) left.network.send(right.node, 'test', Uint8Array.of(1));
    await world.run(
      Promise.all(Array.from({ length: 50 }, () => left.network.request(right.node, 'echo', Uint8Array.of(1)))),
      60 * SECOND,
    );
    await world.runFor(10 * SECOND);
    // 300 expected, five standard deviations are 73.
    expect(Math.abs(1000 - arrivals.length - 300)).toBeLessThan(73);
  });

  it('bounds the queue of a link', async () => {
    const { world, left, right, arrivals } = await connected(
      { links: { queueBytesMax: 10_000 } },
      { uplinkBitsPerSecond: 8_000 },
    );
    for (let number = 0; number < 20; number++) left.network.send(right.node, 'test', new Uint8Array(996));
    expect(left.metrics.snapshot()['network_frames_dropped_total']).toBe(10);
    await world.runFor(60 * SECOND);
    expect(arrivals.length).toBe(10);
    left.network.send(right.node, 'test', new Uint8Array(996));
    await world.runFor(60 * SECOND);
    expect(arrivals.length).toBe(11);
  });
});

describe('partitions', () => {
  it('holds what is sent during a short one and delivers it after', async () => {
    const { world, left, right, arrivals } = await connected({});
    world.partition([[left.node], [right.node]]);
    left.network.send(right.node, 'test', Uint8Array.of(1));
    await world.runFor(SECOND);
    expect(arrivals).toEqual([]);
    world.heal();
    await world.runFor(SECOND);
    expect(arrivals.length).toBe(1);
    expect(left.network.peers()).toEqual([right.node]);
  });

  it('cuts one direction only', async () => {
    const { world, left, right, arrivals } = await connected({});
    let back = 0;
    left.network.onFrame('back', () => back++);
    world.block(left.node, right.node);
    left.network.send(right.node, 'test', Uint8Array.of(1));
    right.network.send(left.node, 'back', Uint8Array.of(1));
    await world.runFor(SECOND);
    expect([arrivals.length, back]).toEqual([0, 1]);
    world.unblock(left.node, right.node);
    await world.runFor(SECOND);
    expect(arrivals.length).toBe(1);
  });

  it('breaks the connection after a while of silence, and the nodes find each other again', async () => {
    const { world, left, right, arrivals } = await connected({});
    const events: PeerEvent[] = [];
    right.network.onPeer((event) => events.push(event));
    world.partition([[left.node], [right.node]]);
    left.network.send(right.node, 'test', Uint8Array.of(1));
    await world.runFor(PEER_SILENCE_MICROS + SECOND);
    expect([left.network.peers(), right.network.peers()]).toEqual([[], []]);
    expect(events).toEqual([{ type: 'disconnected', peer: left.node, reason: 'nothing was heard from the peer' }]);
    const contact = { node: right.node, addresses: right.network.addresses() };
    await expect(world.run(left.network.connect(contact))).rejects.toMatchObject({ code: 'NETWORK_UNREACHABLE' });
    world.heal();
    await world.run(left.network.connect(contact));
    await world.runFor(SECOND);
    expect(arrivals).toEqual([]);
    expect(right.network.peers()).toEqual([left.node]);
  });
});
