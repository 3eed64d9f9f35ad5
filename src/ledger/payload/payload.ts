import type { Hex } from '../../crypto/index.ts';

/** What a payload transaction says of its body: enough to check every chunk of it, wherever the chunk comes from. */
export interface PayloadCommitment {
  /** Root of the SHA-256 Merkle tree over the body's chunks of PAYLOAD_CHUNK_BYTES (the last one may be shorter). */
  readonly root: Hex;
  /** 1..PAYLOAD_BYTES_MAX. */
  readonly lengthBytes: number;
  /** E.g. `application/octet-stream`; 1..64 printable ASCII characters. */
  readonly mediaType: string;
}

/** One chunk with the hashes that lead from it to the root, lowest level first. */
export interface PayloadChunk {
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** A node's payload bodies, on disk, found by their root. A body counts as held when every chunk of it is durable. */
export interface PayloadStore {
  /** True when the whole body is held. */
  holds(root: Hex): boolean;
  /** The indexes of the chunks that are still missing; all of them when nothing of it has come. */
  missing(commitment: PayloadCommitment): readonly number[];
  /**
   * Checks a chunk against the commitment and stores it; resolves when it is durable, with whether it was new.
   * @throws TreadleError PAYLOAD_BAD_CHUNK
   */
  putChunk(commitment: PayloadCommitment, chunk: PayloadChunk): Promise<boolean>;
  /** Splits and stores a whole body that came from a client. @throws TreadleError PAYLOAD_BAD_BODY when it does not match */
  putBody(commitment: PayloadCommitment, body: Uint8Array): Promise<void>;
  /** A held chunk with its proof, to pass on. */
  chunk(root: Hex, index: number): Promise<PayloadChunk | undefined>;
  /** The whole body; undefined when it is not held. */
  body(root: Hex): Promise<Uint8Array | undefined>;
  /** Deletes what is held of a body. */
  forget(root: Hex): Promise<void>;
  /** Bytes held on disk. */
  readonly sizeBytes: number;
}

export interface ObtainOptions {
  readonly patient?: boolean;
}

/** Moves bodies between nodes: pushed by who received them, pulled by who lacks them, never more under way than the windows allow. */
export interface PayloadExchange {
  /** Registers the network protocols; call it before the network starts. */
  register(): void;
  /** Pushes a body that is held here to the sealers, directly or through relays; returns at once. */
  spread(commitment: PayloadCommitment): void;
  /**
   * Resolves once the body is held here: it waits for chunks that are on their way and pulls what does not come.
   * @param from - the peers most likely to hold it, best first
   * @param options - `patient`: it takes its turn behind what is needed now
   * @throws TreadleError PAYLOAD_MISSING when no connected peer delivers it in time
   */
  obtain(commitment: PayloadCommitment, from: readonly Hex[], options?: ObtainOptions): Promise<void>;
  /** A transaction with this payload is known here: chunks for it are welcome. (Chunks for unknown roots are refused.) */
  expect(commitment: PayloadCommitment): void;
  /** The transaction left the pool without a block, or its block is final and old: nothing of it is expected any more. */
  release(root: Hex): void;
  close(): Promise<void>;
}

/** One bound for everything that a node keeps in memory on behalf of others: pool, bodies in flight, queues. */
export interface MemoryBudget {
  readonly limitBytes: number;
  readonly usedBytes: number;
  /** Takes bytes, or returns undefined when they do not fit; the returned function gives them back (once). */
  take(bytes: number): (() => void) | undefined;
}
