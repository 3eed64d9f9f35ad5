import type { Address, Hex } from '../crypto/index.ts';
import type { Evidence, SignedStatement } from './evidence.ts';
import type { Hearsay } from './hearsay.ts';
import type { SignedMessage, UnsignedMessage } from './messages.ts';

/**
 * The port that every consensus engine implements: a pure, synchronous state machine. Events go in, effects come
 * out; it holds no clock, no network, no disk and no key. Its driver (in `node/`) carries the effects out.
 */
export interface ConsensusCore {
  /** Runs one event to completion. Effects are to be carried out in their order. */
  step(event: ConsensusEvent): readonly ConsensusEffect[];
  status(): ConsensusStatus;
  /** The newest statements of a sealer of the present height whose signatures this core checked: of all, and of commit votes. */
  newestOf?(signer: Address): readonly SignedStatement[];
}

/** A list of at least floor(2n/3)+1 recoverable signatures over {@link commitDigest} by distinct sealers, ordered by signer. */
export interface CommitCertificate {
  readonly height: number;
  readonly round: number;
  readonly digest: Hex;
  readonly signatures: readonly Uint8Array[];
}

/** What a restarted node remembers of the height that it was working on: see `ConsensusEvent` 'start'. */
export interface RestoredVotes {
  /** Own signed messages of this height, in the order in which they were signed. */
  readonly own: readonly SignedMessage[];
  /** The prepared certificate that came with the latest own commit vote, as recorded by 'sign' effects. */
  readonly prepared?: PreparedProof;
}

/** Proof that a quorum prepared a digest in a round, with the proposal itself so that it can be proposed again. */
export interface PreparedProof {
  readonly round: number;
  readonly digest: Hex;
  readonly proposal: Uint8Array;
  /** The signed prepare messages of a quorum of distinct sealers for (height, round, digest). */
  readonly prepares: readonly SignedMessage[];
}

export type ConsensusEvent =
  /** A new height begins; messages kept for it are replayed. `sealers` vote for it, in their agreed order. */
  | {
      readonly type: 'start';
      readonly height: number;
      readonly sealers: readonly Address[];
      readonly restored?: RestoredVotes;
      /** Sealers whose turns are passed over at this height, at most f: the same list at every sealer, or proposals are refused. */
      readonly skipped?: readonly Address[];
      /** Time of round 0 from now on, adapted to what heights took lately; the option of the core when absent. */
      readonly baseTimeoutMicros?: number;
      /** This node follows the height and may decide it, but signs nothing: it does not know what it signed before. */
      readonly abstain?: boolean;
      /** This node signs nothing below this round, for it may have before: it asks for this one at once. */
      readonly fromRound?: number;
    }
  /** A message from the network, signature not yet checked; `via` is the peer that delivered it. */
  | { readonly type: 'message'; readonly message: SignedMessage; readonly via: Address }
  /** Own message whose record is durable and which was sent: counts as a vote only now. */
  | { readonly type: 'sent'; readonly message: SignedMessage }
  /** Answer to 'build'. */
  | {
      readonly type: 'built';
      readonly height: number;
      readonly round: number;
      readonly digest: Hex;
      readonly proposal: Uint8Array;
    }
  /** Answer to 'validate'. */
  | {
      readonly type: 'validated';
      readonly height: number;
      readonly round: number;
      readonly digest: Hex;
      readonly valid: boolean;
      readonly reason?: string;
    }
  /** The timer set by the latest 'timer' effect for this height and round fired. */
  | { readonly type: 'timeout'; readonly height: number; readonly round: number }
  /** A certificate that was checked by whoever brought it: its votes are held against those that were seen. */
  | { readonly type: 'certified'; readonly certificate: CommitCertificate }
  /** Another sealer tells what it heard, asks or shows; nothing of it is checked yet. */
  | { readonly type: 'hearsay'; readonly hearsay: Hearsay; readonly via: Address }
  /** It is time to compare with the others what was heard: with all, or with `peer`, which has just been connected. */
  | { readonly type: 'compare'; readonly peer?: Address }
  /** There is something to agree on (transactions are pending): from now on the proposer must not be idle. */
  | { readonly type: 'work'; readonly height: number };

