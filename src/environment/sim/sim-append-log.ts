import { TreadleError } from '../../errors.ts';
import { checkOpen, checkRecordSize, diskFull } from '../disk-names.ts';
import type { AppendLog, LogFindings, Micros, RandomStream } from '../environment.ts';
import { type Incarnation, never } from './incarnation.ts';
import { EventKind } from './kernel.ts';

/** A record as the platter holds it; a damaged one fails its checksum. */
interface StoredRecord {
  readonly bytes: Uint8Array;
  readonly damaged: boolean;
}

/** Whether the disk that something stands on has room. */
export interface Room {
  readonly full: boolean;
}

/** What of a log would survive a power cut, and what would not. */
export class StoredLog {
  durable: StoredRecord[] = [];
  unsynced: Uint8Array[] = [];
  open = false;

  get sizeBytes(): number {
    return this.durable.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** The same records on another disk. Stored bytes never change, so they are shared. */
  copy(): StoredLog {
    const copy = new StoredLog();
    copy.durable = [...this.durable];
    return copy;
  }

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
   * Cuts off the torn tail, and says what that cost.
   * @throws TreadleError DISK_LOG_DAMAGED when a valid record follows a damaged one and the log is not to be salvaged
   */
  recover(name: string, options: { readonly salvage: boolean }): LogFindings {
    const tail = this.durable.findLastIndex((record) => !record.damaged) + 1;
    const damaged = this.durable
      .slice(0, tail)
      .filter((record, at, before) => record.damaged && before[at - 1]?.damaged !== true);
    const first = this.durable.findIndex((record) => record.damaged);
    if (damaged.length > 0 && !options.salvage) {
      throw new TreadleError('DISK_LOG_DAMAGED', {
        detail: `record ${first} of log ${name} is damaged`,
        data: { log: name, record: first },
      });
    }
    return { damaged: damaged.length, cut: this.durable.splice(tail).length };
  }
}

/** A log on the simulated disk. Overlapping syncs share a flush: one is under way, one more is planned behind it. */
export function simAppendLog(
  life: Incarnation,
  name: string,
  stored: StoredLog,
  disk: { readonly room: Room; readonly syncMicros: Micros; readonly findings: LogFindings },
): AppendLog {
  const { room, syncMicros, findings } = disk;
  let closed = false;
  let flushing: Promise<void> | undefined;
  let planned: Promise<void> | undefined;
  let count = 0;
  const flush = (): Promise<void> => {
    count = stored.unsynced.length;
    flushing = life.later(syncMicros, EventKind.disk, () => {
      flushing = undefined;
      if (room.full) throw diskFull(`log ${name}`);
      for (const bytes of stored.unsynced.splice(0, count)) stored.durable.push({ bytes, damaged: false });
    });
    return flushing;
  };
  const sync = (): Promise<void> => {
    if (!life.alive) return never();
    if (flushing === undefined) return stored.unsynced.length === 0 ? Promise.resolve() : flush();
    if (stored.unsynced.length === count) return flushing;
    const next = (): Promise<void> => {
      planned = undefined;
      return flush();
    };
    planned ??= flushing.then(next, next);
    return planned;
  };
  return {
    findings,
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
      return [...stored.durable.filter((record) => !record.damaged).map((record) => record.bytes), ...stored.unsynced];
    },
    rewrite: async (records) => {
      checkOpen(closed, name);
      records.forEach(checkRecordSize);
      const copies = records.map((record) => ({ bytes: new Uint8Array(record), damaged: false }));
      // What was appended so far is replaced; what is appended from now on comes behind.
      const replaced = new Set([...stored.durable.map((record) => record.bytes), ...stored.unsynced]);
      await sync();
      await life.later(syncMicros, EventKind.disk, () => {
        if (room.full) throw diskFull(`log ${name}`);
        stored.durable = [...copies, ...stored.durable.filter((record) => !replaced.has(record.bytes))];
      });
    },
    close: async () => {
      if (closed) return;
      try {
        await sync();
      } finally {
        closed = true;
        stored.open = false;
      }
    },
  };
}
