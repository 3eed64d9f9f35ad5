import { type Environment, sleep } from '../../environment/index.ts';
import { RELAY_PAUSE_MICROS_MAX } from '../../limits.ts';
import type { LaneSource } from '../../oracle/index.ts';
import { createLaneRelay, type LaneRelay } from './lane-relay.ts';
import type { Sibling, Siblings } from './siblings.ts';

interface Dependencies {
  readonly environment: Environment;
  readonly siblings: Siblings;
  readonly own: Sibling;
  readonly lanes: LaneSource;
}

/** Relays every lane from a ledger that this process has a node of into the own one. */
export interface RelayService {
  start(): void;
  stop(): void;
}

/** Neighbours come and go with their nodes: which lanes are relayed is looked at again and again. */
export function createRelayService({ environment, siblings, own, lanes }: Dependencies): RelayService {
  const relays = new Map<Sibling, LaneRelay>();
  let stopped = false;

  function adjust(): void {
    const present = new Set(siblings.others(own.chainId));
    for (const [sibling, relay] of relays) {
      if (present.has(sibling)) continue;
      relay.stop();
      relays.delete(sibling);
    }
    for (const source of present) {
      if (relays.has(source)) continue;
      const relay = createLaneRelay({ environment, own, source, lanes });
      relays.set(source, relay);
      relay.start();
    }
  }

  async function run(): Promise<void> {
    while (!stopped) {
      adjust();
      await sleep(environment, RELAY_PAUSE_MICROS_MAX, 'ledgers that this process has nodes of');
    }
  }

  return {
    start: () => void run(),
    stop() {
      stopped = true;
      for (const relay of relays.values()) relay.stop();
    },
  };
}