export type ConsensusEffect =
  /**
   * Record durably (refusing if a different message of this type, height and round was ever signed), sign, send to all sealers,
   * then answer 'sent'. `prepared` is stored with the record of a commit vote.
   */
  | { readonly type: 'sign'; readonly message: UnsignedMessage; readonly prepared?: PreparedProof }
  /** This node proposes: build a proposal when there is work or the heartbeat is due, then answer 'built'. */
  | { readonly type: 'build'; readonly height: number; readonly round: number }
  /**
   * Check that `proposal` has this digest and is a valid child of the chain, fetch its bodies and execute it, then answer
   * 'validated'. `proposer` proposes it in this round; when `reproposed`, a quorum prepared it in an earlier round and its
   * header names the sealer that built it then. A proposal of this node's own may be asked about too, after a restart.
   */
  | {
      readonly type: 'validate';
      readonly height: number;
      readonly round: number;
      readonly digest: Hex;
      readonly proposal: Uint8Array;
      readonly proposer: Address;
      readonly reproposed: boolean;
    }
  /** Send this own message, signed and recorded earlier, to all sealers once more, byte for byte; no answer. */
  | { readonly type: 'resend'; readonly message: SignedMessage }
  /** Replaces the running timer. */
  | { readonly type: 'timer'; readonly height: number; readonly round: number; readonly delayMicros: number }
  /** The block is final. */
  | {
      readonly type: 'commit';
      readonly height: number;
      readonly round: number;
      readonly digest: Hex;
      readonly proposal: Uint8Array;
      readonly proposer: Address;
      readonly certificate: CommitCertificate;
    }
  /** A new round began (round 0 of a height included). `reason` is for people. */
  | {
      readonly type: 'round';
      readonly height: number;
      readonly round: number;
      readonly proposer: Address;
      readonly reason: string;
    }
  /** Enough sealers vote at `height`, beyond ours, so every block below it is final somewhere: sync up to there. */
  | { readonly type: 'behind'; readonly height: number }
  /** `peer` still votes at `height`, which is final here: send it that block with its certificate, or tell it our head. */
  | { readonly type: 'lagging'; readonly peer: Address; readonly height: number }
  /** A sealer or peer did what an honest one does not. */
  | { readonly type: 'fault'; readonly peer: Address; readonly reason: string }
  /** A message of this peer cost signature checks and was worthless; unlike faults, said every time. */
  | { readonly type: 'waste'; readonly peer: Address }
  /** Send this to these sealers, best effort. */
  | { readonly type: 'hearsay'; readonly to: readonly Address[]; readonly hearsay: Hearsay }
  /** A sealer signed two different messages for one place: once for each signer and height. */
  | { readonly type: 'evidence'; readonly evidence: Evidence };

export interface ConsensusStatus {
  readonly height: number;
  readonly round: number;
  readonly phase: 'idle' | 'waiting-for-proposal' | 'validating' | 'preparing' | 'committing' | 'committed';
  readonly proposer: Address | undefined;
  readonly sealers: readonly Address[];
  /** Rounds above 0 entered since the core was made. */
  readonly viewChanges: number;
}

export interface ConsensusOptions {
  /** Domain of all signatures: hash of chain id and genesis, 32 bytes. */
  readonly domain: Uint8Array;
  readonly self: Address;
  /** Time round 0 is given once there is work. Round r gets x1.5 per round, at most x8. */
  readonly baseTimeoutMicros: number;
  /** Longest time a height may idle without work before its proposer is suspected: heartbeat + base. */
  readonly idleTimeoutMicros: number;
}
