import { BLOCKS_CACHED_MAX, CACHED_TRANSACTIONS_MAX } from '../../limits.ts';

/** Anything that grows with the transactions of a block. */
interface Sized {
  readonly transactions: { readonly length: number };
}

/**
 * The blocks that were read or made last, decoded. Bounded by their transactions as well: a full block with its receipts takes
 * as much memory as thousands of empty ones. The latest block always stays.
 */
export class RecentBlocks<T extends Sized> {
  private readonly blocks = new Map<number, T>();
  private transactions = 0;

  get(number: number): T | undefined {
    return this.blocks.get(number);
  }

  set(number: number, block: T): void {
    this.drop(number);
    this.blocks.set(number, block);
    this.transactions += block.transactions.length;
    for (const oldest of this.blocks.keys()) {
      if (oldest === number) return;
      if (this.blocks.size <= BLOCKS_CACHED_MAX && this.transactions <= CACHED_TRANSACTIONS_MAX) return;
      this.drop(oldest);
    }
  }

  private drop(number: number): void {
    this.transactions -= this.blocks.get(number)?.transactions.length ?? 0;
    this.blocks.delete(number);
  }
}
