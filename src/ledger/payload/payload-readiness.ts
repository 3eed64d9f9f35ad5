import type { Hex } from '../../crypto/index.ts';
import type { Clock, Micros } from '../../environment/index.ts';
import {
  BLOCK_PAYLOAD_BYTES_MAX,
  BLOCK_YOUNG_PAYLOAD_BYTES_MAX,
  PAYLOAD_SPREAD_KNOWN_MICROS_MAX,
  PAYLOAD_SPREAD_MICROS_MAX,
  PAYLOAD_SPREAD_MICROS_MIN,
  PAYLOAD_SPREAD_MICROS_PER_BYTE,
} from '../../limits.ts';
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

/**
 * Judges which bodies a proposer may put into a block: those that it holds, and preferably those that the other sealers have
 * had time to receive, for they vote only for what they hold. How long that takes is estimated from size, and from how long this
 * node itself had to wait for the bodies of others' proposals.
 */
export class PayloadReadiness {
  private readonly clock: Clock;
  private readonly holds: (root: Hex) => boolean;
  private readonly spread: (root: Hex) => number | undefined;
  /** When a body was complete here; absent for those that were held when the node started. */
  private readonly heldSince = new Map<Hex, Micros>();
  private lateMicros = 0;

  /**
   * @param holds - whether a body is held here
   * @param spread - of a body that this node spreads itself: the share of a quorum that is known to hold it, 1 or more when all do
   */
  constructor(clock: Clock, holds: (root: Hex) => boolean, spread: (root: Hex) => number | undefined = () => undefined) {
    this.clock = clock;
    this.holds = holds;
    this.spread = spread;
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
    const counts = { bytes: 0, youngBytes: 0, taken: 0, young: 0 };
    return {
      take: ({ root, lengthBytes }) => {
        if (!this.holds(root) || counts.bytes + lengthBytes > BLOCK_PAYLOAD_BYTES_MAX) return false;
        const { settled, underWay } = this.lookAt(root, lengthBytes, now);
        if (!settled && (underWay || !young || counts.youngBytes + lengthBytes > BLOCK_YOUNG_PAYLOAD_BYTES_MAX)) {
          counts.young += 1;
          return false;
        }
        counts.bytes += lengthBytes;
        counts.youngBytes += settled ? 0 : lengthBytes;
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

  /** What others hold is known of the bodies that this node sends them itself, unless that takes too long; else time tells. */
  private lookAt(root: Hex, lengthBytes: number, now: Micros): { readonly settled: boolean; readonly underWay: boolean } {
    const ageMicros = now - (this.heldSince.get(root) ?? 0);
    const spread = this.spread(root);
    if (spread === undefined || ageMicros >= PAYLOAD_SPREAD_KNOWN_MICROS_MAX)
      return { settled: ageMicros >= this.spreadMicros(lengthBytes), underWay: false };
    return { settled: spread >= 1, underWay: spread < 1 };
  }

  private spreadMicros(lengthBytes: number): Micros {
    const estimate = PAYLOAD_SPREAD_MICROS_MIN + PAYLOAD_SPREAD_MICROS_PER_BYTE * lengthBytes + this.lateMicros;
    return Math.min(estimate, PAYLOAD_SPREAD_MICROS_MAX);
  }
}
