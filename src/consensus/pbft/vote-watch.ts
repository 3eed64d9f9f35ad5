import { type Address, fromHex } from '../../crypto/index.ts';
import { EVIDENCE_HEIGHTS_BEHIND } from '../../limits.ts';
import type { CommitCertificate } from '../core.ts';
import { statementOf } from '../evidence.ts';
import type { SignedMessage } from '../messages.ts';
import { WatchedHeight } from './watched-height.ts';

/**
 * Remembers what every sealer said at the present height and the last few. It takes part in no decision: what is found
 * here is told to others and proves lies, and that is all.
 */
export class VoteWatch {
  readonly #self: Address;
  readonly #heights = new Map<number, WatchedHeight>();

  constructor(self: Address) {
    this.#self = self;
  }

  /** A height starts: it is watched from now on, and what is long past is forgotten. */
  start(height: number, sealers: readonly Address[]): void {
    this.#heights.set(height, new WatchedHeight(height, sealers));
    for (const old of this.#heights.keys()) if (old < height - EVIDENCE_HEIGHTS_BEHIND) this.#heights.delete(old);
  }

  at(height: number): WatchedHeight | undefined {
    return this.#heights.get(height);
  }

  /** The heights that are watched, oldest first. */
  heights(): Iterable<WatchedHeight> {
    return this.#heights.values();
  }

  /** True when something may follow from this message: only then its signature need be checked. */
  lacks(message: SignedMessage): boolean {
    const watched = this.#heights.get(message.height);
    return watched !== undefined && message.signer !== this.#self && watched.lacks(statementOf(message));
  }

  /** True when a commit vote for another digest was noted in the round of this certificate. */
  contradicts({ height, round, digest }: CommitCertificate): boolean {
    return this.#heights.get(height)?.contradicts(round, fromHex(digest)) ?? false;
  }
}
