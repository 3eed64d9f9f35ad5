import { describe, expect, it } from 'vitest';
import { verifyEvidence } from './evidence.ts';
import { testDomain } from './testing/keys.ts';
import { EquivocatingLiar, InvalidProposer, NoisyLiar, SilentLiar } from './testing/liars.ts';
import { MiniNetwork, type MiniNetworkOptions } from './testing/mini-network.ts';
import { BASE_TIMEOUT_MICROS, MiniNode } from './testing/mini-node.ts';
import { builderOf } from './testing/toy-chain.ts';

const SECOND = 1_000_000;

function honest(network: MiniNetwork, liars: readonly number[]): readonly MiniNode[] {
  return network.nodes.filter((_, seat) => !liars.includes(seat));
}

/** Every honest node gets `blocks` further than the highest is now, before the deadline. */
function expectProgress(
  network: MiniNetwork,
  nodes: readonly MiniNode[],
  blocks: number,
  withinMicros: number,
  seed: number,
): void {
  const target = Math.max(...nodes.map((node) => node.height)) + blocks;
  const reached = network.run(network.queue.nowMicros + withinMicros, () => nodes.every((node) => node.height >= target));
  const states = nodes.map((node) => ({ ...node.core.status(), sealers: undefined, chain: node.height, up: node.up }));
  expect(reached, `seed ${seed}: target ${target}, ${JSON.stringify(states)}`).toBe(true);
}

/** Crashes and restarts of honest nodes, at most `faults` down at once, until `untilMicros`. */
function plagueWithCrashes(network: MiniNetwork, nodes: readonly MiniNode[], untilMicros: number, downMax: number): void {
  const next = (): void => {
    if (network.queue.nowMicros > untilMicros) return;
    const node = network.random.pick(nodes);
    if (node.up && nodes.filter((other) => !other.up).length < downMax) node.crash();
    else node.restart();
    network.queue.after(network.random.between(20_000, 600_000), next);
  };
  network.queue.after(network.random.between(0, 300_000), next);
}

/** Random two-way splits that come and go until `untilMicros`. */
function plagueWithPartitions(network: MiniNetwork, untilMicros: number): void {
  const next = (): void => {
    if (network.queue.nowMicros > untilMicros) return;
    const side = new Map(network.nodes.map((node) => [node.address, network.random.between(0, 1)]));
    const oneWay = network.random.chance(0.3);
    network.cut = (from, to) => side.get(from) !== side.get(to) && (!oneWay || side.get(from) === 0);
    if (network.random.chance(0.4)) network.cut = () => false;
    network.queue.after(network.random.between(50_000, 1_500_000), next);
  };
  next();
}

function heal(network: MiniNetwork, nodes: readonly MiniNode[]): void {
  network.commitLossProbability = 0;
  network.lossProbability = 0;
  network.cut = () => false;
  for (const node of nodes) node.restart();
}

const liarKinds = [SilentLiar, InvalidProposer, EquivocatingLiar, NoisyLiar] as const;

/** Seats liars of kinds that depend on the seed, honest nodes elsewhere. */
function seating(seed: number, liars: readonly number[]): NonNullable<MiniNetworkOptions['seat']> {
  return (seat, network, key) => {
    if (!liars.includes(seat)) return new MiniNode(network, key);
    // Among four sealers the seat goes with the seed, so the seed alone would always draw the same kind.
    const Kind = liarKinds[(seed + (seed >> 2) + seat) % liarKinds.length] ?? SilentLiar;
    return new Kind(network, key);
  };
}

function seeds(from: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => from + at);
}

/** The first `count` seats of a shuffle that depends on the seed. */
function drawSeats(seed: number, sealers: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => (seed * 3 + at * 2) % sealers).filter(
    (seat, at, all) => all.indexOf(seat) === at,
  );
}

