import { equalBytes } from '../../crypto/index.ts';
import type { Logger, Metrics, Table } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import { SCRUB_INTERVAL_MICROS, SCRUB_STEP_RECORDS } from '../../limits.ts';
import type { ChainHead } from '../chain/chain-head.ts';
import { blockNumberOf, meaningOf, numberKey } from '../chain/chain-keys.ts';
import type { ChainStore } from '../chain/chain-store.ts';
import type { Pauses } from './pauses.ts';
import type { Repair } from './repair.ts';

export interface ScrubOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly table: Table;
  readonly store: ChainStore;
  readonly head: ChainHead;
  readonly repair: Repair;
  readonly pauses: Pauses;
}

/**
 * Reads everything that is stored, a little at a time and again and again, so that rot is found and mended while peers
 * still have what it spoilt, and not only when it is needed.
 */
export class Scrub {
  private readonly options: ScrubOptions;
  private from: Uint8Array = new Uint8Array(0);
  private running: Promise<void> | undefined;
  /** The number that the pass has seen last of each kind of record that has no gaps. */
  private readonly lastNumbers = new Map<number, number>();

  constructor(options: ScrubOptions) {
    this.options = options;
  }

  start(): void {
    const again = (): void => {
      this.running = this.step().finally(() => {
        this.running = undefined;
        this.options.pauses.after(SCRUB_INTERVAL_MICROS, again, 'scrub');
      });
    };
    this.options.pauses.after(SCRUB_INTERVAL_MICROS, again, 'scrub');
  }

  /** Resolves when no step is under way. */
  async idle(): Promise<void> {
    await this.running;
  }

  /** Reads and mends the next records; at the end of the table it begins again. */
  async step(limit = SCRUB_STEP_RECORDS): Promise<void> {
    const { table, metrics, log, pauses } = this.options;
    const damaged: Uint8Array[] = [];
    let keys: readonly Uint8Array[] = [];
    let read = 0;
    try {
      const range = { from: this.from, limit, onDamaged: (key: Uint8Array) => void damaged.push(key) };
      keys = await table.keys(range);
      read = keys.length + damaged.length;
      metrics.count('storage_scrubbed_total', read);
      for (const key of keys) this.noteGap(key, damaged);
      for (const key of damaged) if (!pauses.closed) await this.mend(key);
    } catch (error) {
      if (!pauses.closed) log.warn('scrub-failed', { reason: String(error) });
    }
    const end = [keys.at(-1), ...damaged].reduce((left, right) => (isAfter(right, left) ? right : left));
    const isWhole = read < limit || end === undefined;
    this.from = isWhole ? new Uint8Array(0) : Uint8Array.of(...end, 0);
    if (!isWhole) return;
    metrics.count('storage_scrubs_total');
    this.lastNumbers.clear();
  }

  /** Headers, bodies and receipts have no gaps: a record whose key rotted is found by the hole that it leaves. */
  private noteGap(key: Uint8Array, damaged: Uint8Array[]): void {
    const found = blockNumberOf(key);
    if (found === undefined) return;
    const prefix = key[0] as number;
    const last = this.lastNumbers.get(prefix) ?? found;
    for (let number = last + 1; number < found && damaged.length < SCRUB_STEP_RECORDS; number++) {
      const hole = numberKey(prefix, number);
      if (!damaged.some((known) => equalBytes(known, hole))) damaged.push(hole);
    }
    this.lastNumbers.set(prefix, found);
  }

  private async mend(key: Uint8Array): Promise<void> {
    const { store, head, repair } = this.options;
    const meaning = meaningOf(key);
    const { number, hash } = head.header;
    try {
      switch (meaning.kind) {
        case 'header':
          // What is above the head comes again when it is needed.
          if (meaning.number <= number) await store.header(meaning.number);
          return;
        case 'body':
          if (meaning.number <= number && meaning.number >= store.firstBlock) await store.body(meaning.number);
          return;
        case 'outcomes':
          if (meaning.number <= number && meaning.number >= store.firstBlock) await store.outcomes(meaning.number);
          return;
        case 'number':
          return void (await store.numberOf(meaning.hash));
        case 'place':
          return void (await store.place(meaning.hash));
        case 'state':
          return void (await repair.stateNode(meaning.hash.slice(2)));
        case 'head':
        case 'floor':
          return await store.restoreHead({ number, hash, transactionCount: head.transactionCount });
        case 'unknown':
          return;
      }
    } catch (error) {
      // Told by the repair; the next pass tries again.
      if (!(error instanceof TreadleError)) throw error;
    }
  }
}

function isAfter(key: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (key === undefined || other === undefined) return other === undefined;
  for (let at = 0; at < Math.min(key.length, other.length); at++) {
    if (key[at] !== other[at]) return (key[at] as number) > (other[at] as number);
  }
  return key.length > other.length;
}
