import { Dice, type Range } from './dice.ts';
import {
  BYZANTINE_KINDS,
  type Count,
  type FaultEntry,
  type FaultKind,
  type FaultScenario,
  MEMBER_CHANGES,
  WRONG_SETTINGS,
} from './format/fault-scenario.ts';

const SECOND = 1_000_000;
const ONE: Count = { per: 'one', plus: 1 };
const F: Count = { per: 'f', plus: 0 };
const N: Count = { per: 'n', plus: 0 };

/** Sizes, with how often each is drawn: most bugs need few nodes, and few nodes are quick. */
const SIZES = [4, 4, 4, 4, 4, 4, 5, 7, 7, 7, 10, 13, 27] as const;
const FAULTS_MAX = 5;
/** Executing every block at every node costs as many times more. */
const OWN_STATE_SEALERS_MAX = 5;
const LIAR_WAYS_MAX = 4;

/**
 * A scenario that is itself drawn from the seed: size, pace, network, load, which faults with which figures, who lies
 * and how. Leaving most faults out of each run matters as much as mixing them: some states are reached only without the others.
 *
 * @param seed - names the scenario; the run of it draws from the same seed
 * @param nodes - takes the place of the size that the seed draws
 */
export function swarmScenario(seed: number, nodes?: number): FaultScenario {
  const dice = new Dice(`treadle swarm ${seed}`);
  const n = nodes ?? dice.pick(SIZES);
  const f = Math.floor((n - 1) / 3);
  const liars = dice.chance(0.5) ? dice.integer(1, f) : 0;
  const faults = Array.from({ length: dice.integer(liars > 0 ? 0 : 1, FAULTS_MAX) }, () => drawEntry(dice));
  const latencyMin = dice.integer(200, 20_000);
  return {
    name: 'swarm',
    description: 'Faults, liars, network and load drawn from the seed.',
    nodes: [n],
    chain: {
      blockIntervalMicros: dice.integer(2, 10) * 100_000,
      heartbeatMicros: dice.integer(2, 8) * SECOND,
      baseTimeoutMicros: dice.integer(8, 30) * 100_000,
    },
    network: {
      latency: { min: latencyMin, max: latencyMin + dice.integer(500, 40_000) },
      bandwidthBitsPerSecond: dice.pick([10, 20, 100, 1000]) * 1_000_000,
      loss: dice.chance(0.3) ? 0.01 * dice.float() : 0,
    },
    machines: {
      cores: dice.pick([1, 4]),
      syncMicros: dice.pick([500, 1_000, 5_000, 20_000]),
      ownState: n <= OWN_STATE_SEALERS_MAX && dice.chance(0.3),
      snapshotBehind: dice.chance(0.3) ? dice.integer(4, 20) : undefined,
      memoryBytes: dice.chance(0.3) ? dice.pick([4, 16, 64]) * 1024 * 1024 : undefined,
      storageBytes: dice.chance(0.2) ? dice.integer(500_000, 4_000_000) : 0,
    },
    load: {
      ratePerSecond: dice.pick([1, 3, 5, 10, 20]),
      at: dice.chance(0.2) ? 'one' : 'all',
      records: 0.5 * dice.float(),
      payloads: dice.chance(0.4) ? 0.3 * dice.float() : 0,
      payloadBytes: { min: 1, max: dice.pick([1_000, 70_000, 300_000]) },
    },
    warmUpMicros: 5 * SECOND,
    safety: {
      duration: { min: 15 * SECOND, max: 30 * SECOND },
      liars: { min: { per: 'one', plus: liars }, max: { per: 'one', plus: liars } },
      kinds: dice.some(BYZANTINE_KINDS, dice.integer(1, LIAR_WAYS_MAX)),
      faults,
    },
    liveness: { withinMicros: (120 + 2 * n) * SECOND, blocks: 5, resumeMicros: undefined },
    checks: {
      throughputShare: undefined,
      blockRateShare: undefined,
      afterMicros: 0,
      gapMicros: undefined,
      hangoverMicros: undefined,
      evidenceBlocks: undefined,
      repaired: false,
      inclusionBlocks: undefined,
      nobodyHonestAccused: true,
    },
  };
}

const between = (min: number, max: number): Range => ({ min, max });