describe('a network without faults', () => {
  it.each([1, 2, 3, 4, 5, 6, 7])('%i sealers decide, every height in round 0', (sealers) => {
    const network = new MiniNetwork({ seed: sealers, sealers });
    for (const node of network.nodes) node.startNext();
    expectProgress(network, network.nodes, 12, 60 * SECOND, sealers);
    expect([...network.decided.values()].every((block) => block.certificate.round === 0)).toBe(true);
    expect(network.nodes.every((node) => node.faults.length === 0)).toBe(true);
  });

  it('accuses nobody honest when frames are lost or doubled and nodes crash (rule 23)', () => {
    for (const seed of seeds(1, 20)) {
      const network = new MiniNetwork({ seed, sealers: 4, lossProbability: 0.1 });
      network.duplicateProbability = (seed % 3) * 0.15;
      network.start();
      plagueWithCrashes(network, network.nodes, 5 * SECOND, 1);
      network.run(5 * SECOND);
      expect(
        network.nodes.flatMap((node) => node.faults),
        `seed ${seed}`,
      ).toEqual([]);
      expect(network.nodes.flatMap((node) => node.evidence)).toEqual([]);
    }
  });
});

describe('agreement and recovery (rules 8 to 22)', () => {
  it.each([
    { sealers: 4, count: 80 },
    { sealers: 7, count: 20 },
  ])('$sealers sealers with loss, partitions and crashes', ({ sealers, count }) => {
    for (const seed of seeds(1000, count)) {
      const network = new MiniNetwork({ seed, sealers, lossProbability: (seed % 5) * 0.08 });
      network.start();
      plagueWithPartitions(network, 6 * SECOND);
      // Once in a while all of them are down at the same time.
      plagueWithCrashes(network, network.nodes, 6 * SECOND, seed % 3 === 0 ? sealers : 1);
      network.run(6.5 * SECOND);
      heal(network, network.nodes);
      expectProgress(network, network.nodes, 4, 60 * SECOND, seed);
    }
  });

  it('keeps a decision that only a few know of while commit votes are lost (rules 9, 11 and 12)', () => {
    const taken = { reproposed: 0, resumed: 0, behind: 0, lagging: 0, decidedAboveRound0: 0 };
    for (const seed of seeds(3000, 40)) {
      const network = new MiniNetwork({ seed, sealers: 4 + 3 * (seed % 2), commitLossProbability: 0.55 + (seed % 4) * 0.1 });
      network.start();
      if (seed % 4 === 0) plagueWithCrashes(network, network.nodes, 4 * SECOND, 1);
      network.run(4.5 * SECOND);
      heal(network, network.nodes);
      expectProgress(network, network.nodes, 3, 60 * SECOND, seed);
      for (const path of Object.keys(taken) as (keyof typeof taken)[]) taken[path] += network.taken[path];
    }
    for (const [path, times] of Object.entries(taken)) expect(times, `${path} happens`).toBeGreaterThan(10);
  });

  it.each([
    { sealers: 4, liarCount: 1, count: 80 },
    { sealers: 7, liarCount: 2, count: 24 },
  ])('$sealers sealers of which $liarCount lie, with loss, partitions and crashes', ({ sealers, liarCount, count }) => {
    let proven = 0;
    for (const seed of seeds(2000, count)) {
      const liars = drawSeats(seed, sealers, liarCount);
      const network = new MiniNetwork({ seed, sealers, lossProbability: (seed % 4) * 0.06, seat: seating(seed, liars) });
      const nodes = honest(network, liars);
      network.start();
      if (seed % 2 === 0) plagueWithPartitions(network, 4 * SECOND);
      if (seed % 3 === 0) plagueWithCrashes(network, nodes, 4 * SECOND, 1);
      network.run(4.5 * SECOND);
      heal(network, nodes);
      expectProgress(network, nodes, 2 * sealers, 120 * SECOND, seed);
      const accused = nodes.flatMap((node) => node.faults.map((fault) => fault.peer));
      const innocent = new Set(nodes.map((node) => node.address));
      expect(
        accused.filter((peer) => innocent.has(peer)),
        `seed ${seed}: only liars are accused`,
      ).toEqual([]);
      const evidence = nodes.flatMap((node) => node.evidence);
      expect(evidence.map((proof) => verifyEvidence(testDomain, proof)).filter((wrong) => wrong !== undefined)).toEqual([]);
      expect(
        evidence.filter(({ signer }) => innocent.has(signer)),
        `seed ${seed}: only liars are proven`,
      ).toEqual([]);
      proven += evidence.length;
    }
    expect(proven, 'evidence is made').toBeGreaterThan(10);
  });

  it('names equivocating and invalid proposers', () => {
    const network = new MiniNetwork({
      seed: 5,
      sealers: 7,
      seat: (seat, net, key) => {
        if (seat === 1) return new EquivocatingLiar(net, key);
        return seat === 2 ? new InvalidProposer(net, key) : new MiniNode(net, key);
      },
    });
    network.start();
    expectProgress(network, honest(network, [1, 2]), 21, 120 * SECOND, 5);
    const faults = honest(network, [1, 2]).flatMap((node) => node.faults);
    const reasonsOf = (seat: number): string[] =>
      faults.filter((fault) => fault.peer === network.nodes[seat]?.address).map((fault) => fault.reason);
    expect(reasonsOf(1).some((reason) => reason.startsWith('equivocation: two '))).toBe(true);
    expect(reasonsOf(2).some((reason) => reason.startsWith('invalid proposal in round 0'))).toBe(true);
  });

  it('goes on with f sealers down for good and stops with more', () => {
    const network = new MiniNetwork({ seed: 3, sealers: 7 });
    network.start();
    network.run(2 * SECOND);
    network.nodes[0]?.crash();
    network.nodes[3]?.crash();
    const up = network.nodes.filter((node) => node.up);
    expectProgress(network, up, 14, 60 * SECOND, 3);
    network.nodes[5]?.crash();
    network.run(network.queue.nowMicros + SECOND);
    const left = network.nodes.filter((node) => node.up);
    const height = Math.max(...left.map((node) => node.height));
    network.run(network.queue.nowMicros + 60 * SECOND);
    expect(Math.max(...left.map((node) => node.height))).toBe(height);
    heal(network, network.nodes);
    expectProgress(network, network.nodes, 7, 60 * SECOND, 3);
  });

  it('lets the last two stuck at a height be helped by the one that has finished it (rule 18)', () => {
    const network = new MiniNetwork({ seed: 11, sealers: 4 });
    network.start();
    network.run(60 * SECOND, () => network.nodes.every((node) => node.height >= 2));
    const [ahead, ...others] = network.nodes as [MiniNode, ...MiniNode[]];
    // Commit votes reach one node only, which then decides alone; the fourth node dies.
    network.cut = (_, to) => to !== ahead.address && ahead.height < 3 && network.decided.size >= 2;
    network.run(network.queue.nowMicros + 5 * SECOND, () => ahead.height > Math.max(...others.map((node) => node.height)));
    others[2]?.crash();
    network.cut = () => false;
    const up = network.nodes.filter((node) => node.up);
    expectProgress(network, up, 4, 60 * SECOND, 11);
  });

  it('follows a sealer set that changes with the height (rule 1)', () => {
    for (const seed of seeds(4000, 10)) {
      const sealersAt = (height: number, seats: readonly `0x${string}`[]): readonly `0x${string}`[] =>
        seats.filter((_, seat) => seat < 4 || (height >> 2) % 4 !== seat % 4);
      const network = new MiniNetwork({ seed, sealers: 7, sealersAt, lossProbability: 0.02 });
      network.start();
      network.run(3 * SECOND);
      // A node that does not vote follows by sync, as an observer does.
      const follow = (): void => {
        for (const node of network.nodes) network.requestSync(node);
        network.queue.after(200_000, follow);
      };
      follow();
      heal(network, network.nodes);
      expectProgress(network, network.nodes, 20, 120 * SECOND, seed);
    }
  });
});

