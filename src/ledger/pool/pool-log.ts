import type { Hex } from '../../crypto/index.ts';
import type { AppendLog, Disk } from '../../environment/index.ts';
import { hasCode } from '../../errors.ts';
import { POOL_LOG_DEAD_BYTES_MAX, POOL_LOG_DEAD_RECORDS_MAX } from '../../limits.ts';
import type { SignedTransaction } from './transaction-codec.ts';

/**
 * The transactions that this node acknowledged to a client and that are in no block yet, on disk, so that a crash of
 * every node at once loses none of them.
 */
export class PoolLog {
  private readonly log: AppendLog;
  private readonly live = new Map<Hex, Uint8Array>();
  private records = 0;
  /** Of the records in the log, and of those that are live. */
  private readonly bytes = { stored: 0, live: 0 };
  private rewriting: Promise<void> | undefined;

  private constructor(log: AppendLog) {
    this.log = log;
  }

  /** Damaged records are lost, and no others; `damaged` says at how many places there were some. */
  static async open(
    disk: Disk,
  ): Promise<{ readonly poolLog: PoolLog; readonly recovered: readonly Uint8Array[]; readonly damaged: number }> {
    const log = await disk.log('pool', { salvage: true });
    const poolLog = new PoolLog(log);
    const recovered = await log.records();
    poolLog.records = recovered.length;
    poolLog.bytes.stored = sizeOf(recovered);
    const { damaged } = log.findings;
    if (damaged > 0) await whenThereIsRoom(log.rewrite(recovered));
    return { poolLog, recovered, damaged };
  }

  /** Transactions that wait for a block. */
  get waiting(): number {
    return this.live.size;
  }

  has(hash: Hex): boolean {
    return this.live.has(hash);
  }

  /** Resolves when the transactions would survive a power cut: one flush for all of them, shared with others that overlap. */
  async keep(...transactions: readonly SignedTransaction[]): Promise<void> {
    // A rewrite replaces the file: what is appended meanwhile could be lost with the old one.
    while (this.rewriting !== undefined) await this.rewriting;
    for (const { hash, raw } of transactions) {
      if (this.live.has(hash)) continue;
      this.live.set(hash, raw);
      this.log.append(raw);
      this.records += 1;
      this.bytes.stored += raw.length;
      this.bytes.live += raw.length;
    }
    if (transactions.length > 0) await this.log.sync();
  }

  /** Says that a record which is in the log already, or was, is live. */
  recall(signed: SignedTransaction): void {
    if (this.live.has(signed.hash)) return;
    this.live.set(signed.hash, signed.raw);
    this.bytes.live += signed.raw.length;
  }

  /** Says that these are needed no more; now and then the log is written anew without them. */
  async release(hashes: Iterable<Hex>): Promise<void> {
    for (const hash of hashes) {
      this.bytes.live -= this.live.get(hash)?.length ?? 0;
      this.live.delete(hash);
    }
    const isMostlyAlive =
      this.records - this.live.size <= POOL_LOG_DEAD_RECORDS_MAX &&
      this.bytes.stored - this.bytes.live <= POOL_LOG_DEAD_BYTES_MAX;
    if (this.rewriting !== undefined || isMostlyAlive) return;
    this.rewriting = whenThereIsRoom(this.rewrite());
    await this.rewriting;
  }

  async close(): Promise<void> {
    await this.rewriting;
    await this.log.close();
  }

  private async rewrite(): Promise<void> {
    const records = [...this.live.values()];
    try {
      await this.log.rewrite(records);
      this.records = records.length;
      this.bytes.stored = sizeOf(records);
    } finally {
      this.rewriting = undefined;
    }
  }
}

function sizeOf(records: readonly Uint8Array[]): number {
  return records.reduce((sum, { length }) => sum + length, 0);
}

/** The log goes on as it is where there is no room for a new one: the next occasion tries again. */
async function whenThereIsRoom(rewriting: Promise<void>): Promise<void> {
  try {
    await rewriting;
  } catch (error) {
    if (!hasCode(error, 'DISK_FULL')) throw error;
  }
}
