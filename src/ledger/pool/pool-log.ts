import type { Hex } from '../../crypto/index.ts';
import type { AppendLog, Disk } from '../../environment/index.ts';
import { POOL_LOG_DEAD_RECORDS_MAX } from '../../limits.ts';
import type { SignedTransaction } from './transaction-codec.ts';

/**
 * The transactions that this node acknowledged to a client and that are in no block yet, on disk, so that a crash of
 * every node at once loses none of them.
 */
export class PoolLog {
  private readonly log: AppendLog;
  private readonly live = new Map<Hex, Uint8Array>();
  private records = 0;
  private rewriting: Promise<void> | undefined;

  private constructor(log: AppendLog) {
    this.log = log;
  }

  static async open(disk: Disk): Promise<{ readonly poolLog: PoolLog; readonly recovered: readonly Uint8Array[] }> {
    const poolLog = new PoolLog(await disk.log('pool'));
    const recovered = await poolLog.log.records();
    poolLog.records = recovered.length;
    return { poolLog, recovered };
  }

  /** Resolves when the transaction would survive a power cut. Records that overlap share one flush. */
  async keep(signed: SignedTransaction): Promise<void> {
    // A rewrite replaces the file: what is appended meanwhile could be lost with the old one.
    while (this.rewriting !== undefined) await this.rewriting;
    if (!this.live.has(signed.hash)) {
      this.live.set(signed.hash, signed.raw);
      this.log.append(signed.raw);
      this.records += 1;
    }
    await this.log.sync();
  }

  /** Says that a record which is in the log already, or was, is live. */
  recall(signed: SignedTransaction): void {
    this.live.set(signed.hash, signed.raw);
  }

  /** Says that these are needed no more; now and then the log is written anew without them. */
  async release(hashes: Iterable<Hex>): Promise<void> {
    for (const hash of hashes) this.live.delete(hash);
    if (this.rewriting !== undefined || this.records - this.live.size <= POOL_LOG_DEAD_RECORDS_MAX) return;
    this.rewriting = this.rewrite();
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
    } finally {
      this.rewriting = undefined;
    }
  }
}
