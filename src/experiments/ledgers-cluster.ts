import { type LaidLedger, lanesOf } from '../consortium/index.ts';
import type { LaneConfig, LaneTrust } from '../contracts/index.ts';
import { drawKey, type NodeKey } from '../crypto/index.ts';
import type { World } from '../environment/sim/index.ts';
import { invariant } from '../errors.ts';
import { Siblings } from '../node/index.ts';
import { CHAIN_ID, type Cluster, createCluster, createScenarioWorld, START_MICROS } from './cluster.ts';
import type { Scenario } from './scenario/index.ts';
import { createSeededRandom } from './seeded-random.ts';

/** Several ledgers of one consortium in one simulated world, the federal one first. */
export interface LedgersCluster {
  readonly world: World;
  readonly ledgers: ReadonlyMap<string, Cluster>;
  ledger(name: string): Cluster;
  /** Starts everybody, ledger by ledger. */
  start(): Promise<void>;
  /** A process dies with all its seats, and comes back. */
  crash(seat: string): void;
  restart(seat: string): void;
}

export interface LedgersOptions {
  readonly ledgers: readonly string[];
  /** How roots are believed, in place of what the number of oracle nodes gives. */
  readonly trust?: Exclude<LaneTrust, 'none'>;
  /** Limits of the lanes, in place of those that ledgers are laid out with. */
  readonly lane?: Partial<Omit<LaneConfig, 'trust'>>;
}

/**
 * Lays out ledgers that have the same seats. In a simulated world a node is named by its key, so a seat has another key on every ledger;
 * what the seats of one process share is that they know each other, as in {@link Siblings}, and that they crash together.
 */
export function createLedgersCluster(scenario: Scenario, seed: number, options: LedgersOptions): LedgersCluster {
  const world = createScenarioWorld(scenario, seed);
  const laid = options.ledgers.map((name, at) => ({ name, chainId: CHAIN_ID + at, federal: at === 0 }));
  const seats = seatsOf(scenario);
  const keys = new Map(laid.map(({ chainId }) => [chainId, keysOf(seats, `treadle simulation ${seed} keys ${chainId}`)]));
  const siblings = new Map(seats.map((seat) => [seat, new Siblings()]));
  const about = {
    keysOf: ({ chainId }: LaidLedger) => keys.get(chainId) ?? new Map<string, NodeKey>(),
    oracles: scenario.oracle.nodes,
    nowMs: START_MICROS / 1000,
  };
  const ledgers = new Map(
    laid.map((own): [string, Cluster] => {
      const config = lanesOf(own, laid, about);
      const change = { ...options.lane, ...(options.trust !== undefined && { trust: options.trust }) };
      const lanes = config.lanes.map(({ peer, lane }) => ({ peer, lane: { ...lane, ...change } }));
      const crossLedger = { ...config, lanes };
      const part = { world, chainId: own.chainId, keys: about.keysOf(own), crossLedger, siblings: siblings.get.bind(siblings) };
      return [own.name, createCluster(scenario, seed, { part })];
    }),
  );
  const present = (seat: string): readonly Cluster[] => [...ledgers.values()].filter((cluster) => cluster.seats.has(seat));
  return {
    world,
    ledgers,
    ledger(name) {
      const cluster = ledgers.get(name);
      invariant(cluster !== undefined, 'ledgers are asked for by their names', { name });
      return cluster;
    },
    async start() {
      for (const cluster of ledgers.values()) await cluster.start();
    },
    crash: (seat) => {
      for (const cluster of present(seat)) cluster.crash(seat);
      // What a dead process knew of its nodes dies with it.
      siblings.set(seat, new Siblings());
    },
    restart: (seat) => {
      for (const cluster of present(seat)) cluster.restart(seat);
    },
  };
}

/** Seats that are on every ledger. */
function seatsOf({ ledger, oracle }: Scenario): readonly string[] {
  const numbered = (role: string, count: number) => Array.from({ length: count }, (_, at) => `${role}-${at + 1}`);
  return ['centre', 'proxy', ...numbered('company', ledger.companies), ...numbered('oracle', oracle.nodes)];
}

function keysOf(seats: readonly string[], seed: string): ReadonlyMap<string, NodeKey> {
  const random = createSeededRandom(seed);
  return new Map(seats.map((seat) => [seat, drawKey((length) => random.bytes(length))]));
}
