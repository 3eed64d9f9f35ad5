import { describe, expect, it } from 'vitest';
import { EVIDENCE_HEIGHTS_BEHIND, HEARD_SPARE } from '../limits.ts';
import { verifyEvidence } from './evidence.ts';
import type { MessageType } from './messages.ts';
import { listenersOf } from './pbft/comparison.ts';
import { faultsOf } from './pbft/quorum.ts';
import { testDomain } from './testing/keys.ts';
import { FalseWitness, type Split, SplittingLiar } from './testing/liars.ts';
import { MiniNetwork, type MiniNetworkOptions } from './testing/mini-network.ts';
import { MiniNode } from './testing/mini-node.ts';

const SECOND = 1_000_000;
const TYPES = ['pre-prepare', 'prepare', 'commit', 'round-change'] as const satisfies readonly MessageType[];

function seating(liars: readonly number[]): NonNullable<MiniNetworkOptions['seat']> {
  return (seat, network, key) => (liars.includes(seat) ? new SplittingLiar(network, key) : new MiniNode(network, key));
}

function splitters(network: MiniNetwork): readonly SplittingLiar[] {
  return network.nodes.filter((node) => node instanceof SplittingLiar);
}

function honest(network: MiniNetwork): readonly MiniNode[] {
  return network.nodes.filter((node) => !(node instanceof SplittingLiar) && !(node instanceof FalseWitness));
}

/** True when honest sealers heard both things: otherwise there is nothing to find. */
function isHeard({ told }: Split, network: MiniNetwork): boolean {
  const isHonest = (seat: number): boolean => honest(network).some((node) => node === network.nodes[seat]);
  return told.every((seats) => seats.some(isHonest));
}

/** Who has been proven to lie, and that nobody honest has been, nor was anybody honest found to waste the others' time. */
function proven(network: MiniNetwork, seed: number): ReadonlySet<string> {
  const innocent = new Set(honest(network).map((node) => node.address));
  for (const node of honest(network)) {
    for (const evidence of node.evidence) {
      expect(verifyEvidence(testDomain, evidence)).toBeUndefined();
      expect(innocent.has(evidence.signer), `seed ${seed}: only liars are proven`).toBe(false);
    }
    expect(
      node.wasted.filter((peer) => innocent.has(peer)),
      `seed ${seed}`,
    ).toEqual([]);
  }
  return new Set(honest(network).flatMap((node) => node.evidence.map(({ signer }) => signer)));
}

function reach(network: MiniNetwork, height: number, seed: number): void {
  const reached = network.run(network.queue.nowMicros + 120 * SECOND, () =>
    honest(network).every((node) => node.height >= height),
  );
  expect(reached, `seed ${seed}: height ${height}`).toBe(true);
}

describe('a sealer that tells some one thing and the others another (rules 29 to 31)', () => {
  const ways = {
    'to halves': (seat: number) => (seat % 2 === 0 ? 0 : 1),
    'to all but one': (seat: number, alone: number) => (seat === alone ? 1 : 0),
    'to two and to nobody else': (seat: number, alone: number) => {
      if (seat === alone) return 1;
      return seat === (alone + 1) % 3 ? 0 : undefined;
    },
  } as const satisfies Record<string, (seat: number, alone: number) => 0 | 1 | undefined>;

  it.each(
    TYPES.flatMap((type) =>
      (Object.keys(ways) as (keyof typeof ways)[]).flatMap((way) => [
        { type, way, sealers: 4, liars: [3] },
        { type, way, sealers: 7, liars: [3, 6] },
      ]),
    ),
  )('is proven two heights later: $type $way of $sealers', ({ type, way, sealers, liars }) => {
    for (let seed = 1; seed <= 6; seed++) {
      const network = new MiniNetwork({ seed, sealers, seat: seating(liars) });
      for (const liar of splitters(network)) {
        liar.type = type;
        liar.side = (seat) => ways[way](seat, seed % 3);
      }
      network.start();
      // Until each has lied once; the first proposals of all are within as many heights as there are sealers.
      const done = network.run(60 * SECOND, () =>
        splitters(network).every((liar) => liar.splits.some((split) => isHeard(split, network))),
      );
      expect(done, `seed ${seed}: everybody lied`).toBe(true);
      const height = Math.max(
        ...splitters(network).map(({ splits }) => splits.find((split) => isHeard(split, network))?.height ?? 0),
      );
      for (const liar of splitters(network)) liar.lying = false;
      reach(network, height + EVIDENCE_HEIGHTS_BEHIND, seed);
      expect(proven(network, seed)).toEqual(new Set(splitters(network).map(({ address }) => address)));
    }
  });

  it('is proven when its lie costs the round, before the height is decided', () => {
    for (let seed = 1; seed <= 6; seed++) {
      const network = new MiniNetwork({ seed, sealers: 7, seat: seating([1]) });
      const [liar] = splitters(network) as [SplittingLiar];
      liar.type = 'pre-prepare';
      // Three of each, and with the liar four: no quorum.
      liar.side = (seat) => (seat < 4 ? 0 : 1);
      network.start();
      network.run(60 * SECOND, () => liar.splits.length > 0);
      const height = liar.splits[0]?.height ?? 0;
      network.run(network.queue.nowMicros + 10 * SECOND, () => proven(network, seed).size > 0);
      expect(proven(network, seed)).toEqual(new Set([liar.address]));
      expect(Math.max(...honest(network).map((node) => node.height)), `seed ${seed}`).toBe(height - 1);
    }
  });

  it('is proven to sealers whose link is cut, by a third that heard neither of them', () => {
    for (let seed = 1; seed <= 4; seed++) {
      const network = new MiniNetwork({ seed, sealers: 7, seat: seating([6]) });
      const [liar] = splitters(network) as [SplittingLiar];
      const [one, other] = network.nodes.slice(0, 2).map(({ address }) => address);
      network.cut = (from, to) => (from === one && to === other) || (from === other && to === one);
      liar.side = (seat) => (seat > 1 ? undefined : (seat as 0 | 1));
      network.start();
      network.run(60 * SECOND, () => liar.splits.length > 0);
      liar.lying = false;
      reach(network, (liar.splits[0]?.height ?? 0) + EVIDENCE_HEIGHTS_BEHIND, seed);
      expect(proven(network, seed)).toEqual(new Set([liar.address]));
    }
  });

  it.each([
    { sealers: 27, absent: 0 },
    { sealers: 27, absent: HEARD_SPARE },
    { sealers: 37, absent: 0 },
  ])(
    'is proven among $sealers, where only some compare, although it tells none of them anything and $absent are cut off',
    ({ sealers, absent }) => {
      const network = new MiniNetwork({ seed: 2, sealers, seat: seating([sealers - 1]) });
      const [liar] = splitters(network) as [SplittingLiar];
      const seats = network.nodes.map(({ address }) => address);
      network.start();
      // A prepare vote stands in no certificate.
      liar.type = 'prepare';
      const told = () => listenersOf(seats, liar.height + 1);
      expect(told()).toHaveLength(faultsOf(sealers) + 1 + HEARD_SPARE);
      liar.side = (seat) => (told().includes(seats[seat] ?? '0x') ? undefined : ((seat % 2) as 0 | 1));
      network.run(60 * SECOND, () => liar.splits.length > 0);
      liar.lying = false;
      const height = liar.splits[0]?.height ?? 0;
      const cut = new Set(
        listenersOf(seats, height)
          .filter((sealer) => sealer !== liar.address)
          .slice(0, absent),
      );
      network.cut = (from, to) => cut.has(from) !== cut.has(to);
      network.run(60 * SECOND, () => proven(network, 2).size > 0);
      expect(Math.max(...honest(network).map((node) => node.height))).toBeLessThanOrEqual(height + EVIDENCE_HEIGHTS_BEHIND);
      expect(proven(network, 2)).toEqual(new Set([liar.address]));
    },
  );
});

