import { proposerOf } from '../../consensus/index.ts';
import type { Address, Hex } from '../../crypto/index.ts';
import type { BlockRecord, ReceiptRecord } from '../../ledger/index.ts';
import { TIMESTAMP_DRIFT_MS_MAX } from '../../limits.ts';
import type { LedgerNode } from '../../node/index.ts';
import type { FaultSeat } from './fault-cluster.ts';
import type { Verdict } from './verdict.ts';

/** A block as the run saw it first. */
export interface SeenBlock {
  readonly number: number;
  readonly hash: Hex;
  readonly stateRoot: Hex;
  readonly round: number;
  readonly proposer: Address;
  /** Its round is 0 and the sealer whose turn it was by order alone was passed over. */
  readonly passedOver: boolean;
  readonly atMicros: number;
  readonly transactions: number;
}

/** Called with a block, the transactions in it, the block itself and its receipts. */
export type BlockListener = (
  block: SeenBlock,
  transactions: readonly Hex[],
  record: BlockRecord,
  receipts: readonly ReceiptRecord[],
) => void;

export interface ChainWatchOptions {
  readonly verdict: Verdict;
  readonly now: () => number;
  /** By how much an honest clock may be wrong in this run. */
  readonly skewMicros: () => number;
}

/**
 * Sees every block that an honest node commits, in the moment in which it does: a fork is found even when one of the
 * two nodes later loses its disk.
 */
export class ChainWatch {
  /** By number, from 1. */
  readonly blocks: SeenBlock[] = [];
  /** Transaction to the number of the block that holds it. */
  readonly included = new Map<Hex, number>();
  readonly #options: ChainWatchOptions;
  readonly #listeners: BlockListener[] = [];
  /** Of the next height. */
  #sealers: readonly Hex[] = [];

  constructor(options: ChainWatchOptions) {
    this.#options = options;
  }

  get height(): number {
    return this.blocks.length;
  }

  /** Called for every block when the first honest node has it. */
  onBlock(listener: BlockListener): void {
    this.#listeners.push(listener);
  }

  attach(node: LedgerNode, seat: FaultSeat): void {
    node.full.ledger.onHead((block, receipts) => this.#committed(seat, block, receipts));
  }

  #committed(seat: FaultSeat, block: BlockRecord, receipts: readonly ReceiptRecord[]): void {
    const { number, hash } = block.header;
    const known = this.blocks[number - 1];
    if (known !== undefined) {
      if (known.hash !== hash)
        this.#options.verdict.violated('fork', `${seat.name} has ${hash} at ${number}, others ${known.hash}`);
      return;
    }
    if (number !== this.blocks.length + 1) {
      this.#options.verdict.violated('gap', `${seat.name} committed ${number} while nobody has ${this.blocks.length + 1}`);
      return;
    }
    this.#checkTimestamp(block);
    for (const { transactionHash } of receipts) {
      const before = this.included.get(transactionHash);
      if (before !== undefined) {
        this.#options.verdict.violated('twice', `transaction ${transactionHash} stands in blocks ${before} and ${number}`);
      }
      this.included.set(transactionHash, number);
    }
    const round = block.certificate?.round ?? 0;
    const seen: SeenBlock = {
      number,
      hash,
      stateRoot: block.header.stateRoot,
      round,
      proposer: block.header.proposer,
      passedOver:
        round === 0 && this.#sealers.length > 0 && proposerOf(this.#sealers, { height: number, round }) !== block.header.proposer,
      atMicros: this.#options.now(),
      transactions: receipts.length,
    };
    this.blocks.push(seen);
    this.#sealers = block.header.nextSealers;
    const hashes = receipts.map(({ transactionHash }) => transactionHash);
    for (const listener of this.#listeners) listener(seen, hashes, block, receipts);
  }

  /** A quorum's honest part accepted it, so it lies no further ahead than the drift that the rules allow and the clocks' error. */
  #checkTimestamp({ header }: BlockRecord): void {
    const latestMs = (this.#options.now() + this.#options.skewMicros()) / 1000 + TIMESTAMP_DRIFT_MS_MAX;
    if (header.timestampMs <= latestMs) return;
    this.#options.verdict.violated(
      'timestamp',
      `block ${header.number} is dated ${Math.round(header.timestampMs - latestMs)} ms later than any honest clock allows`,
    );
  }
}
