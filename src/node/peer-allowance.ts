import type { Clock, NodeId } from '../environment/index.ts';

/** How much peers may still do: each has its own share, which grows again with time. */
export class PeerAllowance {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #perSecond: number;
  readonly #shares = new Map<NodeId, { left: number; atMicros: number }>();

  /**
   * @param most - what a peer may do at once
   * @param perSecond - what it may do each second from then on
   */
  constructor(clock: Clock, most: number, perSecond: number = most) {
    this.#clock = clock;
    this.#most = most;
    this.#perSecond = perSecond;
  }

  /** Takes one of the peer's share; false when nothing is left of it. */
  take(peer: NodeId): boolean {
    const now = this.#clock.now();
    let share = this.#shares.get(peer);
    if (share === undefined) {
      share = { left: this.#most, atMicros: now };
      this.#shares.set(peer, share);
    }
    share.left = Math.min(this.#most, share.left + ((now - share.atMicros) / 1_000_000) * this.#perSecond);
    share.atMicros = now;
    if (share.left < 1) return false;
    share.left -= 1;
    return true;
  }

  /** Forgets peers that do not matter any more. */
  keep(isWanted: (peer: NodeId) => boolean): void {
    for (const peer of this.#shares.keys()) if (!isWanted(peer)) this.#shares.delete(peer);
  }
}
