import type { Hex } from '../../crypto/index.ts';
import type { Micros, NodeId } from '../../environment/index.ts';
import { EXCHANGE_PATIENCE_MICROS } from '../../limits.ts';
import { ChunkSet } from './exchange-chunk-set.ts';
import type { PayloadChunk, PayloadCommitment } from './payload.ts';

/** A checked chunk that waits for its neighbours, to be written with them. */
export interface Gathered {
  readonly chunk: PayloadChunk;
  readonly frame: Uint8Array;
  /** Accounts for its way to the disk; call what it returns when it is written, or could not be. */
  readonly handOver: () => () => void;
  /** Gives its memory back when it is not needed any more. */
  readonly giveBack: () => void;
}

/** Somebody on this node who waits for a body. */
export interface Waiter {
  readonly sinceMicros: Micros;
  /** The body may take its turn behind what is needed now. */
  readonly patient: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A chunk that one peer was asked for. */
export interface Pull {
  readonly peer: NodeId;
  deadlineMicros: Micros;
}

/** A body that is not whole here yet. */
export class IncomingBody {
  readonly commitment: PayloadCommitment;
  /** A transaction with it is known here; a body that only a caller waits for is forgotten with its last waiter. */
  expected: boolean;
  /** Chunks that have not come. */
  readonly missing: ChunkSet;
  /** Chunks that have come and are not durable yet, those that are gathered included. */
  storing = 0;
  readonly gathered = new Map<number, Gathered>();
  /** Peers that offered it, the first of which was asked to send it. */
  readonly offers = new Set<NodeId>();
  /** Peers that a caller named as likely holders, best first. */
  readonly likely = new Set<NodeId>();
  /** Chunks that were asked for, and come in their turn. */
  readonly queued = new ChunkSet();
  /** Peers that were asked for some of it, and may have queued it. */
  readonly asked = new Set<NodeId>();
  provider: NodeId | undefined;
  lastArrivalMicros: Micros;
  /** Silence after which it is pulled although nobody waits for it. */
  patienceMicros = EXCHANGE_PATIENCE_MICROS;
  /** What is missing is being pulled. */
  pulling = false;
  /** Everybody was asked in vain: nobody is before this time. */
  pauseUntilMicros: Micros = 0;
  rounds = 0;
  /** Chunks came from others than the provider, which does not know of it yet. */
  providerBehind = false;
  readonly pulls = new Map<number, Pull>();
  readonly tried = new Map<number, Set<NodeId>>();
  readonly waiters = new Set<Waiter>();

  constructor(commitment: PayloadCommitment, missing: ChunkSet, options: { readonly expected: boolean; readonly now: Micros }) {
    this.commitment = commitment;
    this.missing = missing;
    this.expected = options.expected;
    this.lastArrivalMicros = options.now;
  }

  get root(): Hex {
    return this.commitment.root;
  }

  /** Somebody waits for it and has no patience: a proposal names it. */
  get needed(): boolean {
    for (const { patient } of this.waiters) if (!patient) return true;
    return false;
  }

  get whole(): boolean {
    return this.missing.size === 0 && this.storing === 0;
  }

  hasTried(index: number, peer: NodeId): boolean {
    return this.tried.get(index)?.has(peer) ?? false;
  }

  noteTried(index: number, peer: NodeId): void {
    const tried = this.tried.get(index);
    if (tried === undefined) this.tried.set(index, new Set([peer]));
    else tried.add(peer);
  }
}
