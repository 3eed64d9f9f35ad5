import { describe, expect, it } from 'vitest';
import { openDoor } from '../contract/index.ts';
import type { Environment } from '../environment.ts';
import { sleep } from '../wait.ts';
import { nodeId, SECOND } from './testing/connected-world.ts';
import { createWorld } from './world.ts';
import type { World } from './world-interface.ts';

describe('determinism', () => {
  it('gives the same trace for the same seed and another for another', async () => {
    const traces = [await busyWorld(1), await busyWorld(1), await busyWorld(2), await busyWorld(1, 1)];
    expect(traces[1]).toEqual(traces[0]);
    expect(new Set(traces.map((trace) => trace.hash)).size).toBe(3);
    expect(traces[0]?.hash).toMatch(/^[0-9a-f]{64}$/);
    // The world was busy: identical silence would prove nothing.
    expect(traces[0]?.heard.length).toBeGreaterThan(1000);
  });

  it('empties the microtask queue between two events, however long the chain', async () => {
    const world = createWorld({ seed: 1 });
    const env = world.addNode(nodeId(1));
    const times: number[] = [];
    const deep = async (depth: number): Promise<void> => {
      await (depth === 0 ? sleep(env, 10, 'deep') : deep(depth - 1));
    };
    const process = async () => {
      for (let round = 0; round < 5; round++) {
        await deep(200);
        times.push(env.clock.now());
      }
    };
    // A second process ticks every microsecond: without a full drain its ticks would overtake the first one's chain.
    const tick = (left: number) => left > 0 && env.clock.set(1, () => tick(left - 1), 'tick');
    tick(100);
    const start = env.clock.now();
    await world.run(process());
    expect(times.map((time) => time - start)).toEqual([10, 20, 30, 40, 50]);
  });

  it('does not shift the numbers of one stream by draws of another', () => {
    const draw = (disturb: boolean) => {
      const world = createWorld({ seed: 'streams' });
      const env = world.addNode(nodeId(1));
      const stream = env.random.stream('measured');
      if (disturb) {
        env.random.stream('other').bytes(1000);
        world.addNode(nodeId(2)).random.stream('measured').float();
      }
      return [stream.float(), stream.integer(1000), stream.normal(0, 1)];
    };
    expect(draw(true)).toEqual(draw(false));
  });
});

const misbehaving = {
  loss: { goodToBad: 0.05, badToGood: 0.3, lossGood: 0.01, lossBad: 0.6 },
  lossMode: 'drop',
  duplicate: 0.1,
  reorder: 0.1,
} as const;

/** Ten nodes that gossip over lossy links, with crashes, pauses, wrong clocks and partitions: everything that could go astray. */
async function busyWorld(seed: number, run = 0): Promise<{ readonly hash: string; readonly heard: readonly number[] }> {
  const world = createWorld({
    seed,
    run,
    links: { latency: { kind: 'uniform', minMicros: 500, maxMicros: 20_000 }, loss: 0.05 },
    cpu: { costs: { check: 50 } },
  });
  const heard: number[] = [];
  const nodes = Array.from({ length: 10 }, (_, number) => world.addNode(nodeId(number + 1)));
  for (const env of nodes) await begin(world, env, heard);
  world.at(2 * SECOND, () => world.crash(nodeId(3), { tornTail: true }));
  world.at(3 * SECOND, () =>
    world.partition([nodes.slice(0, 5).map(({ node }) => node), nodes.slice(5).map(({ node }) => node)]),
  );
  world.at(4 * SECOND, () => world.heal());
  world.at(5 * SECOND, () => void begin(world, world.restart(nodeId(3)), heard));
  world.at(1 * SECOND, () => world.setLink(nodeId(1), nodeId(2), misbehaving));
  world.at(1 * SECOND, () => world.clog(nodeId(4), nodeId(5), 1.5 * SECOND));
  world.at(2 * SECOND, () => world.pause(nodeId(6), 700_000));
  world.at(2 * SECOND, () => world.setClock(nodeId(7), { driftPpm: -500, jumpMicros: -SECOND }));
  world.at(6 * SECOND, () => world.setCpuSpeed(nodeId(8), 0.2));
  world.at(6 * SECOND, () => world.setAccess(nodeId(8), { uplinkBitsPerSecond: 2_000_000 }));
  await world.runFor(8 * SECOND);
  return { hash: world.traceHash(), heard };
}

async function begin(world: World, env: Environment, heard: number[]): Promise<void> {
  const random = env.random.stream('gossip');
  env.network.onFrame('gossip', (_from, frame) => {
    void env.cpu.run({ operation: 'check' }, () => heard.push(frame.length));
  });
  await env.network.start(openDoor);
  const gossip = () => {
    const peer = nodeId(1 + random.integer(10));
    if (peer !== env.node)
      env.network.connect({ node: peer, addresses: [`sim:${peer}`] }).then(
        () => env.network.send(peer, 'gossip', random.bytes(random.integer(40_000))),
        () => {},
      );
    env.clock.set(random.exponential(20_000), gossip, 'gossip');
  };
  gossip();
  void world;
}
