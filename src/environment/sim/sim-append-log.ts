import { TreadleError } from '../../errors.ts';
import { checkOpen, checkRecordSize } from '../disk-names.ts';
import type { AppendLog, Micros, RandomStream } from '../environment.ts';
import { type Incarnation, never } from './incarnation.ts';
import { EventKind } from './kernel.ts';

/** A record as the platter holds it; a damaged one fails its checksum. */
interface StoredRecord {
  readonly bytes: Uint8Array;
  readonly damaged: boolean;
}

/** What of a log would survive a power cut, and what would not. */
export class StoredLog {
  durable: StoredRecord[] = [];
  unsynced: Uint8Array[] = [];
  open = false;

  /** A crash: unsynced records are gone. When `torn`, a random prefix of them survives, and of the next one a part. */
  crash(torn: RandomStream | undefined): void {
    this.open = false;
    if (torn !== undefined && this.unsynced.length > 0) {
      const whole = torn.integer(this.unsynced.length);
      for (const bytes of this.unsynced.slice(0, whole)) this.durable.push({ bytes, damaged: false });
      const half = this.unsynced[whole] as Uint8Array;
      this.durable.push({ bytes: half.subarray(0, torn.integer(half.length)), damaged: true });
    }
    this.unsynced = [];
  }

  /** Spoils a stored record, as a failing disk does. */
  damage(index: number): void {
    const record = this.durable[index];
    if (record === undefined) throw new RangeError(`the log has no record ${index}`);
    this.durable[index] = { bytes: record.bytes, damaged: true };
  }

  /**
   * Cuts off the torn tail; returns how many records that cost.
   * @throws TreadleError DISK_LOG_DAMAGED when a valid record follows a damaged one
   */
  recover(name: string): number {
    const first = this.durable.findIndex((record) => record.damaged);
    if (first < 0) return 0;
    if (this.durable.slice(first).some((record) => !record.damaged)) {
      throw new TreadleError('DISK_LOG_DAMAGED', {
        detail: `record ${first} of log ${name} is damaged`,
        data: { log: name, record: first },
      });
    }
    return this.durable.splice(first).length;
  }
}

/** A log on the simulated disk. Overlapping syncs share a flush: one is under way, one more is planned behind it. */
export function simAppendLog(life: Incarnation, name: string, stored: StoredLog, syncMicros: Micros): AppendLog {
  let closed = false;
  let flushing: Promise<void> | undefined;
  let planned: Promise<void> | undefined;
  let count = 0;
  const flush = (): Promise<void> => {
    count = stored.unsynced.length;
    flushing = life.later(syncMicros, EventKind.disk, () => {
      for (const bytes of stored.unsynced.splice(0, count)) stored.durable.push({ bytes, damaged: false });
      flushing = undefined;
    });
    return flushing;
  };
  const sync = (): Promise<void> => {
    if (!life.alive) return never();
    if (flushing === undefined) return stored.unsynced.length === 0 ? Promise.resolve() : flush();
    if (stored.unsynced.length === count) return flushing;
    planned ??= flushing.then(() => {
      planned = undefined;
      return flush();
    });
    return planned;
  };
  return {
    append: (record) => {
      checkOpen(closed, name);
      checkRecordSize(record);
      if (life.alive) stored.unsynced.push(new Uint8Array(record));
    },
    sync: async () => {
      checkOpen(closed, name);
      await sync();
    },
    records: async () => {
      checkOpen(closed, name);
      if (!life.alive) return never();
      return [...stored.durable.map((record) => record.bytes), ...stored.unsynced];
    },
    rewrite: async (records) => {
      checkOpen(closed, name);
      records.forEach(checkRecordSize);
      const copies = records.map((record) => ({ bytes: new Uint8Array(record), damaged: false }));
      // What was appended so far is replaced; what is appended from now on comes behind.
      const replaced = new Set([...stored.durable.map((record) => record.bytes), ...stored.unsynced]);
      await sync();
      await life.later(syncMicros, EventKind.disk, () => {
        stored.durable = [...copies, ...stored.durable.filter((record) => !replaced.has(record.bytes))];
      });
    },
    close: async () => {
      if (closed) return;
      await sync();
      closed = true;
      stored.open = false;
    },
  };
}