describe('a proposer that is down (rule 5)', () => {
  it.each([
    { sealers: 4, dead: 1 },
    { sealers: 7, dead: 2 },
  ])('costs $sealers sealers at most one timeout in a hundred blocks each, and is back when it works', ({ sealers, dead }) => {
    const network = new MiniNetwork({ seed: 21, sealers });
    network.start();
    network.run(60 * SECOND, () => network.nodes.every((node) => node.height >= 3));
    const down = network.nodes.slice(0, dead);
    for (const node of down) node.crash();
    const up = network.nodes.filter((node) => node.up);
    expectProgress(network, up, 20, 60 * SECOND, 21);
    const from = Math.max(...up.map((node) => node.height));
    expectProgress(network, up, 200, 600 * SECOND, 21);
    const failed = [...network.decided.values()].filter(({ height, certificate }) => height > from && certificate.round > 0);
    expect(failed.length).toBeLessThanOrEqual(3 * dead);
    expect(failed.length, 'each gets its try').toBeGreaterThanOrEqual(dead);
    heal(network, network.nodes);
    const back = network.decided.size;
    expectProgress(network, network.nodes, 130, 600 * SECOND, 21);
    const builders = new Set([...network.decided.values()].slice(back + 110).map(builderOf));
    expect(builders).toEqual(new Set(network.nodes.map((node) => node.address)));
  });
});

