import type { SignedTransaction } from '../../contracts/index.ts';
import { encodeRlp, type Hex, type RlpInput } from '../../crypto/index.ts';
import type { World } from '../../environment/sim/index.ts';
import { FAULT_ACCOUNTS } from '../../limits.ts';
import type { LedgerNode } from '../../node/index.ts';
import type { ChainWatch } from './chain-watch.ts';
import { batchItem, clientTransaction, type Wish } from './client-transactions.ts';
import type { Dice } from './dice.ts';
import type { FaultSeat } from './fault-cluster.ts';
import type { FaultScenario } from './format/fault-scenario.ts';

/** A transaction from its client's point of view. */
export interface ClientTransaction {
  readonly hash: Hex;
  readonly account: number;
  readonly nonce: number;
  readonly wish: Wish;
  /** With its payload. */
  readonly bytes: number;
  readonly submittedMicros: number;
  /** The seat that acknowledged it: from then on the client does not ask again. */
  ackedBy: FaultSeat | undefined;
  /** When it was acknowledged for the first time. */
  ackedMicros: number | undefined;
  /** Blocks there were when it was acknowledged. */
  ackedHeight: number;
  includedMicros: number | undefined;
  tries: number;
}

export interface WorkloadOptions {
  readonly world: World;
  readonly chain: ChainWatch;
  readonly dice: Dice;
  readonly chainId: number;
  readonly load: FaultScenario['load'];
  /** Nodes that take transactions at present. */
  readonly targets: () => readonly FaultSeat[];
  readonly isTrusted: (seat: FaultSeat) => boolean;
}

/** A client asks another node when the first has said nothing for this long. */
const RETRY_MICROS = 3_000_000;
/** A client that is told to come back later does, at the earliest after this; each time later, up to the longest pause. */
const BUSY_MICROS = 500_000;
const BUSY_MICROS_MAX = 8_000_000;
/** Transactions that take the batch path although they have no body. */
const BATCH_SHARE = 0.2;

/**
 * Clients: every transaction of a run has a hash of its own, every account counts its nonces up, and what one node does
 * not acknowledge is offered to another, as it is.
 */
export class Workload {
  readonly transactions = new Map<Hex, ClientTransaction>();
  readonly latenciesMs: number[] = [];
  /** Offers to a node, retries included. */
  attempts = 0;
  /** Answers "busy, try later". */
  refused = 0;
  /** Other answers, by code. */
  readonly errors = new Map<string, number>();
  acknowledged = 0;
  committed = 0;
  /** Bytes of what was committed, payloads included. */
  committedBytes = 0;
  readonly #options: WorkloadOptions;
  readonly #nonces: number[] = Array.from({ length: FAULT_ACCOUNTS }, () => 0);
  /** Refused as busy, one for each account, until it is taken. */
  readonly #busy = new Map<number, ClientTransaction>();
  /** Signed payloads that no node has taken. */
  readonly #signed = new Map<Hex, SignedTransaction>();
  #rate: number;
  #running = false;
  #open = 0;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#rate = options.load.ratePerSecond;
    options.chain.onBlock((_block, hashes) => this.#included(hashes));
  }

  /** Acknowledged and not yet in a block. */
  get outstanding(): number {
    return this.#open;
  }

  /** Submitted, neither acknowledged nor in a block. */
  get unanswered(): number {
    return this.transactions.size - this.committed - this.#open;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#next();
  }

  stop(): void {
    this.#running = false;
  }

  /** What the clients offer at present, transactions per second. */
  get ratePerSecond(): number {
    return this.#rate;
  }

  /** Changes the offered load from now on. */
  setRate(perSecond: number): void {
    this.#rate = perSecond;
  }

  /** A node lost what it held: its clients offer again what it had acknowledged and no block has. */
  forgotten(seat: FaultSeat): void {
    for (const transaction of this.transactions.values()) {
      if (transaction.ackedBy !== seat || transaction.includedMicros !== undefined) continue;
      transaction.ackedBy = undefined;
      this.#open -= 1;
      this.#offer(transaction);
    }
  }

  #next(): void {
    const { world, dice } = this.#options;
    const pause = -Math.log(1 - dice.float()) * (1_000_000 / this.#rate);
    world.at(Math.ceil(pause), () => {
      if (!this.#running) return;
      this.#arrive();
      this.#next();
    });
  }

  /** Offers a payload at once, beside the ordinary load. */
  submitPayload(bytes: number, at: 'all' | 'one'): void {
    const account = this.#options.dice.integer(0, FAULT_ACCOUNTS - 1);
    const only = at === 'one' ? this.#options.targets()[0] : undefined;
    this.#submit(account, { kind: 'payload', bytes }, only);
  }

  /** A client whose last transaction was refused offers that one again: it wants nothing new before it is taken. */
  #arrive(): void {
    const account = this.#options.dice.integer(0, FAULT_ACCOUNTS - 1);
    const refused = this.#busy.get(account);
    if (refused === undefined) this.#submit(account, this.#wish());
    else this.#offer(refused);
  }

