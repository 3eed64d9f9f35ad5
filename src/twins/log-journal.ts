import type { Hex } from '../crypto/index.ts';
import type { AppendLog, Disk } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import type { AnchorSegment } from './checkpoint.ts';
import { decodeBundle, encodeBundle } from './entry-bundle.ts';
import './errors.ts';

/** What a telemetry log is after the entries that its tiles hold. */
export interface LogState {
  readonly size: number;
  readonly root: Hex;
  /** What stands on the ledger as far as the log knows. */
  readonly anchored: AnchoredState;
  /** A segment that may have been sent. Only this one is sent until it stands on the ledger. */
  readonly open?: OpenSegment;
}

export interface AnchoredState {
  readonly size: number;
  readonly segments: number;
  readonly head: Hex;
  readonly toMs: number;
}

export interface OpenSegment extends AnchorSegment {
  /** Size of the tree with it. */
  readonly size: number;
}

const STATE = 0;
const ENTRIES = 1;
/** Bytes of entries in one record. */
const RECORD_BYTES = 1024 * 1024;

/**
 * The journal of a telemetry log: its state, and the entries that it has accepted since. It is short: entries leave it once
 * their tiles are stored.
 */
export class LogJournal {
  readonly #log: AppendLog;
  readonly #origin: string;

  private constructor(log: AppendLog, origin: string) {
    this.#log = log;
    this.#origin = origin;
  }

  /** @throws TreadleError TWINS_LOG_DAMAGED when the journal is another log's, or malformed */
  static async open(
    disk: Disk,
    name: string,
    origin: string,
  ): Promise<{ readonly journal: LogJournal; readonly state: LogState | undefined; readonly entries: Uint8Array[] }> {
    const log = await disk.log(name);
    const journal = new LogJournal(log, origin);
    let state: LogState | undefined;
    const entries: Uint8Array[] = [];
    for (const record of await log.records()) {
      const content = record.subarray(1);
      if (record[0] === ENTRIES) entries.push(...decodeBundle(content));
      else state = journal.#readState(content);
    }
    return { journal, state, entries };
  }

  #readState(content: Uint8Array): LogState {
    const { origin, ...state } = JSON.parse(new TextDecoder().decode(content)) as LogState & { readonly origin: string };
    if (origin === this.#origin) return state;
    throw new TreadleError('TWINS_LOG_DAMAGED', { detail: `the journal is of the log "${origin}", not of "${this.#origin}"` });
  }

  /** Queues entries; durable after {@link sync}. */
  append(entries: readonly Uint8Array[]): void {
    for (const record of entryRecords(entries)) this.#log.append(record);
  }

  sync(): Promise<void> {
    return this.#log.sync();
  }

  /** Replaces everything by this state and these entries, atomically; what is appended meanwhile comes behind them. */
  rewrite(state: LogState, entries: readonly Uint8Array[]): Promise<void> {
    const text = new TextEncoder().encode(JSON.stringify({ origin: this.#origin, ...state }));
    return this.#log.rewrite([tagged(STATE, text), ...entryRecords(entries)]);
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}

function entryRecords(entries: readonly Uint8Array[]): Uint8Array[] {
  const records: Uint8Array[] = [];
  let [from, sizeBytes] = [0, 0];
  for (const [at, { length }] of entries.entries()) {
    sizeBytes += length;
    if (sizeBytes < RECORD_BYTES && at < entries.length - 1) continue;
    records.push(tagged(ENTRIES, encodeBundle(entries.slice(from, at + 1))));
    [from, sizeBytes] = [at + 1, 0];
  }
  return records;
}

function tagged(tag: number, content: Uint8Array): Uint8Array {
  const record = new Uint8Array(content.length + 1);
  record[0] = tag;
  record.set(content, 1);
  return record;
}
