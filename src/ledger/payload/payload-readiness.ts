import type { Hex } from '../../crypto/index.ts';
import type { Clock, Micros } from '../../environment/index.ts';
import {
  BLOCK_PAYLOAD_BYTES_MAX,
  BLOCK_YOUNG_PAYLOAD_BYTES_MAX,
  BLOCK_YOUNG_PAYLOAD_MICROS,
  PAYLOAD_SPREAD_KNOWN_MICROS_MAX,
  PAYLOAD_SPREAD_MICROS_MAX,
  PAYLOAD_SPREAD_MICROS_MIN,
  PAYLOAD_SPREAD_MICROS_PER_BYTE,
} from '../../limits.ts';
import type { Reach } from './exchange.ts';
import type { PayloadCommitment } from './payload.ts';

/** One block's choice of payload transactions. */
export interface PayloadChoice {
  /** Whether the block takes this body too; what it takes is counted. */
  take(payload: PayloadCommitment): boolean;
  /** Bodies taken. */
  readonly taken: number;
  /** Bodies left out because others have hardly had time to receive them. */
  readonly young: number;
}

/** What is known of the bodies' ways to the other sealers. */
export interface Reaches {
  /** Whether a quorum is known to hold a body; undefined when nobody who is connected spreads it. */
  reachOf(root: Hex): Reach | undefined;
  /** Bytes that this node's line delivers in such a time, as far as is known. */
  carries(micros: Micros, unknown: number): number;
}

/**
 * Judges which bodies a proposer may put into a block: those that it holds, and preferably those that a quorum of the sealers is
 * known to hold, for they vote only for what they hold. Where nobody says so, time tells: how long it takes is estimated from
 * size, and from how long this node itself had to wait for the bodies of others' proposals.
 */
export class PayloadReadiness {
  private readonly clock: Clock;
  private readonly holds: (root: Hex) => boolean;
  private readonly reaches: Reaches;
  /** When a body was complete here; absent for those that were held when the node started. */
  private readonly heldSince = new Map<Hex, Micros>();
  private lateMicros = 0;

  /** @param holds - whether a body is held here */
  constructor(clock: Clock, holds: (root: Hex) => boolean, reaches: Reaches) {
    this.clock = clock;
    this.holds = holds;
    this.reaches = reaches;
  }

  noteHeld(root: Hex): void {
    this.heldSince.set(root, this.clock.now());
  }

  forget(root: Hex): void {
    this.heldSince.delete(root);
  }

  /** A proposal's bodies came so long after the proposal: the estimate rises at once and sinks slowly. */
  noteWait(micros: Micros): void {
    this.lateMicros = Math.max(Math.min(micros, PAYLOAD_SPREAD_MICROS_MAX), Math.floor(this.lateMicros * 0.8));
  }

  /** Begins a block. With `young`, bodies that others may still be receiving are taken too, a few. */
  choice({ young }: { readonly young: boolean }): PayloadChoice {
    const now = this.clock.now();
    const counts = { bytes: 0, youngBytes: 0, taken: 0, young: 0, overdue: 0 };
    return {
      take: ({ root, lengthBytes }) => {
        if (!this.holds(root) || counts.bytes + lengthBytes > BLOCK_PAYLOAD_BYTES_MAX) return false;
        const state = this.lookAt(root, lengthBytes, now);
        // One that waits for its quorum for so long must not wait for a block without others as well.
        const allowed = state === 'overdue' && counts.overdue === 0 ? true : young && state !== 'underWay';
        const room = counts.youngBytes === 0 || counts.youngBytes + lengthBytes <= this.youngBytesMax;
        if (state !== 'settled' && !(allowed && room)) {
          counts.young += 1;
          return false;
        }
        counts.bytes += lengthBytes;
        counts.youngBytes += state === 'settled' ? 0 : lengthBytes;
        counts.overdue += state === 'overdue' ? 1 : 0;
        counts.taken += 1;
        return true;
      },
      get taken() {
        return counts.taken;
      },
      get young() {
        return counts.young;
      },
    };
  }

  /** What others have to fetch first must be there within a round: on a thin line that is one body. */
  private get youngBytesMax(): number {
    return Math.min(
      BLOCK_YOUNG_PAYLOAD_BYTES_MAX,
      this.reaches.carries(BLOCK_YOUNG_PAYLOAD_MICROS, BLOCK_YOUNG_PAYLOAD_BYTES_MAX),
    );
  }

  /** What others hold is known of the bodies that somebody who is connected spreads, unless that takes too long; else time tells. */
  private lookAt(root: Hex, lengthBytes: number, now: Micros): 'settled' | 'young' | 'underWay' | 'overdue' {
    const ageMicros = now - (this.heldSince.get(root) ?? 0);
    const reach = this.reaches.reachOf(root);
    if (reach === 'quorum') return 'settled';
    if (reach === 'fewer') return ageMicros < PAYLOAD_SPREAD_KNOWN_MICROS_MAX ? 'underWay' : 'overdue';
    return ageMicros >= this.spreadMicros(lengthBytes) ? 'settled' : 'young';
  }

  private spreadMicros(lengthBytes: number): Micros {
    const estimate = PAYLOAD_SPREAD_MICROS_MIN + PAYLOAD_SPREAD_MICROS_PER_BYTE * lengthBytes + this.lateMicros;
    return Math.min(estimate, PAYLOAD_SPREAD_MICROS_MAX);
  }
}
