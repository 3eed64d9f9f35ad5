import type { Hex } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import { hasCode } from '../../errors.ts';
import {
  PRUNE_ABOVE_SHARE,
  PRUNE_DOWN_TO_SHARE,
  PRUNE_STEP_BLOCKS,
  STORAGE_MEASURE_MICROS,
  STORAGE_MEASURE_SHARE,
  SWEEP_ABOVE_SHARE,
} from '../../limits.ts';
import type { ChainStore } from '../chain/chain-store.ts';
import type { Header } from '../chain/header.ts';
import { decodeTransaction } from '../pool/transaction-codec.ts';
import type { Pauses } from './pauses.ts';
import type { StateSweep } from './state-sweep.ts';

export interface PrunerOptions {
  readonly environment: Environment;
  readonly chainId: number;
  readonly store: ChainStore;
  /** Absent where the state is not on this node's disk. */
  readonly sweep?: StateSweep;
  readonly head: () => Header;
  /** 0 for an archive: then it only measures. */
  readonly limitBytes: number;
  /** Latest blocks whose transactions stay. */
  readonly blocksKept: number;
  /** Deletes the body of a payload transaction whose block is dropped. */
  readonly dropPayload?: (root: Hex) => Promise<void>;
  readonly pauses: Pauses;
}

/**
 * Keeps the disk below the limit of the operator: when it fills up, state that nothing leads to goes first, then the oldest
 * blocks' transactions, receipts and payload bodies. Headers and certificates stay, and so do the latest blocks and states.
 */
export class Pruner {
  private readonly options: PrunerOptions;
  private running: Promise<void> | undefined;
  private writtenBytes = 0;
  private told = false;

  constructor(options: PrunerOptions) {
    this.options = options;
  }

  start(): void {
    const again = (): void => {
      this.run();
      this.options.pauses.after(STORAGE_MEASURE_MICROS, again, 'measure the storage');
    };
    this.options.pauses.after(STORAGE_MEASURE_MICROS, again, 'measure the storage');
  }

  /** A block was stored: after enough of them the disk is measured without waiting. */
  noteWritten(bytes: number): void {
    const { limitBytes } = this.options;
    this.writtenBytes += bytes;
    if (limitBytes > 0 && this.writtenBytes > limitBytes * STORAGE_MEASURE_SHARE) this.run();
  }

  /** Resolves when no step is under way. */
  async idle(): Promise<void> {
    await this.running;
  }

  private run(): void {
    if (this.options.pauses.closed) return;
    this.running ??= this.prune()
      .catch((error: unknown) => {
        // On a full disk deleting may fail as well; the next measurement tries again.
        if (!hasCode(error, 'DISK_FULL') && !hasCode(error, 'DISK_CLOSED'))
          this.options.environment.log.error('pruning-failed', { reason: String(error) });
      })
      .finally(() => {
        this.running = undefined;
      });
  }

  private async prune(): Promise<void> {
    const { limitBytes, sweep, store, pauses } = this.options;
    // What a stop in the middle of pruning, or a join by snapshot, has left below the floor.
    if (store.firstBlock > 0) await this.dropBelowFloor();
    let used = await this.measure();
    if (limitBytes === 0) return;
    if (sweep !== undefined && used > limitBytes * SWEEP_ABOVE_SHARE) {
      if (sweep.isReady && (await sweep.sweep()) > 0) used = await this.measure();
      // Marking takes long and needs blocks to follow: it runs beside what else there is to do.
      if (sweep.isDue) void sweep.mark();
    }
    if (used <= limitBytes * PRUNE_ABOVE_SHARE) return;
    while (used > limitBytes * PRUNE_DOWN_TO_SHARE && !pauses.closed) {
      const before = store.firstBlock;
      if (!(await this.dropOldest())) return this.tell(used);
      used = await this.measure();
      this.told = false;
      this.options.environment.log.info('blocks-pruned', { from: before, to: store.firstBlock - 1, usedBytes: used });
    }
  }

  /** Drops the transactions of the oldest blocks; false when all that is left must stay. */
  private async dropOldest(): Promise<boolean> {
    const { store, head, blocksKept } = this.options;
    const first = Math.min(store.firstBlock + PRUNE_STEP_BLOCKS, head().number - blocksKept + 1);
    if (first <= store.firstBlock) return false;
    await store.raiseFloor({ block: first });
    await this.dropBelowFloor();
    await store.compactContent();
    return true;
  }

  private async dropBelowFloor(): Promise<void> {
    const { store, chainId, dropPayload, pauses, environment } = this.options;
    for (;;) {
      const { blocks, transactions } = await store.dropContent(PRUNE_STEP_BLOCKS);
      for (const raw of dropPayload === undefined ? [] : transactions) {
        const { payload } = decodeTransaction(raw, chainId);
        if (payload !== undefined) await dropPayload?.(payload.root);
      }
      environment.metrics.count('storage_blocks_pruned_total', blocks);
      if (blocks < PRUNE_STEP_BLOCKS || pauses.closed) return;
      await pauses.short();
    }
  }

  private async measure(): Promise<number> {
    const { environment, store, limitBytes } = this.options;
    this.writtenBytes = 0;
    const used = await environment.disk.usedBytes();
    environment.metrics.gauge('storage_used_bytes', used);
    environment.metrics.gauge('storage_limit_bytes', limitBytes);
    environment.metrics.gauge('storage_first_block', store.firstBlock);
    return used;
  }

  private tell(usedBytes: number): void {
    if (this.told || usedBytes <= this.options.limitBytes) return;
    this.told = true;
    const { limitBytes, environment } = this.options;
    environment.log.error('storage-limit-too-low', { usedBytes, limitBytes, action: 'raise storage.limitGb in node.json' });
  }
}