  #submit(account: number, wish: Wish, only?: FaultSeat): void {
    const { world, chainId } = this.#options;
    const nonce = this.#nonces[account] as number;
    this.#nonces[account] = nonce + 1;
    const signed = clientTransaction(chainId, account, nonce, wish);
    const { raw, hash, body } = signed;
    const transaction: ClientTransaction = {
      hash,
      account,
      nonce,
      wish,
      bytes: raw.length / 2 - 1 + (body?.length ?? 0),
      submittedMicros: world.now,
      ackedBy: undefined,
      ackedMicros: undefined,
      ackedHeight: 0,
      includedMicros: undefined,
      tries: 0,
    };
    this.transactions.set(hash, transaction);
    // A body is made and hashed once, and kept until a node has it.
    if (body !== undefined) this.#signed.set(hash, signed);
    this.#offer(transaction, only);
  }

  #wish(): Wish {
    const { dice, load } = this.#options;
    const draw = dice.float();
    if (draw < load.payloads) return { kind: 'payload', bytes: Math.round(dice.within(load.payloadBytes)) };
    return { kind: draw < load.payloads + load.records ? 'record' : 'transfer' };
  }

  #offer(transaction: ClientTransaction, only?: FaultSeat): void {
    if (transaction.ackedBy !== undefined || transaction.includedMicros !== undefined) return;
    const { dice, world, targets } = this.#options;
    const open = targets();
    const tries = ++transaction.tries;
    this.#later(transaction, tries, RETRY_MICROS);
    if (open.length === 0) return;
    const seat = only ?? dice.pick(open);
    this.attempts += 1;
    const life = seat.lives;
    const batched = transaction.wish.kind === 'payload' || dice.chance(BATCH_SHARE);
    this.#send(seat.node as LedgerNode, transaction, batched).then(
      () => this.#acknowledge(transaction, seat, life),
      (error: unknown) => {
        if (this.#refuse(transaction, seat, error) === 'busy')
          this.#later(transaction, tries, Math.min(BUSY_MICROS_MAX, BUSY_MICROS * 2 ** (tries - 1)) + (world.now % BUSY_MICROS));
      },
    );
  }

  /** Offers it again after a while, unless it was offered again meanwhile. */
  #later(transaction: ClientTransaction, tries: number, micros: number): void {
    this.#options.world.at(micros, () => {
      if (transaction.tries === tries) this.#offer(transaction);
    });
  }

  async #send(node: LedgerNode, { hash, account, nonce, wish }: ClientTransaction, batched: boolean): Promise<void> {
    const signed = this.#signed.get(hash) ?? clientTransaction(this.#options.chainId, account, nonce, wish);
    if (!batched) {
      await node.full.rpc.call('eth_sendRawTransaction', [signed.raw]);
      return;
    }
    const { text } = await node.full.rpc.batch(encodeRlp([batchItem(signed)] as RlpInput));
    const answer = JSON.parse(text) as BatchAnswerJson;
    const [first] = Array.isArray(answer) ? answer : [answer];
    if (first?.error !== undefined) throw { code: first.error.code, reason: first.error.data?.reason };
  }

  #acknowledge(transaction: ClientTransaction, seat: FaultSeat, life: number): void {
    if (transaction.ackedBy !== undefined || seat.lives !== life) return;
    // What a liar promises is worth nothing: the client asks somebody else as well.
    if (!this.#options.isTrusted(seat)) return;
    transaction.ackedBy = seat;
    transaction.ackedMicros ??= this.#options.world.now;
    transaction.ackedHeight = this.#options.chain.height;
    this.#signed.delete(transaction.hash);
    if (this.#busy.get(transaction.account) === transaction) this.#busy.delete(transaction.account);
    this.acknowledged += 1;
    if (transaction.includedMicros === undefined) this.#open += 1;
  }

  #refuse(transaction: ClientTransaction, seat: FaultSeat, error: unknown): 'busy' | 'known' | 'refused' {
    const { reason, code } = error as { readonly reason?: string; readonly code?: number };
    // "Known" is said only of a transaction that is safe on that node's disk: as good as an acknowledgement.
    if (reason === 'POOL_KNOWN') {
      this.#acknowledge(transaction, seat, seat.lives);
      return 'known';
    }
    const name = reason ?? String(code ?? error);
    this.errors.set(name, (this.errors.get(name) ?? 0) + 1);
    if (code !== BUSY_CODE) return 'refused';
    this.refused += 1;
    if (transaction.ackedBy === undefined && transaction.includedMicros === undefined) this.#keepBusy(transaction);
    return 'busy';
  }

  /** The refused transaction of an account with the lowest nonce comes first: the others wait for it. */
  #keepBusy(transaction: ClientTransaction): void {
    const other = this.#busy.get(transaction.account);
    if (other === undefined || other.nonce > transaction.nonce) this.#busy.set(transaction.account, transaction);
  }

  #included(hashes: readonly Hex[]): void {
    const { now } = this.#options.world;
    for (const hash of hashes) {
      const transaction = this.transactions.get(hash);
      if (transaction === undefined || transaction.includedMicros !== undefined) continue;
      transaction.includedMicros = now;
      this.#signed.delete(hash);
      if (this.#busy.get(transaction.account) === transaction) this.#busy.delete(transaction.account);
      this.committed += 1;
      this.committedBytes += transaction.bytes;
      if (transaction.ackedBy !== undefined) this.#open -= 1;
      this.latenciesMs.push((now - transaction.submittedMicros) / 1000);
    }
  }
}

/** JSON-RPC: a limit is reached, come back later. */
const BUSY_CODE = -32005;

interface BatchOutcome {
  readonly error?: { readonly code: number; readonly data?: { readonly reason?: string } };
}

type BatchAnswerJson = BatchOutcome | readonly BatchOutcome[];
