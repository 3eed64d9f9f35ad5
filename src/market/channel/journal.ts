import { encode, type Input } from '@ethereumjs/rlp';
import { type RlpReader, readRlp } from '../../crypto/index.ts';
import type { AppendLog, Disk } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import { VOUCHER_BOOK_SLACK_RECORDS } from '../../limits.ts';

/** A state that is kept as records: {@link Journal} replays them when it opens and asks for new ones when it compacts. */
export interface JournalSection {
  /** Tells the section's records from those of others in the same file. */
  readonly tag: number;
  /** Applies a record that was on disk. It has been applied before, so whatever does not fit is damage. */
  replay(record: RlpReader): void;
  /** The records from which `replay` would build the present state. */
  snapshot(): readonly Input[][];
}

/** A file of records shared by the books of one node; their order on disk is the order in which they were written. */
export interface Journal {
  /** Queues a record; returns its place in the order. */
  append(section: JournalSection, record: Input[]): number;
  /** Resolves when everything appended so far is on disk. Calls that overlap share a flush. */
  durable(): Promise<void>;
  /** True when the record at this place, or whatever replaced it, is on disk. */
  isDurable(place: number): boolean;
  /** Records on disk or on their way, for tests and status. */
  readonly records: number;
  close(): Promise<void>;
}

/**
 * Opens the journal `name` and replays it into its sections. The disk cuts off a record that a crash left half-written;
 * such a record was never acknowledged.
 *
 * @throws TreadleError DISK_LOG_DAMAGED when a record before the tail is damaged
 */
export async function openJournal(disk: Disk, name: string, sections: readonly JournalSection[]): Promise<Journal> {
  const log = await disk.log(name);
  const stored = await log.records();
  for (const record of stored) replay(name, sections, record);
  return writer(log, sections, stored.length);
}

function replay(name: string, sections: readonly JournalSection[], record: Uint8Array): void {
  const reader = readRlp(record, `journal ${name}`);
  const tag = reader.integer('section', 255);
  const section = sections.find((candidate) => candidate.tag === tag);
  if (section === undefined)
    throw new TreadleError('MESSAGE_MALFORMED', { detail: `journal ${name}: section ${tag} is unknown` });
  section.replay(reader);
}

function writer(log: AppendLog, sections: readonly JournalSection[], stored: number): Journal {
  let records = stored;
  let live = sections.reduce((sum, section) => sum + section.snapshot().length, 0);
  let appended = 0;
  let durableUpTo = 0;
  let rewriting: Promise<void> | undefined;
  // A log that is being rewritten would lose what is appended and flushed meanwhile: such records wait here.
  let held: Uint8Array[] = [];

  async function compact(): Promise<void> {
    const snapshot = sections.flatMap((section) => section.snapshot().map((record) => encode([BigInt(section.tag), ...record])));
    const upTo = appended;
    try {
      // Flushed first, so that no record that the snapshot already contains can reach the new file after it.
      await log.sync();
      await log.rewrite(snapshot);
      durableUpTo = Math.max(durableUpTo, upTo);
      live = snapshot.length;
      records = live + held.length;
    } finally {
      for (const record of held) log.append(record);
      held = [];
      rewriting = undefined;
    }
  }

  function compactWhenLarge(): void {
    if (rewriting !== undefined || records - live < live + VOUCHER_BOOK_SLACK_RECORDS) return;
    rewriting = compact();
    // Whoever waits in `durable` sees the failure; here it must only not go unhandled.
    rewriting.catch(() => undefined);
  }

  async function durable(): Promise<void> {
    const upTo = appended;
    while (durableUpTo < upTo) {
      if (rewriting !== undefined) {
        await rewriting;
        continue;
      }
      const flushed = appended;
      await log.sync();
      durableUpTo = Math.max(durableUpTo, flushed);
    }
    compactWhenLarge();
  }

  return {
    append(section, record) {
      const bytes = encode([BigInt(section.tag), ...record]);
      if (rewriting === undefined) log.append(bytes);
      else held.push(bytes);
      records++;
      return ++appended;
    },
    durable,
    isDurable: (place) => place <= durableUpTo,
    get records() {
      return records;
    },
    async close() {
      await rewriting;
      await log.close();
    },
  };
}
