import type { Address, NodeKey } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import { TRANSACT_PAUSE_MICROS, TRANSACT_SEND_ATTEMPTS } from '../limits.ts';
import type { Deliver } from './deliver.ts';
import { type ClientEnvironment, pause, type ReceiptWait } from './receipt-wait.ts';
import { type Rpc, type RpcFailure, readRpcFailure } from './rpc-failure.ts';
import { readHex } from './rpc-shapes.ts';
import { type PayloadBody, signPayloadTransaction } from './sign-payload-transaction.ts';
import { type SignedTransaction, signTransaction, type TransactionFields } from './sign-transaction.ts';

/** What no other attempt can change. */
const OWN_FAULTS = /^(CONTRACT_BAD_ANSWER|PAYLOAD_BAD_.*)$/;

export interface NonceQueueDependencies {
  readonly rpc: Rpc;
  readonly environment: ClientEnvironment;
  readonly receipts: ReceiptWait;
  readonly key: NodeKey;
  readonly deliver: Deliver;
}

/** A transaction without its nonce; with a body it becomes a payload transaction. */
export type UnsignedTransaction = Omit<TransactionFields, 'nonce'> & { readonly payload?: PayloadBody };

/**
 * Hands out an account's nonces one after the other: a nonce is used up only when the node has taken its transaction, so
 * there is never a gap. Calls that overlap wait their turn for the sending, not for the receipt.
 */
export class NonceQueue {
  readonly #parts: NonceQueueDependencies;
  #next: bigint | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(dependencies: NonceQueueDependencies) {
    this.#parts = dependencies;
  }

  /**
   * Signs with the next nonce and sends.
   * @throws TreadleError CONTRACT_REJECTED | CONTRACT_UNREACHABLE
   */
  send(fields: UnsignedTransaction): Promise<SignedTransaction> {
    const mine = this.#turn.then(() => this.#sendInTurn(fields));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #sendInTurn({ payload, ...fields }: UnsignedTransaction): Promise<SignedTransaction> {
    let last: SignedTransaction | undefined;
    let failure: RpcFailure = { kind: 'unreachable', reason: 'not asked yet' };
    for (let attempt = 0; attempt < TRANSACT_SEND_ATTEMPTS; attempt++) {
      if (attempt > 0 && failure.kind !== 'nonce') {
        await pause(this.#parts.environment, TRANSACT_PAUSE_MICROS * 2 ** (attempt - 1), 'ledger node to take a transaction');
      }
      try {
        const nonce = this.#next ?? (await this.#askNonce(this.#parts.key.address));
        const signed =
          payload === undefined
            ? signTransaction({ ...fields, nonce }, this.#parts.key)
            : signPayloadTransaction({ ...fields, nonce }, payload, this.#parts.key);
        // The nonce stays while it is not known whether the transaction arrived: what is sent again is the same bytes.
        this.#next = nonce;
        last = signed;
        await this.#parts.deliver(signed);
        this.#next = nonce + 1n;
        return signed;
      } catch (error) {
        if (error instanceof TreadleError && OWN_FAULTS.test(error.code)) throw error;
        failure = readRpcFailure(error);
        const settled = await this.#settle(failure, last);
        if (settled !== undefined) return settled;
      }
    }
    this.#next = undefined;
    const detail = `no ledger node took the transaction in ${TRANSACT_SEND_ATTEMPTS} attempts: ${reasonOf(failure)}`;
    throw new TreadleError('CONTRACT_UNREACHABLE', { detail, data: { ...(last && { transactionHash: last.hash }) } });
  }

  /** What follows from a rejection: the transaction that is in after all, undefined to try again, or an error. */
  async #settle(failure: RpcFailure, last: SignedTransaction | undefined): Promise<SignedTransaction | undefined> {
    if (failure.kind === 'unreachable' || failure.kind === 'busy') return undefined;
    if (failure.kind === 'known' && last !== undefined && this.#next !== undefined) {
      this.#next += 1n;
      return last;
    }
    if (failure.kind === 'nonce') {
      this.#next = undefined;
      // An earlier attempt may have arrived although its answer did not, and be in a block by now.
      const mined = last === undefined ? undefined : await this.#parts.receipts.find(last.hash).catch(() => undefined);
      return mined === undefined ? undefined : last;
    }
    this.#next = undefined;
    const data = { reason: reasonOf(failure), ...(failure.kind === 'refused' && failure.data) };
    throw new TreadleError('CONTRACT_REJECTED', { detail: `the node refused the transaction: ${reasonOf(failure)}`, data });
  }

  async #askNonce(address: Address): Promise<bigint> {
    return BigInt(readHex('a nonce', await this.#parts.rpc('eth_getTransactionCount', [address, 'pending'])));
  }
}

function reasonOf(failure: RpcFailure): string {
  return failure.kind === 'reverted' ? `reverted with ${failure.returnData}` : failure.reason;
}
