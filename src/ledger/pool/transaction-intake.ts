import type { Address, Hex } from '../../crypto/index.ts';
import { type Environment, sleep } from '../../environment/index.ts';
import { hasCode, invariant, TreadleError } from '../../errors.ts';
import {
  BUSY_RETRY_AFTER_MS,
  POOL_DEPTH_RETRY_MS,
  POOL_GAPS_SHARE,
  SUBMIT_SLICE_TRANSACTIONS,
  TRANSACTION_REFUSALS_MAX,
} from '../../limits.ts';
import type { RefusedTransaction } from '../execution/executor.ts';
import type { Submission, SubmitOptions } from '../ledger.ts';
import type { MemoryBudget, PayloadCommitment } from '../payload/payload.ts';
import { payloadTreeOf } from '../payload/payload-tree.ts';
import type { Payloads } from '../payload/payloads.ts';
import { AdmissionDepth } from './admission-depth.ts';
import { BodyDepth } from './body-depth.ts';
import { Pool, type PoolOptions } from './pool.ts';
import type { PoolLog } from './pool-log.ts';
import { SpreadAgain } from './spread-again.ts';
import { decodeTransaction, type SignedTransaction } from './transaction-codec.ts';

export interface TransactionIntakeOptions {
  readonly environment: Environment;
  readonly chainId: number;
  readonly pool: Omit<PoolOptions, 'onDropped'>;
  readonly poolLog: PoolLog;
  /** The number of the block that holds a transaction. */
  readonly blockOf: (hash: Hex) => Promise<number | undefined>;
  /** Passes transactions on to peers. */
  readonly spread: (transactions: readonly SignedTransaction[]) => void;
  /** The bodies of payload transactions. */
  readonly payloads: Payloads;
  readonly memory: MemoryBudget;
}

/** Refusals for want of room: the same transaction may be taken later. */
const BUSY: ReadonlySet<string> = new Set(['POOL_FULL', 'POOL_SENDER_FULL', 'POOL_BUSY', 'DISK_FULL']);

interface ReceivedBody {
  /** Place of its submission. */
  readonly at: number;
  readonly signed: SignedTransaction;
  readonly body: Uint8Array;
  readonly giveBack: () => void;
}

/** Where transactions come in and wait: the pool, its log on disk, and who is told of them. */
export class TransactionIntake {
  private readonly options: TransactionIntakeOptions;
  private readonly pool: Pool;
  private readonly depth: AdmissionDepth;
  private readonly bodies: BodyDepth;
  private readonly spreadAgain: SpreadAgain;
  private readonly listeners = new Set<(hash: Hex) => void>();
  private readonly refusals = new Map<Hex, number>();
  /** Pooled payload transactions by the root of their body. */
  private readonly byRoot = new Map<Hex, Set<Hex>>();

  constructor(options: TransactionIntakeOptions) {
    this.options = options;
    this.depth = new AdmissionDepth(options.environment.clock);
    this.spreadAgain = new SpreadAgain(options.environment.clock);
    this.bodies = new BodyDepth(options.environment.clock);
    this.pool = new Pool({
      ...options.pool,
      memory: options.memory,
      onDropped: (signed, reason) => this.dropped(signed, reason),
      onReplaced: (signed) => this.left(signed),
    });
  }

  get size(): number {
    return this.pool.size;
  }

  /** Pooled transactions whose bodies, where they have one, are here. */
  get readyCount(): number {
    let absent = 0;
    for (const [root, hashes] of this.byRoot) if (!this.options.payloads.holds(root)) absent += hashes.size;
    return this.pool.size - absent;
  }

  all(): IterableIterator<SignedTransaction> {
    return this.pool.all();
  }

  pooled(hash: Hex): SignedTransaction | undefined {
    return this.pool.get(hash);
  }

  /** What the next block may hold. Of bodies that others may still be receiving it takes a few, and only when there is none other. */
  select(): readonly SignedTransaction[] {
    const { payloads } = this.options;
    const settled = payloads.choice({ young: false });
    const selected = this.pool.select(({ payload }) => payload === undefined || settled.take(payload));
    if (settled.taken > 0 || settled.young === 0) return selected;
    const young = payloads.choice({ young: true });
    return this.pool.select(({ payload }) => payload === undefined || young.take(payload));
  }

  nextNonce(address: Address, accountNonce: bigint): bigint {
    return this.pool.nextNonce(address, accountNonce);
  }

