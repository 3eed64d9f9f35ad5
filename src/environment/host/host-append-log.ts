import { type FileHandle, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TreadleError } from '../../errors.ts';
import { checkOpen, checkRecordSize, diskFull } from '../disk-names.ts';
import type { AppendLog, LogFindings, Logger, Metrics } from '../environment.ts';
import { isDiskFull, replaceFile, syncFolder } from './files.ts';
import type { FreeRoom } from './free-room.ts';
import { encodeRecord, readRecords } from './log-format.ts';

export interface LogDependencies {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly room: FreeRoom;
  /** Open it although its middle is damaged. */
  readonly salvage: boolean;
  readonly onClose: () => void;
}

interface Opened {
  readonly handle: FileHandle;
  readonly lengthBytes: number;
  readonly findings: LogFindings;
}

/** A log in a file. Overlapping syncs share a flush: one is under way, one more is planned behind it. */
export class HostAppendLog implements AppendLog {
  readonly findings: LogFindings;
  private readonly path: string;
  private readonly with: LogDependencies;
  private handle: FileHandle;
  /** Bytes of whole records in the file: a write that fails is cut back to here. */
  private lengthBytes: number;
  /** Encoded records that no flush has taken yet. */
  private waiting: Buffer[] = [];
  /** The flush that will take what waits now; undefined when none is planned. */
  private planned: Promise<void> | undefined;
  /** The write planned last. Writes follow one another. */
  private last: Promise<void> = Promise.resolve();
  /** After a failed write nobody knows what the disk holds: nothing is written any more. */
  private failure: TreadleError | undefined;
  private closed = false;

  private constructor(path: string, opened: Opened, dependencies: LogDependencies) {
    this.path = path;
    this.handle = opened.handle;
    this.lengthBytes = opened.lengthBytes;
    this.findings = opened.findings;
    this.with = dependencies;
  }

  /** @throws TreadleError DISK_LOG_DAMAGED */
  static async open(path: string, dependencies: LogDependencies): Promise<HostAppendLog> {
    const { log, metrics, salvage } = dependencies;
    const handle = await open(path, 'a+');
    try {
      await syncFolder(dirname(path));
      const bytes = await readFile(path);
      const { validBytes, damagedAt } = readRecords(bytes);
      const [first] = damagedAt;
      if (first !== undefined && !salvage) {
        const detail = `the record at byte ${first} of ${path} is damaged`;
        throw new TreadleError('DISK_LOG_DAMAGED', { detail, data: { file: path, byte: first } });
      }
      if (first !== undefined) {
        metrics.count('disk_log_damaged_total', damagedAt.length);
        log.error('log_damaged', { file: path, places: damagedAt.length });
      }
      if (validBytes < bytes.length) {
        metrics.count('disk_log_torn_total');
        log.warn('log_tail_cut', { file: path, bytes: bytes.length - validBytes });
        await handle.truncate(validBytes);
        await handle.sync();
      }
      const findings = { damaged: damagedAt.length, cut: bytes.length - validBytes };
      return new HostAppendLog(path, { handle, lengthBytes: validBytes, findings }, dependencies);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  append(record: Uint8Array): void {
    checkOpen(this.closed, this.path);
    checkRecordSize(record);
    this.waiting.push(encodeRecord(record));
  }

  async sync(): Promise<void> {
    checkOpen(this.closed, this.path);
    return this.flush();
  }

  async records(): Promise<Uint8Array[]> {
    checkOpen(this.closed, this.path);
    await this.flush();
    return [...readRecords(await readFile(this.path)).records];
  }

  async rewrite(records: readonly Uint8Array[]): Promise<void> {
    checkOpen(this.closed, this.path);
    for (const record of records) checkRecordSize(record);
    const encoded = records.map(encodeRecord);
    // What was appended so far is replaced; what is appended from now on comes behind, in a flush of its own.
    const replaced = this.waiting;
    this.waiting = [];
    this.planned = undefined;
    return this.enqueue(async () => {
      try {
        await this.with.room.check(this.path);
        await replaceFile(this.path, encoded);
      } catch (error) {
        // The old file stays, and what would have been replaced waits for its turn again.
        this.waiting.unshift(...replaced);
        throw error;
      }
      await this.handle.close();
      this.handle = await open(this.path, 'a+');
      this.lengthBytes = encoded.reduce((sum, { length }) => sum + length, 0);
    });
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    try {
      await this.flush();
    } finally {
      await this.handle.close();
      this.with.onClose();
    }
  }

  private flush(): Promise<void> {
    if (this.waiting.length === 0) return this.last;
    const batch = this.waiting;
    this.planned ??= this.enqueue(async () => {
      if (this.waiting === batch) {
        this.waiting = [];
        this.planned = undefined;
      }
      await this.write(batch);
    });
    return this.planned;
  }

  /** Writes records, all of them or none. What finds no room waits for the next flush. */
  private async write(batch: readonly Buffer[]): Promise<void> {
    const bytes = Buffer.concat(batch);
    try {
      await this.with.room.check(this.path);
      await this.handle.appendFile(bytes);
      await this.handle.datasync();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      await this.handle.truncate(this.lengthBytes);
      this.waiting.unshift(...batch);
      throw error;
    }
    this.lengthBytes += bytes.length;
    this.with.metrics.count('disk_log_syncs_total');
  }

  private enqueue(write: () => Promise<void>): Promise<void> {
    const before = this.last.catch(() => {});
    this.last = before.then(() => this.guard(write));
    // Whoever waits for this write hears of its failure; nobody has to.
    this.last.catch(() => {});
    return this.last;
  }

  private async guard(write: () => Promise<void>): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    try {
      await write();
    } catch (cause) {
      if (isDiskFull(cause)) {
        this.with.log.error('log_disk_full', { file: this.path });
        throw diskFull(this.path, cause);
      }
      this.failure = new TreadleError('DISK_WRITE_FAILED', {
        detail: `${this.path} could not be written: ${String(cause)}`,
        cause,
      });
      this.with.log.error('log_write_failed', { file: this.path, error: String(cause) });
      throw this.failure;
    }
  }
}
