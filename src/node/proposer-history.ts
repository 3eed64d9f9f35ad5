import { type BuiltBlock, skippedProposers } from '../consensus/index.ts';
import type { Address } from '../crypto/index.ts';
import type { HeaderRecord, LedgerView } from '../ledger/index.ts';
import { SKIP_WINDOW_BLOCKS } from '../limits.ts';

/**
 * Who built the latest blocks, read from the headers of the own chain: what decides who is passed over. The same at every
 * node that holds the same chain, however it came by it.
 */
export class ProposerHistory {
  readonly #ledger: Pick<LedgerView, 'head' | 'header'>;
  #blocks: BuiltBlock[] = [];
  /** Who votes for the block after the last of these. */
  #sealers: readonly Address[] = [];
  #next = 0;

  constructor(ledger: Pick<LedgerView, 'head' | 'header'>) {
    this.#ledger = ledger;
  }

  /** Reads the headers below the head that are there; call it once before anything is added. */
  async load(): Promise<void> {
    const { head } = this.#ledger;
    const headers: HeaderRecord[] = [head];
    // One more than the window: who votes for a block stands in the header before it.
    for (let number = head.number - 1; number >= 0 && headers.length <= SKIP_WINDOW_BLOCKS; number--) {
      const header = await this.#ledger.header(number);
      if (header === undefined) break;
      headers.push(header);
    }
    for (const header of headers.toReversed()) this.add(header);
    // The chain may have grown meanwhile.
    for (let number = head.number + 1; number <= this.#ledger.head.number; number++) {
      const header = await this.#ledger.header(number);
      if (header !== undefined) this.add(header);
    }
  }

  /** Adds the next header of the chain; one that is known already is passed over, one after a gap starts anew. */
  add({ number, proposer, nextSealers }: HeaderRecord): void {
    if (this.#sealers.length > 0 && number < this.#next) return;
    const follows = this.#sealers.length > 0 && number === this.#next;
    if (!follows) this.#blocks = [];
    else this.#blocks.push({ height: number, builder: proposer, sealers: this.#sealers });
    if (this.#blocks.length > SKIP_WINDOW_BLOCKS) this.#blocks.shift();
    // Most blocks leave the sealers as they were; the list is kept once.
    if (!isSame(this.#sealers, nextSealers)) this.#sealers = nextSealers;
    this.#next = number + 1;
  }

  /**
   * Who is passed over at the height after the head.
   * @returns undefined when headers of the window are missing: whoever cannot know it must not take part in the height
   */
  skippedNext(): readonly Address[] | undefined {
    const height = this.#next;
    if (this.#blocks.length < Math.min(height - 1, SKIP_WINDOW_BLOCKS)) return undefined;
    return skippedProposers({ height, sealers: this.#sealers }, this.#blocks);
  }

  /** The height that {@link skippedNext} is about. */
  get nextHeight(): number {
    return this.#next;
  }

  /** True when this node sealed one of these blocks' heights. */
  wasSealer(address: Address): boolean {
    return this.#blocks.some(({ sealers }) => sealers.includes(address));
  }
}

function isSame(left: readonly Address[], right: readonly Address[]): boolean {
  return left === right || (left.length === right.length && left.every((address, at) => address === right[at]));
}
