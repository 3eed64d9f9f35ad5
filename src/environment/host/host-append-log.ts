import { type FileHandle, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TreadleError } from '../../errors.ts';
import { checkOpen, checkRecordSize } from '../disk-names.ts';
import type { AppendLog, Logger, Metrics } from '../environment.ts';
import { replaceFile, syncFolder } from './files.ts';
import { encodeRecord, readRecords } from './log-format.ts';

export interface LogDependencies {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly onClose: () => void;
}

/** A log in a file. Overlapping syncs share a flush: one is under way, one more is planned behind it. */
export class HostAppendLog implements AppendLog {
  private readonly path: string;
  private readonly with: LogDependencies;
  private handle: FileHandle;
  /** Encoded records that no flush has taken yet. */
  private waiting: Buffer[] = [];
  /** The flush that will take what waits now; undefined when none is planned. */
  private planned: Promise<void> | undefined;
  /** The write planned last. Writes follow one another. */
  private last: Promise<void> = Promise.resolve();
  /** After a failed write nobody knows what the disk holds: nothing is written any more. */
  private failure: TreadleError | undefined;
  private closed = false;

  private constructor(path: string, handle: FileHandle, dependencies: LogDependencies) {
    this.path = path;
    this.handle = handle;
    this.with = dependencies;
  }

  /** @throws TreadleError DISK_LOG_DAMAGED */
  static async open(path: string, dependencies: LogDependencies): Promise<HostAppendLog> {
    const handle = await open(path, 'a+');
    try {
      await syncFolder(dirname(path));
      const bytes = await readFile(path);
      const { validBytes, damagedAt } = readRecords(bytes);
      if (damagedAt !== undefined) {
        const detail = `the record at byte ${damagedAt} of ${path} is damaged`;
        throw new TreadleError('DISK_LOG_DAMAGED', { detail, data: { file: path, byte: damagedAt } });
      }
      if (validBytes < bytes.length) {
        dependencies.metrics.count('disk_log_torn_total');
        dependencies.log.warn('log_tail_cut', { file: path, bytes: bytes.length - validBytes });
        await handle.truncate(validBytes);
        await handle.sync();
      }
    } catch (error) {
      await handle.close();
      throw error;
    }
    return new HostAppendLog(path, handle, dependencies);
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
    this.waiting = [];
    this.planned = undefined;
    return this.enqueue(async () => {
      await replaceFile(this.path, encoded);
      await this.handle.close();
      this.handle = await open(this.path, 'a+');
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
      await this.handle.appendFile(Buffer.concat(batch));
      await this.handle.datasync();
      this.with.metrics.count('disk_log_syncs_total');
    });
    return this.planned;
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
      this.failure = new TreadleError('DISK_WRITE_FAILED', {
        detail: `${this.path} could not be written: ${String(cause)}`,
        cause,
      });
      this.with.log.error('log_write_failed', { file: this.path, error: String(cause) });
      throw this.failure;
    }
  }
}
