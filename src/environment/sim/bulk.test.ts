import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDoor } from '../contract/index.ts';
import { rateOf } from './pipe.ts';
import { nodeId, SECOND } from './testing/connected-world.ts';
import { fairShare } from './testing/fair-share.ts';
import { createWorld } from './world.ts';

const CHUNK = new Uint8Array(64 * 1024);

/** Nodes with these lines (Mbit/s, up and down) that send to one another without end: bytes per microsecond of each route. */
async function measuredRates(lines: readonly (readonly [number, number])[], routes: readonly (readonly [number, number])[]) {
  const world = createWorld({ seed: 1, links: { latency: 5_000 } });
  const nodes = lines.map(([up, down], at) =>
    world.addNode(nodeId(at + 1), { uplinkBitsPerSecond: up * 1e6, downlinkBitsPerSecond: down * 1e6 }),
  );
  const arrived = routes.map(() => 0);
  for (const [at, env] of nodes.entries()) {
    env.network.onFrame('bulk', (from, frame) => {
      const route = routes.findIndex(([sender, receiver]) => nodeId(sender + 1) === from && receiver === at);
      arrived[route] = (arrived[route] as number) + frame.length;
      // The next one follows as soon as one is through: a dozen are always under way.
      nodes[(routes[route] as readonly [number, number])[0]]?.network.send(env.node, 'bulk', CHUNK);
    });
    await env.network.start(openDoor);
  }
  for (const [from, to] of routes)
    await world.run(
      nodes[from]?.network.connect({ node: nodeId(to + 1), addresses: [`sim:${nodeId(to + 1)}`] }) ?? Promise.resolve(),
    );
  for (const [from, to] of routes)
    for (let count = 0; count < 12; count++) nodes[from]?.network.send(nodeId(to + 1), 'bulk', CHUNK);
  await world.runFor(10 * SECOND);
  const before = [...arrived];
  await world.runFor(40 * SECOND);
  return arrived.map((bytes, route) => (bytes - (before[route] as number)) / (40 * SECOND));
}

describe('bulk transfer', () => {
  it('shares lines as max-min fairness does, in the long run', async () => {
    const line = fc.tuple(fc.integer({ min: 5, max: 50 }), fc.integer({ min: 5, max: 50 }));
    const setting = fc.record({
      lines: fc.array(line, { minLength: 3, maxLength: 5 }),
      wanted: fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { minLength: 1, maxLength: 7 }),
    });
    await fc.assert(
      fc.asyncProperty(setting, async ({ lines, wanted }) => {
        const usable = wanted.filter(([from, to]) => from !== to && from < lines.length && to < lines.length);
        const routes = [...new Map(usable.map((route) => [route.join('>'), route])).values()];
        const ups = lines.map(([up]) => ({ rate: rateOf(up * 1e6) }));
        const downs = lines.map(([, down]) => ({ rate: rateOf(down * 1e6) }));
        const fair = fairShare(
          routes.map(([from, to]) => ({
            resources: [ups[from], downs[to]].filter((each) => each !== undefined),
            control: false,
          })),
        );
        const measured = await measuredRates(lines, routes);
        measured.forEach((rate, route) => {
          // Turns, segments and windows are coarse: a fifth either way, where exact shares would be a model of no network.
          expect(rate / (fair[route] as number)).toBeGreaterThan(0.8);
          expect(rate / (fair[route] as number)).toBeLessThan(1.25);
        });
      }),
      { numRuns: 25, seed: 7 },
    );
  });

  it('leaves the turns of a slow receiver to the others', async () => {
    // One sender at 100 Mbit/s, three receivers, one of them at 2 Mbit/s: the others share the remaining 98.
    const rates = await measuredRates(
      [
        [100, 100],
        [100, 100],
        [100, 100],
        [100, 2],
      ],
      [
        [0, 1],
        [0, 2],
        [0, 3],
      ],
    );
    const megabits = rates.map((rate) => rate * 8);
    expect(megabits[2]).toBeGreaterThan(1.8);
    for (const fast of megabits.slice(0, 2)) expect(Math.abs((fast as number) - 49)).toBeLessThan(3);
  });

  it('lets votes pass whatever waits', async () => {
    const world = createWorld({ seed: 1, links: { latency: 5_000 } });
    const line = { uplinkBitsPerSecond: 20_000_000, downlinkBitsPerSecond: 20_000_000 };
    const nodes = Array.from({ length: 8 }, (_, at) => world.addNode(nodeId(at + 1), line));
    let longest = 0;
    let sentAt = 0;
    let heard = 0;
    for (const env of nodes) {
      env.network.onFrame('bulk', () => {});
      env.network.onFrame('vote', () => {
        heard++;
        longest = Math.max(longest, world.now - sentAt);
      });
      await env.network.start(openDoor);
    }
    const pairs = nodes.flatMap((from) => nodes.filter((to) => to !== from).map((to) => ({ from, to })));
    for (const { from, to } of pairs) await world.run(from.network.connect({ node: to.node, addresses: to.network.addresses() }));
    for (const { from, to } of pairs) for (let count = 0; count < 60; count++) from.network.send(to.node, 'bulk', CHUNK);
    for (let round = 0; round < 50; round++) {
      sentAt = world.now;
      for (const { from, to } of pairs) from.network.send(to.node, 'vote', new Uint8Array(200), 'control');
      await world.runFor(100_000);
    }
    expect(heard).toBe(50 * pairs.length);
    expect(longest).toBeLessThan(10_000);
  });

  it('does not let a small frame wait for a round of large ones', async () => {
    const world = createWorld({ seed: 1, links: { latency: 0 } });
    const line = { uplinkBitsPerSecond: 20_000_000, downlinkBitsPerSecond: 20_000_000 };
    const [sender, ...others] = Array.from({ length: 12 }, (_, at) => world.addNode(nodeId(at + 1), line));
    if (sender === undefined) throw new Error('no node');
    let heardAt = 0;
    for (const env of others) {
      env.network.onFrame('bulk', () => {});
      env.network.onFrame('small', () => (heardAt = world.now));
      await env.network.start(openDoor);
    }
    await sender.network.start(openDoor);
    for (const env of others) await world.run(sender.network.connect({ node: env.node, addresses: env.network.addresses() }));
    for (const env of others.slice(1)) for (let count = 0; count < 20; count++) sender.network.send(env.node, 'bulk', CHUNK);
    await world.runFor(SECOND);
    const sentAt = world.now;
    sender.network.send(others[0]?.node ?? sender.node, 'small', new Uint8Array(500), 'bulk');
    await world.runFor(SECOND);
    // A round of ten segments would take 60 ms.
    expect(heardAt - sentAt).toBeLessThan(10_000);
  });
});
