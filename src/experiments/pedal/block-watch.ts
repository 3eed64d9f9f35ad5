import type { Hex } from '../../crypto/index.ts';
import type { Micros } from '../../environment/index.ts';
import type { World } from '../../environment/sim/index.ts';
import type { BlockRecord, Ledger, ReceiptRecord } from '../../ledger/index.ts';

/** A final block, with when the first sealer had it. */
export interface SeenBlock {
  readonly block: BlockRecord;
  readonly receipts: readonly ReceiptRecord[];
  readonly seenMicros: Micros;
}

/** The chain as all sealers together tell it: every block once, in order, whoever crashes. */
export class BlockWatch {
  readonly #world: () => World;
  readonly #hashes = new Map<number, Hex>();
  readonly #ahead = new Map<number, SeenBlock>();
  readonly #listeners: ((seen: SeenBlock) => void)[] = [];
  readonly #forked = new Set<number>();
  #next = 1;

  constructor(world: () => World) {
    this.#world = world;
  }

  /** Heights at which two sealers hold different blocks. */
  get forks(): number {
    return this.#forked.size;
  }

  get height(): number {
    return this.#next - 1;
  }

  /** Returns what ends the listening. */
  onBlock(listener: (seen: SeenBlock) => void): () => void {
    this.#listeners.push(listener);
    return () => {
      const at = this.#listeners.indexOf(listener);
      if (at >= 0) this.#listeners.splice(at, 1);
    };
  }

  /** Follows one life of a sealer. */
  follow(ledger: Ledger): void {
    ledger.onHead((block, receipts) => {
      this.#take({ block, receipts, seenMicros: this.#world().now });
      for (let missing = this.#next; missing < block.header.number; missing++) void this.#fetch(ledger, missing);
    });
  }

  /** Blocks that a sealer had just before it lost power are told by its ledger only. */
  async #fetch(ledger: Ledger, number: number): Promise<void> {
    const [block, receipts] = await Promise.all([ledger.block(number), ledger.receipts(number)]);
    if (block !== undefined && receipts !== undefined) this.#take({ block, receipts, seenMicros: this.#world().now });
  }

  #take(seen: SeenBlock): void {
    const { number, hash } = seen.block.header;
    const known = this.#hashes.get(number);
    if (known !== undefined) {
      if (known !== hash) this.#forked.add(number);
      return;
    }
    this.#hashes.set(number, hash);
    this.#ahead.set(number, seen);
    for (let next = this.#ahead.get(this.#next); next !== undefined; next = this.#ahead.get(this.#next)) {
      this.#ahead.delete(this.#next);
      this.#next += 1;
      for (const listener of this.#listeners) listener(next);
    }
  }
}
