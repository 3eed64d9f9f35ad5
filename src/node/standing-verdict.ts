import type { Address } from '../crypto/index.ts';
import type { NodeId } from '../environment/index.ts';
import type { VoteLog } from './vote-log.ts';

/** What another sealer said of itself. */
export interface Answer {
  readonly head: number;
  /** At some moment since this node started, that sealer had no block and had never signed anything. */
  readonly neverSigned: boolean;
}

/** The newest place at which others have own messages; zeros when nobody showed any. */
export interface ShownPlace {
  readonly height: number;
  /** The highest round of that height. */
  readonly round: number;
  /** Height of the newest commit vote. */
  readonly commitHeight: number;
}

export interface StandingFacts {
  readonly self: Address;
  readonly sealers: readonly Address[];
  readonly quorum: number;
  readonly faults: number;
  /** Number of the own latest block. */
  readonly head: number;
  /** The same when this node started. */
  readonly headAtStart: number;
  readonly memory: VoteLog['memory'];
  /** The newest own message that somebody showed. */
  readonly shown: ShownPlace;
  readonly answers: ReadonlyMap<NodeId, Answer>;
}

export type StandingVerdict =
  /** More answers are needed. */
  | { readonly type: 'ask' }
  /** Others are ahead; what they say counts when this node has their blocks. */
  | { readonly type: 'catch-up' }
  | { readonly type: 'vote' }
  /** Sign nothing below this height, nor in it below this round. */
  | { readonly type: 'abstain'; readonly below: number; readonly fromRound: number };

/** A sealer that signed at a height committed the one before it, which a quorum had voted for: see rule 27. */
const HEIGHTS_BEYOND_HEAD = 2;

/**
 * Whether a sealer may vote after a start (rules 25 to 28 of `docs/reference/consensus.md`).
 *
 * With a whole log the answers of a quorum, this node counted, are waited for only to see whether one of them shows a
 * forgotten message. Without one, an answer counts when this node has the blocks that it speaks of, so that nobody silences
 * it for ever by naming a height that is not; and this node votes again above everything that it can have signed.
 */
export function judgeStanding(facts: StandingFacts): StandingVerdict {
  const { self, sealers, head, memory, shown } = facts;
  const others = sealers.filter((sealer) => sealer !== self);
  const needed = sealers.includes(self) ? facts.quorum - 1 : Math.min(facts.quorum, others.length);
  const answered = others.flatMap((sealer) => facts.answers.get(sealer) ?? []);
  if (answered.length < needed) return { type: 'ask' };
  if (memory === 'whole' || (memory === 'fresh' && others.length === 0)) return { type: 'vote' };
  const level = answered.filter((answer) => answer.head <= head);
  if (level.length < needed) return { type: 'catch-up' };
  const all = level.length === others.length;
  // Nobody lies in a set of three or fewer, and everybody was asked: whatever of this node's reached anyone was shown.
  if (facts.faults === 0 && all && shown.height <= head) return { type: 'abstain', below: head + 1, fromRound: 0 };
  // On the disk that it wrote last this node has every block that it committed, so only the next height is in doubt; and
  // with everybody asked, a commit vote that nobody shows reached nobody and decides nothing.
  const advanced = head > Math.max(facts.headAtStart, ...level.map((answer) => answer.head));
  // Without a new block since then nothing would be gained by more: a sealer that is away may still come and answer.
  if (memory === 'damaged' && !all && !advanced) return { type: 'ask' };
  if (memory === 'damaged' && all && shown.height <= head + 1 && shown.commitHeight <= head) {
    return { type: 'abstain', below: head + 1, fromRound: shown.height === head + 1 ? shown.round + 1 : 0 };
  }
  if (memory === 'fresh' && head === 0) {
    // When some signed already, before they heard of this one, everybody must say that nothing of it was ever seen.
    const newborn = level.filter((answer) => answer.neverSigned).length >= needed;
    return newborn || all ? { type: 'vote' } : { type: 'ask' };
  }
  return { type: 'abstain', below: Math.max(head + HEIGHTS_BEYOND_HEAD, shown.height) + 1, fromRound: 0 };
}
