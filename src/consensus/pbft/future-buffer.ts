import type { Address } from '../../crypto/index.ts';
import { invariant } from '../../errors.ts';
import {
  FUTURE_BYTES_PER_SIGNER_MAX,
  FUTURE_MESSAGES_MAX,
  FUTURE_MESSAGES_PER_SIGNER_MAX,
  HEIGHTS_AHEAD_MAX,
  SEALERS_MAX,
} from '../../limits.ts';
import type { SignedMessage } from '../messages.ts';
import { contentOf } from '../signing.ts';

export interface FutureMessage {
  readonly message: SignedMessage;
  readonly via: Address;
}

interface KeptMessage extends FutureMessage {
  readonly outsider: boolean;
  readonly bytes: number;
}

/** What signers that are not sealers today may fill together: the rest stays free for the sealers. */
const OUTSIDER_MESSAGES_MAX = FUTURE_MESSAGES_MAX - SEALERS_MAX * FUTURE_MESSAGES_PER_SIGNER_MAX;

/**
 * Messages of the next heights, kept until their height starts. A signer has a fixed share, so a liar fills its own and
 * nobody else's; signers that are not sealers of the present height (they may be of the next) share what is left.
 */
export class FutureBuffer {
  readonly #messages = new Map<string, KeptMessage>();
  readonly #shares = new Map<Address, { messages: number; bytes: number }>();
  #outsiders = 0;

  get size(): number {
    return this.#messages.size;
  }

  /** Keeps a message whose signature was checked; false when it is too far ahead, known already or above a share. */
  add(entry: FutureMessage, present: { readonly height: number; readonly sealers: readonly Address[] }): boolean {
    const { message } = entry;
    if (message.height <= present.height || message.height > present.height + HEIGHTS_AHEAD_MAX) return false;
    const key = `${message.signer} ${message.type} ${message.height} ${message.round} ${contentOf(message)}`;
    if (this.#messages.has(key)) return false;
    const outsider = !present.sealers.includes(message.signer);
    if (outsider && this.#outsiders >= OUTSIDER_MESSAGES_MAX) return false;
    const share = this.#shares.get(message.signer) ?? { messages: 0, bytes: 0 };
    const bytes = sizeBytes(message);
    if (share.messages >= FUTURE_MESSAGES_PER_SIGNER_MAX || share.bytes + bytes > FUTURE_BYTES_PER_SIGNER_MAX) return false;
    this.#shares.set(message.signer, { messages: share.messages + 1, bytes: share.bytes + bytes });
    if (outsider) this.#outsiders += 1;
    this.#messages.set(key, { ...entry, outsider, bytes });
    return true;
  }

  /** Removes and returns the messages of `height` in order of arrival; older ones are dropped. */
  take(height: number): readonly FutureMessage[] {
    const taken: FutureMessage[] = [];
    for (const [key, kept] of this.#messages) {
      if (kept.message.height > height) continue;
      if (kept.message.height === height) taken.push(kept);
      this.#messages.delete(key);
      this.#release(kept);
    }
    return taken;
  }

  #release(kept: KeptMessage): void {
    if (kept.outsider) this.#outsiders -= 1;
    const share = this.#shares.get(kept.message.signer);
    invariant(share !== undefined, 'a kept message has a share', { signer: kept.message.signer });
    share.messages -= 1;
    share.bytes -= kept.bytes;
    if (share.messages === 0) this.#shares.delete(kept.message.signer);
  }
}

const VOTE_BYTES = 200;

/** About what a message holds in memory. */
function sizeBytes(message: SignedMessage): number {
  if (message.type === 'pre-prepare') {
    return message.justification.reduce((sum, item) => sum + sizeBytes(item), VOTE_BYTES + message.proposal.length);
  }
  if (message.type !== 'round-change' || message.prepared === undefined) return VOTE_BYTES;
  return VOTE_BYTES * (1 + message.prepared.prepares.length) + message.prepared.proposal.length;
}
