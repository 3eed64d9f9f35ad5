import type { Address, Hex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import {
  BLOCK_TRANSACTIONS_MAX,
  BUSY_RETRY_AFTER_MS,
  POOL_BYTES_MAX,
  POOL_ENTRY_OVERHEAD_BYTES,
  POOL_PAYLOAD_BYTES_MAX,
  POOL_PER_SENDER_MAX,
  POOL_TRANSACTIONS_MAX,
  TRANSACTION_GAS_MAX,
} from '../../limits.ts';
import type { MemoryBudget } from '../payload/payload.ts';
import type { SignedTransaction } from './transaction-codec.ts';
import { minimumGasOf, type TransactionFields } from './transaction-fields.ts';

/** A sender's account at the head, as far as admission asks. */
export interface SenderAccount {
  readonly nonce: bigint;
  readonly balance: bigint;
  /** False when the address holds a contract (a delegation of EIP-7702 is none). */
  readonly canSend: boolean;
}

export interface PoolLimits {
  readonly transactions?: number;
  readonly bytes?: number;
  readonly perSender?: number;
  /** Bytes of the bodies that pooled payload transactions commit to, wherever those are. */
  readonly payloadBytes?: number;
}

export interface PoolOptions {
  readonly limits?: PoolLimits;
  readonly blockGasLimit: bigint;
  /** What the pool's memory is taken from. */
  readonly memory?: MemoryBudget;
  /** The sender's account at the head. */
  readonly account: (sender: Address) => Promise<SenderAccount>;
  /** Called for each transaction that leaves without being replaced by the sender or put into a block. */
  readonly onDropped?: (signed: SignedTransaction, reason: string) => void;
  /** Called for each transaction that another one of its sender takes the place of. */
  readonly onReplaced?: (signed: SignedTransaction) => void;
}

interface Sender {
  /** The account's nonce, as last read. */
  nonce: bigint;
  readonly byNonce: Map<bigint, SignedTransaction>;
}

/** Signed transactions that wait for a block, in order of arrival. */
export class Pool {
  private readonly options: PoolOptions;
  private readonly limits: Required<PoolLimits>;
  /** Insertion order is order of arrival. */
  private readonly byHash = new Map<Hex, SignedTransaction>();
  private readonly senders = new Map<Address, Sender>();
  /** Gives back the memory of a pooled transaction. */
  private readonly returns = new Map<Hex, () => void>();
  private sizeBytes = 0;
  private payloadBytes = 0;

  constructor(options: PoolOptions) {
    this.options = options;
    this.limits = {
      transactions: POOL_TRANSACTIONS_MAX,
      bytes: POOL_BYTES_MAX,
      perSender: POOL_PER_SENDER_MAX,
      payloadBytes: POOL_PAYLOAD_BYTES_MAX,
      ...options.limits,
    };
  }

  get size(): number {
    return this.byHash.size;
  }

  has(hash: Hex): boolean {
    return this.byHash.has(hash);
  }

  get(hash: Hex): SignedTransaction | undefined {
    return this.byHash.get(hash);
  }

  /** Oldest first. */
  all(): IterableIterator<SignedTransaction> {
    return this.byHash.values();
  }

  /** Checks a transaction against the head and the pool and takes it in. @throws TreadleError POOL_* */
  async add(signed: SignedTransaction): Promise<void> {
    this.refuseKnown(signed);
    refuseGas(signed, this.options);
    const account = await this.options.account(signed.sender);
    // Others may have come in meanwhile: from here on nothing waits.
    this.refuseKnown(signed);
    this.refuseAccount(signed, account);
    const sender = this.senders.get(signed.sender) ?? { nonce: account.nonce, byNonce: new Map() };
    sender.nonce = account.nonce;
    const replaced = sender.byNonce.get(signed.fields.nonce);
    if (replaced !== undefined) refuseCheapReplacement(signed.fields, replaced.fields);
    else this.refuseWithoutRoom(signed, sender);
    this.refusePayloadWithoutRoom(signed, replaced);
    const giveBack = this.takeMemory(signed);
    if (replaced !== undefined) this.replace(replaced);
    this.senders.set(signed.sender, sender);
    sender.byNonce.set(signed.fields.nonce, signed);
    this.byHash.set(signed.hash, signed);
    this.sizeBytes += signed.raw.length;
    this.payloadBytes += signed.payload?.lengthBytes ?? 0;
    this.returns.set(signed.hash, giveBack);
  }

  /**
   * Transactions that can run one after another now: by arrival, each sender's by nonce without a gap.
   * @param mayGo - asked of each in that order; after one that may not, nothing more of its sender is taken
   */
  select(mayGo: (signed: SignedTransaction) => boolean = () => true): readonly SignedTransaction[] {
    const selected: SignedTransaction[] = [];
    const next = new Map<Address, bigint>();
    const early = new Map<Address, Set<bigint>>();
    const stopped = new Set<Address>();
    const take = (signed: SignedTransaction): void => {
      if (selected.length >= BLOCK_TRANSACTIONS_MAX || !mayGo(signed)) stopped.add(signed.sender);
      else selected.push(signed);
    };
    for (const signed of this.byHash.values()) {
      if (selected.length >= BLOCK_TRANSACTIONS_MAX) break;
      if (stopped.has(signed.sender)) continue;
      const sender = this.senders.get(signed.sender) as Sender;
      let nonce = next.get(signed.sender) ?? sender.nonce;
      if (signed.fields.nonce !== nonce) {
        const waiting = early.get(signed.sender);
        if (waiting === undefined) early.set(signed.sender, new Set([signed.fields.nonce]));
        else waiting.add(signed.fields.nonce);
        continue;
      }
      take(signed);
      nonce += 1n;
      // What came before its turn follows its predecessor at once.
      while (!stopped.has(signed.sender) && early.get(signed.sender)?.has(nonce)) {
        take(sender.byNonce.get(nonce) as SignedTransaction);
        nonce += 1n;
      }
      next.set(signed.sender, nonce);
    }
    return selected;
  }

  /** The next nonce of a sender whose account has `accountNonce`, with what is pooled without a gap counted. */
  nextNonce(address: Address, accountNonce: bigint): bigint {
    const pooled = this.senders.get(address)?.byNonce;
    let nonce = accountNonce;
    while (pooled?.has(nonce)) nonce += 1n;
    return nonce;
  }

  /** Whether a transaction of this sender with a higher nonce is pooled. */
  holdsLater(address: Address, nonce: bigint): boolean {
    for (const pooled of this.senders.get(address)?.byNonce.keys() ?? []) if (pooled > nonce) return true;
    return false;
  }

  /** Drops what a new block contains, then what it made impossible for these and the block's senders. */
  async settle(included: readonly SignedTransaction[], alsoCheck: readonly Address[] = []): Promise<void> {
    for (const { hash } of included) {
      const pooled = this.byHash.get(hash);
      if (pooled !== undefined) this.forget(pooled);
    }
    for (const address of new Set([...included.map(({ sender }) => sender), ...alsoCheck])) {
      if (this.senders.has(address)) await this.recheck(address);
    }
  }

  /** Removes one transaction for a reason that is told to the owner of the pool. */
  drop(hash: Hex, reason: string): void {
    const pooled = this.byHash.get(hash);
    if (pooled === undefined) return;
    this.forget(pooled);
    this.options.onDropped?.(pooled, reason);
  }

  private async recheck(address: Address): Promise<void> {
    const account = await this.options.account(address);
    const sender = this.senders.get(address);
    if (sender === undefined) return;
    sender.nonce = account.nonce;
    for (const [nonce, pooled] of [...sender.byNonce]) {
      if (nonce < account.nonce) this.drop(pooled.hash, 'its nonce has been used');
      else if (costOf(pooled.fields) > account.balance) this.drop(pooled.hash, 'its sender can no longer pay it');
    }
  }

  private replace(pooled: SignedTransaction): void {
    this.forget(pooled);
    this.options.onReplaced?.(pooled);
  }

  private forget(pooled: SignedTransaction): void {
    this.byHash.delete(pooled.hash);
    this.returns.get(pooled.hash)?.();
    this.returns.delete(pooled.hash);
    this.sizeBytes -= pooled.raw.length;
    this.payloadBytes -= pooled.payload?.lengthBytes ?? 0;
    const sender = this.senders.get(pooled.sender) as Sender;
    if (sender.byNonce.get(pooled.fields.nonce) === pooled) sender.byNonce.delete(pooled.fields.nonce);
    if (sender.byNonce.size === 0) this.senders.delete(pooled.sender);
  }

  private refuseKnown({ hash }: SignedTransaction): void {
    if (this.byHash.has(hash)) throw new TreadleError('POOL_KNOWN', { data: { hash } });
  }

  private refuseAccount({ fields, sender }: SignedTransaction, account: SenderAccount): void {
    const { nonce } = fields;
    if (nonce < account.nonce || nonce >= account.nonce + BigInt(this.limits.perSender)) {
      // Looked up only for a refusal: it walks through all that the sender has waiting.
      const data = { sender, nonce: nonce.toString(), expected: this.nextNonce(sender, account.nonce).toString() };
      if (nonce < account.nonce) {
        const detail = `nonce ${nonce} is used, the account is at ${account.nonce}`;
        throw new TreadleError('POOL_NONCE_TOO_LOW', { detail, data });
      }
      throw new TreadleError('POOL_NONCE_TOO_HIGH', { detail: `nonce ${nonce} is too far above ${account.nonce}`, data });
    }
    if (!account.canSend) throw new TreadleError('POOL_SENDER_NOT_EOA', { data: { sender } });
    const costWei = costOf(fields);
    if (costWei > account.balance) {
      throw new TreadleError('POOL_INSUFFICIENT_FUNDS', {
        detail: `the transaction may cost ${costWei} wei, its sender has ${account.balance}`,
        data: { sender, costWei: costWei.toString(), balanceWei: account.balance.toString() },
      });
    }
  }

  private refuseWithoutRoom(signed: SignedTransaction, sender: Sender): void {
    if (sender.byNonce.size >= this.limits.perSender) {
      throw new TreadleError('POOL_SENDER_FULL', { data: { sender: signed.sender, retryAfterMs: BUSY_RETRY_AFTER_MS } });
    }
    if (this.byHash.size >= this.limits.transactions || this.sizeBytes + signed.raw.length > this.limits.bytes) {
      throw new TreadleError('POOL_FULL', { data: { transactions: this.byHash.size, retryAfterMs: BUSY_RETRY_AFTER_MS } });
    }
  }

  private refusePayloadWithoutRoom({ payload }: SignedTransaction, replaced: SignedTransaction | undefined): void {
    if (payload === undefined) return;
    const others = this.payloadBytes - (replaced?.payload?.lengthBytes ?? 0);
    if (others + payload.lengthBytes > this.limits.payloadBytes) {
      throw new TreadleError('POOL_FULL', {
        detail: `the pooled payload transactions have bodies of ${others} bytes, ${this.limits.payloadBytes} are taken`,
        data: { payloadBytes: others, retryAfterMs: BUSY_RETRY_AFTER_MS },
      });
    }
  }

  private takeMemory({ raw }: SignedTransaction): () => void {
    const { memory } = this.options;
    const giveBack = memory === undefined ? () => undefined : memory.take(raw.length + POOL_ENTRY_OVERHEAD_BYTES);
    if (giveBack === undefined) throw new TreadleError('POOL_BUSY', { data: { retryAfterMs: BUSY_RETRY_AFTER_MS } });
    return giveBack;
  }
}

function refuseGas(signed: SignedTransaction, { blockGasLimit }: PoolOptions): void {
  const { gasLimit } = signed.fields;
  const maximum = blockGasLimit < TRANSACTION_GAS_MAX ? blockGasLimit : TRANSACTION_GAS_MAX;
  if (gasLimit > maximum) {
    const detail = `the gas limit ${gasLimit} is above ${maximum}`;
    throw new TreadleError('POOL_GAS_LIMIT', { detail, data: { maximum: maximum.toString() } });
  }
  const minimum = minimumGasOf(signed);
  if (gasLimit < minimum) {
    const detail = `the gas limit ${gasLimit} is below ${minimum}`;
    throw new TreadleError('POOL_INTRINSIC_GAS', { detail, data: { minimum: minimum.toString() } });
  }
}

/** Both fees must rise by a tenth, and by something: from 0 to at least 1. */
function refuseCheapReplacement(next: TransactionFields, pooled: TransactionFields): void {
  const enough = (offered: bigint, before: bigint): boolean => offered > before && offered * 10n >= before * 11n;
  if (!enough(next.feeCap, pooled.feeCap) || !enough(next.tip, pooled.tip)) {
    throw new TreadleError('POOL_UNDERPRICED_REPLACEMENT', { data: { nonce: next.nonce.toString() } });
  }
}

/** The most that a transaction can take from its sender. */
export function costOf({ value, gasLimit, feeCap }: TransactionFields): bigint {
  return value + gasLimit * feeCap;
}