describe('a network that becomes slower (rule 14)', () => {
  it.each([
    { sealers: 4, seeds: [1, 2, 3, 5, 8, 12] },
    { sealers: 7, seeds: [1, 2] },
  ])('is given more time within twenty blocks, and less again when it is fast ($sealers sealers)', ({ sealers, seeds }) => {
    for (const seed of seeds) {
      const network = new MiniNetwork({ seed, sealers, delayMicrosMax: 6_000 });
      const bases = (): readonly number[] => network.nodes.map((node) => node.pace.baseTimeoutMicros);
      const viewChanges = (): number => Math.max(...network.nodes.map((node) => node.core.status().viewChanges));
      /** How many rounds more were given up while the chain grew. */
      const timeouts = (blocks: number): number => {
        const before = viewChanges();
        expectProgress(network, network.nodes, blocks, 1_000 * SECOND, seed);
        return viewChanges() - before;
      };
      network.start();
      // The sealers do not start at the same moment, and the last may miss the first proposal.
      timeouts(5);
      expect(timeouts(15), 'a fast network').toBe(0);
      for (const base of bases()) expect(base).toBe(BASE_TIMEOUT_MICROS);
      network.delayMicrosMin = 290_000;
      network.delayMicrosMax = 310_000;
      expect(timeouts(19), 'three messages take more than four times the configured base').toBeGreaterThan(0);
      for (const base of bases()) expect(base).toBeGreaterThan(900_000);
      expect(timeouts(20), 'a slow network that is known').toBe(0);
      network.delayMicrosMin = 1_000;
      network.delayMicrosMax = 6_000;
      expect(timeouts(20), 'a fast one again').toBe(0);
      for (const base of bases()) expect(base).toBe(BASE_TIMEOUT_MICROS);
    }
  });
});

it('is deterministic: a seed gives the same run twice', () => {
  const run = (): string => {
    const network = new MiniNetwork({ seed: 77, sealers: 4, lossProbability: 0.1, seat: seating(77, [2]) });
    network.start();
    plagueWithPartitions(network, 2 * SECOND);
    network.run(3 * SECOND);
    return JSON.stringify(network.nodes.map((node) => [node.core.status(), node.head, node.faults]));
  };
  expect(run()).toBe(run());
});
