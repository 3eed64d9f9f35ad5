import type { AppendLog, Disk } from '../../environment/index.ts';
import { ORACLE_ATTEMPTS_RESERVED } from '../../limits.ts';

const LOG = 'oracle-attempts';

/**
 * Numbers that a master puts on its proposals, each once, restarts included: two different proposals under one number cost it its
 * stake. They are reserved on disk in stretches; what a crash leaves unused is skipped.
 */
export class Attempts {
  readonly #log: AppendLog;
  #next: number;
  #reservedTo: number;
  #reserving: Promise<void> | undefined;

  private constructor(log: AppendLog, reservedTo: number) {
    this.#log = log;
    this.#next = reservedTo + 1;
    this.#reservedTo = reservedTo;
  }

  /** @throws TreadleError DISK_LOG_DAMAGED when a record before the tail cannot be read: numbers would come twice */
  static async open(disk: Disk): Promise<Attempts> {
    const log = await disk.log(LOG);
    const records = await log.records();
    const last = records.at(-1);
    return new Attempts(log, last === undefined ? 0 : new DataView(last.buffer, last.byteOffset).getUint32(0));
  }

  /** A number of 32 bits that was never given before. @throws TreadleError DISK_FULL | DISK_WRITE_FAILED */
  async next(): Promise<number> {
    while (this.#next > this.#reservedTo) {
      this.#reserving ??= this.#reserve();
      await this.#reserving;
    }
    return this.#next++;
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  async #reserve(): Promise<void> {
    try {
      const to = this.#reservedTo + ORACLE_ATTEMPTS_RESERVED;
      const record = new Uint8Array(4);
      new DataView(record.buffer).setUint32(0, to);
      await this.#log.rewrite([record]);
      this.#reservedTo = to;
    } finally {
      this.#reserving = undefined;
    }
  }
}
