import type { Address, Hex } from '../../crypto/index.ts';
import type { ConsensusEffect, ConsensusEvent, ConsensusOptions, PreparedProof } from '../core.ts';
import type { Commit, Prepare, RoundChange, Signed } from '../messages.ts';
import type { FutureBuffer } from './future-buffer.ts';
import type { LagWatch } from './lag-watch.ts';
import type { NewestStatements } from './newest-statements.ts';
import { OwnVotes } from './own-votes.ts';
import { turnOrder } from './proposer.ts';
import { faultsOf, quorumOf } from './quorum.ts';
import type { VoteWatch } from './vote-watch.ts';

/** A proposal that was accepted in a round, and what the ledger says of it. */
export interface HeldProposal {
  readonly digest: Hex;
  readonly proposal: Uint8Array;
  readonly proposer: Address;
  readonly reproposed: boolean;
  verdict: 'pending' | 'valid' | 'invalid';
}

/** What is known of one round: the first accepted proposal and the first vote of each sealer. */
export interface RoundState {
  proposal: HeldProposal | undefined;
  readonly prepares: Map<Address, Signed<Prepare>>;
  readonly commits: Map<Address, Signed<Commit>>;
}

/** How far this node is with its own proposal for the current round. */
export type Proposing =
  /** 'build' was asked for. */
  | { readonly kind: 'building'; readonly justification: readonly Signed<RoundChange>[] }
  /** The bytes of a prepared proposal, as `source` sent them, are being checked before they are proposed again. */
  | {
      readonly kind: 'checking';
      readonly justification: readonly Signed<RoundChange>[];
      readonly proof: PreparedProof;
      readonly source: Address;
    }
  /** The proposal was handed over for signing. */
  | { readonly kind: 'proposed' };

/** Everything about the height that is being agreed on; dropped as a whole when the next one starts. */
export interface HeightState {
  readonly height: number;
  readonly sealers: readonly Address[];
  /** The turns of the rounds: the sealers from the first proposer on, without those that are passed over. */
  readonly order: readonly Address[];
  readonly baseTimeoutMicros: number;
  /** Rounds of the longest time that ran out. */
  exhausted: number;
  /** This node follows the height and signs nothing. */
  readonly abstaining: boolean;
  readonly quorum: number;
  readonly faults: number;
  /** False: this node does not vote at this height and follows nothing. */
  readonly voting: boolean;
  round: number;
  /** A quorum is known to have reached this round, so its time is running for all. Round 0 is open from the start. */
  roundOpen: boolean;
  /** Round 0 was put on the base timeout because there is something to agree on. */
  hurried: boolean;
  proposing: Proposing | undefined;
  /** The highest prepared proof of this node. */
  prepared: PreparedProof | undefined;
  final: { readonly round: number; readonly digest: Hex } | undefined;
  readonly rounds: Map<number, RoundState>;
  /** The highest round change of each sealer. */
  readonly roundChanges: Map<Address, Signed<RoundChange>>;
  readonly own: OwnVotes;
  /** Sealers whose round change to the current round carried a wrong proposal: their next one for it is not read. */
  readonly distrusted: Set<Address>;
  /** Reasons reported, by peer. */
  readonly faultsReported: Map<Address, Set<string>>;
}

/** The core's state over all heights, and the effects of the step under way. */
export interface Core {
  readonly options: ConsensusOptions;
  readonly future: FutureBuffer;
  readonly lag: LagWatch;
  readonly watch: VoteWatch;
  readonly newest: NewestStatements;
  current: HeightState | undefined;
  viewChanges: number;
  effects: ConsensusEffect[];
}

export function newHeight(start: ConsensusEvent & { type: 'start' }, options: ConsensusOptions): HeightState {
  const { height, sealers } = start;
  return {
    height,
    sealers,
    order: turnOrder(sealers, height, start.skipped),
    baseTimeoutMicros: start.baseTimeoutMicros ?? options.baseTimeoutMicros,
    exhausted: 0,
    abstaining: start.abstain === true,
    quorum: quorumOf(sealers.length),
    faults: faultsOf(sealers.length),
    voting: sealers.includes(options.self),
    round: 0,
    roundOpen: true,
    hurried: false,
    proposing: undefined,
    prepared: undefined,
    final: undefined,
    rounds: new Map(),
    roundChanges: new Map(),
    own: new OwnVotes(),
    distrusted: new Set(),
    faultsReported: new Map(),
  };
}

/** The state of a round, made on first use; callers keep the rounds they ask for within the limits. */
export function roundState(h: HeightState, round: number): RoundState {
  let state = h.rounds.get(round);
  if (state === undefined) {
    state = { proposal: undefined, prepares: new Map(), commits: new Map() };
    h.rounds.set(round, state);
  }
  return state;
}

/** The digest that a quorum of these votes is for, if there is one. Each signer counts once: the map holds one vote of it. */
export function quorumDigest(h: HeightState, votes: ReadonlyMap<Address, { readonly digest: Hex }>): Hex | undefined {
  if (votes.size < h.quorum) return undefined;
  const counts = new Map<Hex, number>();
  for (const { digest } of votes.values()) {
    const count = (counts.get(digest) ?? 0) + 1;
    if (count >= h.quorum) return digest;
    counts.set(digest, count);
  }
  return undefined;
}
