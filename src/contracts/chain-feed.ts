import type { RawLog } from './contract-catalog.ts';

/** A final block as the adapters follow it. */
export interface FeedBlock {
  readonly number: number;
  readonly timestampMs: number;
  /** All logs of the block, in order. */
  readonly logs: readonly RawLog[];
}

/** The final blocks as this node's ledger takes them in, in order and without gaps from `head` on. */
export interface ChainFeed {
  /** The newest block that the ledger holds. */
  readonly head: { readonly number: number; readonly timestampMs: number };
  /** Returns the unsubscriber. */
  onBlock(listener: (block: FeedBlock) => void): () => void;
}