/** What every entry has; a kind changes what matters to it. */
function plainEntry(kind: FaultKind, dice: Dice): FaultEntry {
  const pause = dice.integer(3, 12) * SECOND;
  return {
    kind,
    first: between(0, 10 * SECOND),
    every: dice.chance(0.7) ? between(pause, 2 * pause) : undefined,
    lasts: between(SECOND / 5, dice.integer(1, 8) * SECOND),
    nodes: { min: ONE, max: F },
    who: 'any',
    beyond: false,
    tornTail: dice.float(),
    disks: ['keep'],
    shapes: ['halves', 'minority', 'leader', 'bridge', 'random'],
    swizzle: dice.chance(0.3),
    share: between(0.05, 0.05 + 0.5 * dice.float()),
    keepsCore: dice.chance(0.3),
    latency: undefined,
    jitter: undefined,
    loss: undefined,
    bursts: false,
    duplicate: undefined,
    reorder: undefined,
    bandwidth: undefined,
    skew: undefined,
    drift: undefined,
    jump: undefined,
    factor: between(1, 1),
    values: { min: ONE, max: { per: 'one', plus: 6 } },
    count: { min: ONE, max: ONE },
    size: between(1, 1),
    at: 'all',
    changes: MEMBER_CHANGES,
    settings: WRONG_SETTINGS,
  };
}

type Shape = (dice: Dice) => Partial<FaultEntry>;

const SHAPES: Readonly<Record<FaultKind, Shape>> = {
  crash: (dice) => {
    const all = dice.chance(0.2);
    return {
      beyond: all || dice.chance(0.1),
      ...(all && { nodes: { min: N, max: N } }),
      // Disks are spoilt only within f: beyond it nobody could give back what was lost.
      ...(!all &&
        dice.chance(0.3) && { beyond: false, disks: ['keep', 'lose', 'restore', 'damage-log', 'damage-table', 'damage-blobs'] }),
      ...(dice.chance(0.2) && { who: 'leader' as const }),
    };
  },
  partition: () => ({}),
  cut: () => ({}),
  link: (dice) => ({
    ...(dice.chance(0.6) && { loss: between(0, 0.1 * dice.float()), bursts: dice.chance(0.4) }),
    ...(dice.chance(0.4) && {
      latency: between(1_000, dice.integer(10_000, 250_000)),
      jitter: between(0, dice.integer(1_000, 200_000)),
    }),
    ...(dice.chance(0.4) && { duplicate: between(0, 0.1), reorder: between(0, 0.1) }),
    ...(dice.chance(0.3) && { bandwidth: between(100_000, 5_000_000) }),
  }),
  clog: () => ({}),
  access: () => ({ bandwidth: between(100_000, 5_000_000) }),
  malformed: () => ({ share: between(0.05, 0.2) }),
  pause: () => ({}),
  cpu: () => ({ factor: between(0.01, 0.5) }),
  clock: (dice) => ({
    ...(dice.chance(0.7) && { skew: between(0, 5 * SECOND) }),
    ...(dice.chance(0.5) && { drift: between(0, 20_000) }),
    ...(dice.chance(0.4) && { jump: between(0, 2 * SECOND) }),
  }),
  'full-disk': () => ({}),
  overload: () => ({ factor: between(2, 8) }),
  membership: () => ({ every: between(4 * SECOND, 10 * SECOND) }),
  rot: (dice) => ({ beyond: true, nodes: { min: ONE, max: dice.pick([F, N]) } }),
  burst: (dice) => ({
    count: { min: { per: 'one', plus: 5 }, max: { per: 'one', plus: 40 } },
    size: between(10_000, dice.pick([50_000, 300_000, 1_000_000])),
    at: dice.pick(['all', 'one'] as const),
    every: undefined,
  }),
  upgrade: () => ({ every: between(SECOND, 3 * SECOND) }),
  misconfigure: () => ({}),
  certificate: () => ({ every: undefined, lasts: between(4 * SECOND, 12 * SECOND) }),
};

function drawEntry(dice: Dice): FaultEntry {
  const kind = dice.pick(Object.keys(SHAPES) as FaultKind[]);
  const entry = plainEntry(kind, dice);
  return { ...entry, ...SHAPES[kind](dice) };
}
