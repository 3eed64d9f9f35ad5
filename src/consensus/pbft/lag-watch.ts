import type { Address } from '../../crypto/index.ts';
import { LAGGING_PEERS_MAX } from '../../limits.ts';
import type { SignedMessage } from '../messages.ts';

interface Place {
  readonly height: number;
  readonly sealers: readonly Address[];
  readonly quorum: number;
  readonly faults: number;
}

/**
 * Watches who is ahead of this node and who is behind it, so that both can be told to sync. One liar proves nothing: a
 * height counts when more sealers than there can be liars vote at it. Reports repeat only for a new height or after a
 * timeout of this node, for the driver's answer to the first may have been lost.
 */
export class LagWatch {
  /** Highest height at which a sealer sent anything, a round change, a commit vote. */
  readonly #any = new Map<Address, number>();
  readonly #stalled = new Map<Address, number>();
  readonly #committing = new Map<Address, number>();
  readonly #lagging = new Set<Address>();
  #reported = 0;

  /** Notes a checked message of a sealer from a height above ours. */
  note(message: SignedMessage): void {
    raise(this.#any, message);
    if (message.type === 'round-change') raise(this.#stalled, message);
    if (message.type === 'commit') raise(this.#committing, message);
  }

  /**
   * The height to sync up to, if this node is behind and has not said so yet. At the next height others are a moment
   * before us in the normal course; they are stuck there without us when more than f of them change rounds, and gone
   * from ours for long when a quorum commits there.
   */
  takeBehind(h: Place): number | undefined {
    const any = rank(this.#any, h.sealers, h.faults + 1);
    const stalled = rank(this.#stalled, h.sealers, h.faults + 1);
    const committing = rank(this.#committing, h.sealers, h.quorum);
    const behind = Math.max(
      any >= h.height + 2 ? any : 0,
      stalled > h.height ? stalled : 0,
      committing > h.height ? committing : 0,
    );
    return this.takeReport(behind);
  }

  /** `height` when it is news, at most once until {@link rearm}. */
  takeReport(height: number): number | undefined {
    if (height <= this.#reported) return undefined;
    this.#reported = height;
    return height;
  }

  /** True when `peer` was not yet told, since the last {@link rearm}, that it lags. */
  takeLagging(peer: Address): boolean {
    if (this.#lagging.has(peer) || this.#lagging.size >= LAGGING_PEERS_MAX) return false;
    this.#lagging.add(peer);
    return true;
  }

  /** Lets reports repeat: a timeout passed. */
  rearm(): void {
    this.#reported = 0;
    this.#lagging.clear();
  }

  /** A height starts: what was seen at it or below is no longer ahead, and sealers that left are forgotten. */
  start(height: number, sealers: readonly Address[]): void {
    this.#lagging.clear();
    for (const seen of [this.#any, this.#stalled, this.#committing]) {
      for (const [signer, at] of seen) if (at <= height || !sealers.includes(signer)) seen.delete(signer);
    }
  }
}

function raise(seen: Map<Address, number>, { signer, height }: SignedMessage): void {
  if (height > (seen.get(signer) ?? 0)) seen.set(signer, height);
}

/** The highest height that `count` of the sealers have reached; 0 when fewer were seen. */
function rank(seen: ReadonlyMap<Address, number>, sealers: readonly Address[], count: number): number {
  const heights = sealers.flatMap((sealer) => seen.get(sealer) ?? []);
  return heights.toSorted((left, right) => right - left)[count - 1] ?? 0;
}
