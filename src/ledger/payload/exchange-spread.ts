import type { Hex } from '../../crypto/index.ts';
import type { Micros, NodeId } from '../../environment/index.ts';
import { ChunkSet } from './exchange-chunk-set.ts';
import type { ChunkName } from './exchange-frames.ts';
import type { PayloadCommitment } from './payload.ts';

/** A body that this node sends to the sealers. */
export class Spread {
  readonly commitment: PayloadCommitment;
  readonly names: readonly ChunkName[];
  /** Place in the order in which bodies are offered. */
  readonly sequence: number;
  /** Goes through relays; undefined until the first peer wants it. */
  relayed: boolean | undefined;
  /** Peers that were offered it and have not answered. */
  readonly asked = new Set<NodeId>();
  /** What each peer that wants it lacks, as far as is known. */
  readonly wanting = new Map<NodeId, ChunkSet>();
  /** Peers that said that they hold all of it. */
  readonly holders = new Set<NodeId>();
  /** Relayed: chunks that no relay has been given yet. Empty otherwise. */
  readonly pending = new ChunkSet();
  /** Chunks that this node sends to every peer itself. */
  readonly direct = new ChunkSet();
  /** Relays that declined a chunk, by chunk. */
  readonly declined = new Map<number, number>();
  /** Who passed a chunk on, by its own word, and when. */
  readonly carriers = new Map<number, { readonly relay: NodeId; readonly atMicros: Micros }>();
  /** Somebody needs it now: what is sent of it overtakes other bodies. */
  hurried = false;
  /** When a relayed body is sent even to those alone who have answered. */
  readyByMicros: Micros = 0;

  constructor(commitment: PayloadCommitment, names: readonly ChunkName[], sequence: number) {
    this.commitment = commitment;
    this.names = names;
    this.sequence = sequence;
  }

  get root(): Hex {
    return this.commitment.root;
  }
}

/** What the source of bodies knows of one peer. */
export class Receiver {
  /** The next body to offer. */
  next: number;
  /** Bodies offered that it is not known to hold, with the time of the last sign of life about each. */
  readonly open = new Map<Hex, Micros>();
  openBytes = 0;
  /** Chunks that it was asked to pass on and has not confirmed. */
  relaying = 0;
  /** Not to be used as a relay before. */
  restUntilMicros: Micros = 0;
  /** Peers that pulled what it claims to have passed on to them. */
  readonly accusers = new Set<NodeId>();

  constructor(next: number) {
    this.next = next;
  }
}
