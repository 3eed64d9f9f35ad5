import type { NodeId } from '../environment/index.ts';
import { HELD_BYTES_PER_PEER_MAX, HELD_FRAMES_PER_PEER_MAX, STRANGER_FRAMES_MAX } from '../limits.ts';

export interface HeldFrame {
  readonly from: NodeId;
  readonly frame: Uint8Array;
}

/**
 * Frames that came too early, unread: before this node takes part in consensus, or from a peer that becomes a sealer with
 * the next block. Each peer has its own share, of which the latest stay; strangers have one together.
 */
export class HeldFrames {
  #frames: (HeldFrame & { readonly stranger: boolean })[] = [];

  hold(from: NodeId, frame: Uint8Array, stranger: boolean): void {
    this.#frames.push({ from, frame, stranger });
    this.#keep((held) => held.from === from, HELD_FRAMES_PER_PEER_MAX, HELD_BYTES_PER_PEER_MAX);
    if (stranger) this.#keep((held) => held.stranger, STRANGER_FRAMES_MAX, HELD_BYTES_PER_PEER_MAX);
  }

  /** Takes out the frames of these peers, in order of arrival. */
  take(isWanted: (peer: NodeId) => boolean): readonly HeldFrame[] {
    const taken = this.#frames.filter(({ from }) => isWanted(from));
    if (taken.length > 0) this.#frames = this.#frames.filter(({ from }) => !isWanted(from));
    return taken;
  }

  get size(): number {
    return this.#frames.length;
  }

  /** Drops the oldest of a share until it is within its bounds. */
  #keep(isOfShare: (held: HeldFrame & { readonly stranger: boolean }) => boolean, framesMax: number, bytesMax: number): void {
    const share = this.#frames.filter(isOfShare);
    let bytes = share.reduce((sum, { frame }) => sum + frame.length, 0);
    let frames = share.length;
    const dropped = new Set<HeldFrame>();
    for (const held of share) {
      if (frames <= framesMax && bytes <= bytesMax) break;
      dropped.add(held);
      frames -= 1;
      bytes -= held.frame.length;
    }
    if (dropped.size > 0) this.#frames = this.#frames.filter((held) => !dropped.has(held));
  }
}
