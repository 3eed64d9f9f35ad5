import type { Address, Hex } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import { hasCode, TreadleError } from '../../errors.ts';
import { TRANSACTION_REFUSALS_MAX } from '../../limits.ts';
import type { RefusedTransaction } from '../execution/executor.ts';
import { Pool, type PoolOptions } from './pool.ts';
import type { PoolLog } from './pool-log.ts';
import { decodeTransaction, type SignedTransaction } from './transaction-codec.ts';

export interface TransactionIntakeOptions {
  readonly environment: Environment;
  readonly chainId: number;
  readonly pool: Omit<PoolOptions, 'onDropped'>;
  readonly poolLog: PoolLog;
  /** The number of the block that holds a transaction. */
  readonly blockOf: (hash: Hex) => Promise<number | undefined>;
  /** Passes a transaction on to peers. */
  readonly spread: (signed: SignedTransaction) => void;
}

/** Where transactions come in and wait: the pool, its log on disk, and who is told of them. */
export class TransactionIntake {
  private readonly options: TransactionIntakeOptions;
  private readonly pool: Pool;
  private readonly listeners = new Set<(hash: Hex) => void>();
  private readonly refusals = new Map<Hex, number>();

  constructor(options: TransactionIntakeOptions) {
    this.options = options;
    this.pool = new Pool({ ...options.pool, onDropped: (signed, reason) => this.dropped(signed, reason) });
  }

  get size(): number {
    return this.pool.size;
  }

  all(): IterableIterator<SignedTransaction> {
    return this.pool.all();
  }

  pooled(hash: Hex): SignedTransaction | undefined {
    return this.pool.get(hash);
  }

  select(): readonly SignedTransaction[] {
    return this.pool.select();
  }

  nextNonce(address: Address, accountNonce: bigint): bigint {
    return this.pool.nextNonce(address, accountNonce);
  }

  onPending(listener: (hash: Hex) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Takes a client's transaction: pooled, passed on, and on disk when this resolves. @throws TreadleError POOL_* */
  async submit(raw: Uint8Array): Promise<Hex> {
    const signed = await this.decode(raw);
    try {
      await this.take(signed);
    } catch (error) {
      // Known from a peer, it may not be on this disk: the client is told "known" only once it is safe here too.
      if (hasCode(error, 'POOL_KNOWN') && this.pool.has(signed.hash)) await this.options.poolLog.keep(signed);
      throw error;
    }
    this.options.spread(signed);
    await this.options.poolLog.keep(signed);
    return signed.hash;
  }

  /** Takes a peer's transaction. @throws TreadleError POOL_* */
  async admit(raw: Uint8Array): Promise<SignedTransaction> {
    const signed = await this.decode(raw);
    await this.take(signed);
    return signed;
  }

  /** Takes a transaction that came with a proposal: should that fail, the next proposer can have it from here. */
  adopt(signed: SignedTransaction): void {
    this.take(signed).catch((error: unknown) => {
      if (!(error instanceof TreadleError))
        this.options.environment.log.error('transaction-not-adopted', { reason: String(error) });
    });
  }

  /** Takes up again what the log holds from before a restart. */
  async recover(raws: readonly Uint8Array[]): Promise<void> {
    let kept = 0;
    for (const raw of raws) {
      try {
        const signed = decodeTransaction(raw, this.options.chainId);
        await this.pool.add(signed);
        this.options.poolLog.recall(signed);
        kept += 1;
      } catch (error) {
        // In a block by now, or replaced: nothing is lost.
        if (!(error instanceof TreadleError) || !error.code.startsWith('POOL_')) throw error;
      }
    }
    if (raws.length > 0) this.options.environment.log.info('pool-recovered', { records: raws.length, transactions: kept });
  }

  /** Forgets what a block took; afterwards the pool fits the new head. */
  async settle(included: readonly SignedTransaction[]): Promise<void> {
    await this.pool.settle(included);
    for (const { hash } of included) this.refusals.delete(hash);
    await this.options.poolLog.release(included.map(({ hash }) => hash));
    this.options.environment.metrics.gauge('pool_transactions', this.pool.size);
  }

  /** Looks again at what could not run; what fails again and again although its account allows it is dropped. */
  async noteRefused(refused: readonly RefusedTransaction[]): Promise<void> {
    const senders = new Set<Address>();
    for (const { hash, reason, kind } of refused) {
      const signed = this.pool.get(hash);
      if (kind === 'no-room' || signed === undefined) continue;
      senders.add(signed.sender);
      const times = (this.refusals.get(hash) ?? 0) + 1;
      this.refusals.set(hash, times);
      if (times >= TRANSACTION_REFUSALS_MAX) this.pool.drop(hash, reason);
    }
    await this.pool.settle([], [...senders]);
  }

  private decode(raw: Uint8Array): Promise<SignedTransaction> {
    return this.options.environment.cpu.run({ operation: 'transaction_recover' }, () =>
      decodeTransaction(raw, this.options.chainId),
    );
  }

  private async take(signed: SignedTransaction): Promise<void> {
    try {
      await this.pool.add(signed);
    } catch (error) {
      const block = hasCode(error, 'POOL_NONCE_TOO_LOW') ? await this.options.blockOf(signed.hash) : undefined;
      if (block === undefined) throw error;
      throw new TreadleError('POOL_KNOWN', {
        detail: `the transaction is in block ${block}`,
        data: { hash: signed.hash, block },
      });
    }
    for (const listener of [...this.listeners]) {
      try {
        listener(signed.hash);
      } catch (error) {
        this.options.environment.log.error('pending-listener-failed', { reason: String(error) });
      }
    }
  }

  private dropped(signed: SignedTransaction, reason: string): void {
    this.refusals.delete(signed.hash);
    this.options.environment.log.info('transaction-dropped', { hash: signed.hash, sender: signed.sender, reason });
    this.options.poolLog.release([signed.hash]).catch((error: unknown) => {
      this.options.environment.log.error('pool-log-failed', { reason: String(error) });
    });
  }
}
