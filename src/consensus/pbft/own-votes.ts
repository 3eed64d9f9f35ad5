import { invariant } from '../../errors.ts';
import { ROUNDS_BEHIND_MAX } from '../../limits.ts';
import { type MessageType, placeKey, type SignedMessage, type UnsignedMessage } from '../messages.ts';
import { contentOf } from '../signing.ts';

interface OwnVote {
  readonly content: string;
  readonly type: MessageType;
  readonly round: number;
  /** Present once it is durable and sent. */
  message: SignedMessage | undefined;
}

/** What this node has signed, or asked to sign, during one height: a type and round is signed once, for one content. */
export class OwnVotes {
  readonly #votes = new Map<number, OwnVote>();

  has(type: MessageType, round: number): boolean {
    return this.#votes.has(placeKey(type, round));
  }

  /** Notes that the driver was asked to sign `message`. */
  begin(message: UnsignedMessage): void {
    invariant(!this.has(message.type, message.round), 'a type and round is signed once', {
      type: message.type,
      round: message.round,
    });
    this.#votes.set(placeKey(message.type, message.round), {
      content: contentOf(message),
      type: message.type,
      round: message.round,
      message: undefined,
    });
  }

  /** Notes that `message` is durable and sent. */
  sent(message: SignedMessage): void {
    const key = placeKey(message.type, message.round);
    const known = this.#votes.get(key);
    const content = contentOf(message);
    invariant(known === undefined || known.content === content, 'what was signed is what was asked for', { key, content });
    this.#votes.set(key, { content, type: message.type, round: message.round, message });
  }

  /**
   * The sent messages that still matter in `round`: all of that round, and the last commit vote before it, which a peer
   * may lack to finish the height.
   */
  latest(round: number): readonly SignedMessage[] {
    const current: SignedMessage[] = [];
    let commit: SignedMessage | undefined;
    for (const vote of this.#votes.values()) {
      if (vote.message === undefined) continue;
      if (vote.round === round) current.push(vote.message);
      else if (vote.type === 'commit' && vote.round < round && vote.round >= (commit?.round ?? 0)) commit = vote.message;
    }
    return commit === undefined ? current : [commit, ...current];
  }

  /** Forgets votes far below `round`, which is never entered again; the latest commit vote stays. */
  prune(round: number): void {
    const kept = this.latest(round);
    for (const [key, vote] of this.#votes) {
      const old = vote.round < round - ROUNDS_BEHIND_MAX;
      if (old && (vote.message === undefined || !kept.includes(vote.message))) this.#votes.delete(key);
    }
  }
}