  onPending(listener: (hash: Hex) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Takes clients' transactions in their order: pooled, passed on, and on disk with their bodies when this resolves. All of
   * them share one flush of the log.
   * @returns for each its hash, or why it was not taken: TreadleError POOL_* | PAYLOAD_* | DISK_*
   */
  async submit(submissions: readonly Submission[], options: SubmitOptions = {}): Promise<readonly (Hex | TreadleError)[]> {
    const results: (Hex | TreadleError)[] = [];
    const fresh: SignedTransaction[] = [];
    const safe: { readonly at: number; readonly signed: SignedTransaction }[] = [];
    const bodies: ReceivedBody[] = [];
    for (const [at, { raw, body }] of submissions.entries()) {
      // A vote must not wait for thousands of signatures.
      if (at > 0 && at % SUBMIT_SLICE_TRANSACTIONS === 0) await sleep(this.options.environment, 0, 'check transactions');
      const waiting = this.options.poolLog.waiting + safe.length;
      // Refused before anything is spent on it.
      const deep = waiting >= this.depth.transactions;
      const signed = deep ? this.tooDeep(waiting) : await outcomeOf(() => this.decode(raw));
      if (signed instanceof TreadleError) {
        results.push(signed);
        continue;
      }
      const giveBack = body === undefined || options.memoryTaken ? () => undefined : this.options.memory.take(body.length);
      const refused = await outcomeOf(async () => {
        if (giveBack === undefined) throw new TreadleError('POOL_BUSY', { data: { retryAfterMs: BUSY_RETRY_AFTER_MS } });
        const crowded = waiting >= POOL_GAPS_SHARE * this.depth.transactions || (body !== undefined && this.bodies.isCrowded);
        if (crowded && (await this.leavesGap(signed))) throw this.tooDeep(waiting);
        // What others of its sender wait for makes room.
        if (body !== undefined && !this.bodies.allows(body.length) && !(await this.fillsGap(signed))) throw this.tooDeep(waiting);
        await this.checkBody(signed, body);
        await this.take(signed);
      });
      results.push(refused instanceof TreadleError ? refused : signed.hash);
      if (!(refused instanceof TreadleError)) fresh.push(signed);
      // Known from a peer, it may not be on this disk: the client is told "known" only once it is safe here too.
      else if (!hasCode(refused, 'POOL_KNOWN') || !this.pool.has(signed.hash)) {
        giveBack?.();
        continue;
      }
      safe.push({ at, signed });
      this.spreadAgain.noteSpread(signed);
      if (signed.payload !== undefined) this.bodies.noteWaiting(signed.hash, signed.payload.lengthBytes);
      if (body !== undefined) bodies.push({ at, signed, body, giveBack: giveBack ?? (() => undefined) });
    }
    if (fresh.length > 0) this.options.spread(fresh);
    const kept = outcomeOf(() => this.options.poolLog.keep(...safe.map(({ signed }) => signed)));
    await Promise.all(
      bodies.map(async ({ at, signed, body, giveBack }) => {
        const failed = await outcomeOf(() => this.receive(signed, body).finally(giveBack));
        if (!(failed instanceof TreadleError)) return;
        results[at] = failed;
        this.pool.drop(signed.hash, failed.detail);
      }),
    );
    const unsafe = await kept;
    if (unsafe instanceof TreadleError) for (const { at } of safe) results[at] = unsafe;
    this.countRefusals(results);
    return results;
  }

  private tooDeep(transactions: number): TreadleError {
    return new TreadleError('POOL_FULL', {
      detail: `${transactions} transactions wait for a block, as many as the next ones take`,
      data: { transactions, retryAfterMs: POOL_DEPTH_RETRY_MS },
    });
  }

  /** Whether a transaction of its sender must come before it that is not here. */
  private async leavesGap({ sender, fields }: SignedTransaction): Promise<boolean> {
    const { nonce } = await this.options.pool.account(sender);
    return fields.nonce > this.pool.nextNonce(sender, nonce);
  }

  /** Whether transactions of its sender wait for it, and for nothing before it. */
  private async fillsGap({ sender, fields }: SignedTransaction): Promise<boolean> {
    const { nonce } = await this.options.pool.account(sender);
    return fields.nonce === this.pool.nextNonce(sender, nonce) && this.pool.holdsLater(sender, fields.nonce);
  }

  private countRefusals(results: readonly (Hex | TreadleError)[]): void {
    const refusals = results.filter((result) => result instanceof TreadleError);
    const busy = refusals.filter(({ code }) => BUSY.has(code));
    const { metrics } = this.options.environment;
    if (refusals.length > 0) metrics.count('ledger_refused_total', refusals.length);
    if (busy.length > 0) metrics.count('ledger_busy_total', busy.length);
  }

  private async checkBody({ payload }: SignedTransaction, body: Uint8Array | undefined): Promise<void> {
    if (payload === undefined) {
      if (body !== undefined) throw new TreadleError('PAYLOAD_UNEXPECTED');
      return;
    }
    const { root, lengthBytes } = payload;
    if (body === undefined) {
      if (!this.options.payloads.holds(root)) throw new TreadleError('PAYLOAD_MISSING', { data: { root } });
      return;
    }
    const cost = { operation: 'payload_kib', units: Math.ceil(body.length / 1024) };
    const found = await this.options.environment.cpu.run(cost, () => payloadTreeOf(body).root);
    if (found === root && body.length === lengthBytes) return;
    throw new TreadleError('PAYLOAD_BAD_BODY', {
      detail: `the body has ${body.length} bytes and the root ${found}, the transaction commits to ${lengthBytes} bytes and ${root}`,
      data: { root, lengthBytes },
    });
  }

  private async receive({ payload }: SignedTransaction, body: Uint8Array): Promise<void> {
    invariant(payload !== undefined, 'a body comes with a payload transaction');
    await this.options.payloads.receive(payload, body);
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
        this.root(signed);
        this.options.poolLog.recall(signed);
        this.spreadAgain.noteSpread(signed);
        if (signed.payload !== undefined) this.bodies.noteWaiting(signed.hash, signed.payload.lengthBytes);
        kept += 1;
      } catch (error) {
        // In a block by now, or replaced: nothing is lost.
        if (!(error instanceof TreadleError) || !error.code.startsWith('POOL_')) throw error;
      }
    }
    if (raws.length > 0) this.options.environment.log.info('pool-recovered', { records: raws.length, transactions: kept });
  }

  /** The body of pooled transactions is here: from now on they can be in a block. */
  bodyHeld(root: Hex): void {
    for (const hash of this.byRoot.get(root) ?? []) this.announce(hash);
  }

  /** Nobody delivered the body of these. */
  bodyAbsent(root: Hex): void {
    for (const hash of [...(this.byRoot.get(root) ?? [])]) this.pool.drop(hash, 'nobody delivered its body');
  }

  /** Forgets what a block took; afterwards the pool fits the new head. */
  async settle(included: readonly SignedTransaction[], height: number): Promise<void> {
    const pooled = included.filter(({ hash }) => this.pool.has(hash));
    this.depth.noteBlock(included.filter(({ hash }) => this.options.poolLog.has(hash)).length);
    for (const { hash } of included) {
      this.refusals.delete(hash);
      this.bodies.noteTaken(hash);
    }
    for (const signed of pooled) this.unroot(signed);
    this.options.payloads.decide(payloadsOf(included), payloadsOf(pooled), height);
    await this.pool.settle(included);
    for (const { hash } of included) this.spreadAgain.forget(hash);
    const due = this.spreadAgain.due();
    if (due.length > 0) this.options.spread(due);
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
    if (!this.pool.has(signed.hash)) return;
    this.root(signed);
    // A transaction whose body is not here yet is announced when it has come: until then no block can hold it.
    if (signed.payload === undefined || this.options.payloads.holds(signed.payload.root)) this.announce(signed.hash);
  }

  private announce(hash: Hex): void {
    for (const listener of [...this.listeners]) {
      try {
        listener(hash);
      } catch (error) {
        this.options.environment.log.error('pending-listener-failed', { reason: String(error) });
      }
    }
  }

  private root({ hash, payload }: SignedTransaction): void {
    if (payload === undefined) return;
    const hashes = this.byRoot.get(payload.root) ?? new Set();
    this.byRoot.set(payload.root, hashes.add(hash));
    this.options.payloads.expect(payload);
  }

  private unroot({ hash, payload }: SignedTransaction): void {
    const hashes = payload && this.byRoot.get(payload.root);
    if (payload === undefined || !hashes?.delete(hash)) return;
    if (hashes.size === 0) this.byRoot.delete(payload.root);
  }

  /** A transaction left the pool, and no block holds it. */
  private left(signed: SignedTransaction): void {
    this.bodies.forget(signed.hash);
    this.spreadAgain.forget(signed.hash);
    if (signed.payload === undefined) return;
    this.unroot(signed);
    this.options.payloads.release(signed.payload);
  }

  private dropped(signed: SignedTransaction, reason: string): void {
    this.refusals.delete(signed.hash);
    this.left(signed);
    this.options.environment.log.info('transaction-dropped', { hash: signed.hash, sender: signed.sender, reason });
    this.options.poolLog.release([signed.hash]).catch((error: unknown) => {
      this.options.environment.log.error('pool-log-failed', { reason: String(error) });
    });
  }
}

/** What the work gives, or the house's error that it ends with; other errors are not the client's. */
async function outcomeOf<T>(work: () => Promise<T>): Promise<T | TreadleError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TreadleError) return error;
    throw error;
  }
}

function payloadsOf(transactions: readonly SignedTransaction[]): readonly PayloadCommitment[] {
  return transactions.flatMap(({ payload }) => (payload === undefined ? [] : [payload]));
}