describe('nobody honest', () => {
  it('is accused, whatever is lost, doubled, cut off and restarted, and whoever lies', () => {
    let found = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const sealers = seed % 2 === 0 ? 4 : 7;
      const liars = sealers === 4 ? [seed % 4] : [seed % 7, (seed + 3) % 7];
      const network = new MiniNetwork({
        seed,
        sealers,
        lossProbability: (seed % 4) * 0.06,
        seat: (seat, net, key) => {
          if (!liars.includes(seat)) return new MiniNode(net, key);
          return seat === liars[0] && seed % 3 > 0 ? new SplittingLiar(net, key) : new FalseWitness(net, key);
        },
      });
      network.duplicateProbability = (seed % 3) * 0.15;
      for (const liar of splitters(network)) {
        liar.type = TYPES[(seed >> 1) % TYPES.length] ?? 'commit';
        liar.side = (seat) => [0, 1, undefined][(seat * 7 + seed) % (seed % 2 === 0 ? 2 : 3)] as 0 | 1 | undefined;
      }
      plague(network, 4 * SECOND);
      network.start();
      network.run(4 * SECOND);
      network.lossProbability = 0;
      network.cut = () => false;
      for (const node of network.nodes) node.restart();
      const height = Math.max(...honest(network).map((node) => node.height));
      reach(network, height + 6, seed);
      found += proven(network, seed).size;
    }
    expect(found, 'lies are found all the same').toBeGreaterThan(20);
  });

  /** Crashes and cuts until a time. */
  function plague(network: MiniNetwork, untilMicros: number): void {
    const next = (): void => {
      if (network.queue.nowMicros > untilMicros) return;
      const node = network.random.pick(honest(network));
      if (node.up && honest(network).every(({ up }) => up)) node.crash();
      else for (const each of network.nodes) each.restart();
      const side = new Map(network.nodes.map(({ address }) => [address, network.random.between(0, 2) > 0]));
      network.cut = network.random.chance(0.5) ? () => false : (from, to) => side.get(from) !== side.get(to);
      network.queue.after(network.random.between(50_000, 600_000), next);
    };
    next();
  }
});

describe('the bytes of comparing', () => {
  const heights = 6;

  it.each([
    { sealers: 4, liars: 0, bytesMax: 300 },
    { sealers: 32, liars: 0, bytesMax: 3_000 },
    { sealers: 99, liars: 0, bytesMax: 12_000 },
    { sealers: 99, liars: 32, bytesMax: 70_000 },
  ])(
    'of $sealers sealers of which $liars lie are at most $bytesMax for each of them and height',
    ({ sealers, liars, bytesMax }) => {
      const seats = Array.from({ length: liars }, (_, at) => at * 3 + 1);
      const network = new MiniNetwork({ seed: 3, sealers, seat: seating(seats) });
      for (const liar of splitters(network)) liar.type = 'prepare';
      network.start();
      reach(network, heights, 3);
      const perNode = network.hearsayBytes / (sealers - liars) / heights;
      expect(perNode).toBeGreaterThan(50);
      expect(perNode).toBeLessThan(bytesMax);
      expect(proven(network, 3).size).toBe(liars);
    },
  );
});
