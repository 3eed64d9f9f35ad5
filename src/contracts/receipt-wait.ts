import type { Hex } from '../crypto/index.ts';
import type { Environment } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import { RECEIPT_POLL_MICROS, RECEIPT_WAIT_MS, RECEIPT_WAITS_MAX, TRANSACT_PAUSE_MICROS } from '../limits.ts';
import { createDeliver, type Deliver } from './deliver.ts';
import { type Rpc, readRpcFailure } from './rpc-failure.ts';
import { readReceipt, type TransactionReceipt } from './rpc-shapes.ts';
import type { SignedTransaction } from './sign-transaction.ts';

export type ClientEnvironment = Pick<Environment, 'clock' | 'track'>;

/** Resolves after `delayMicros` of the environment's time. */
export function pause(environment: ClientEnvironment, delayMicros: number, label: string): Promise<void> {
  return environment.track(label, new Promise<void>((resolve) => environment.clock.set(delayMicros, resolve, label)));
}

/** Waits for receipts: lets the node wait where it can (`treadle_awaitReceipt`), and asks again and again where it cannot. */
export class ReceiptWait {
  readonly #rpc: Rpc;
  readonly #environment: ClientEnvironment;
  readonly #deliver: Deliver;
  #nodeWaits = true;

  constructor(rpc: Rpc, environment: ClientEnvironment, deliver: Deliver = createDeliver(rpc)) {
    this.#rpc = rpc;
    this.#environment = environment;
    this.#deliver = deliver;
  }

  /** The receipt of a transaction that may be in a block already. */
  async find(hash: Hex): Promise<TransactionReceipt | undefined> {
    const answer = await this.#rpc('eth_getTransactionReceipt', [hash]);
    return answer === null || answer === undefined ? undefined : readReceipt(answer);
  }

  /**
   * Waits until a sent transaction is in a block. Between waits the same bytes are sent again, which can do no harm
   * and helps when the node that had them lost its pool.
   *
   * @throws TreadleError CONTRACT_TIMEOUT
   */
  async for(signed: SignedTransaction): Promise<TransactionReceipt> {
    const { hash } = signed;
    for (let round = 0; round < RECEIPT_WAITS_MAX; round++) {
      if (round > 0) await this.#sendAgain(signed);
      const receipt = await this.#oneWait(hash);
      if (receipt !== undefined) return receipt;
    }
    const detail = `transaction ${hash} is in no block after ${(RECEIPT_WAITS_MAX * RECEIPT_WAIT_MS) / 1000} s`;
    throw new TreadleError('CONTRACT_TIMEOUT', { detail, data: { transactionHash: hash } });
  }

  async #oneWait(hash: Hex): Promise<TransactionReceipt | undefined> {
    try {
      if (!this.#nodeWaits) return await this.#poll(hash);
      const answer = await this.#rpc('treadle_awaitReceipt', [hash, RECEIPT_WAIT_MS]);
      return answer === null || answer === undefined ? undefined : readReceipt(answer);
    } catch (error) {
      if (error instanceof TreadleError && error.code === 'CONTRACT_BAD_ANSWER') throw error;
      if (readRpcFailure(error).kind === 'unknownMethod') {
        this.#nodeWaits = false;
        return this.#poll(hash);
      }
      await pause(this.#environment, TRANSACT_PAUSE_MICROS, 'ledger node to answer');
      return undefined;
    }
  }

  async #poll(hash: Hex): Promise<TransactionReceipt | undefined> {
    const until = this.#environment.clock.now() + RECEIPT_WAIT_MS * 1000;
    for (;;) {
      const receipt = await this.find(hash).catch((error: unknown) => {
        if (error instanceof TreadleError && error.code === 'CONTRACT_BAD_ANSWER') throw error;
        return undefined;
      });
      if (receipt !== undefined || this.#environment.clock.now() >= until) return receipt;
      await pause(this.#environment, RECEIPT_POLL_MICROS, 'receipt');
    }
  }

  async #sendAgain(signed: SignedTransaction): Promise<void> {
    try {
      await this.#deliver(signed);
    } catch {
      // Known, mined meanwhile or out of reach: the next wait tells.
    }
  }
}
