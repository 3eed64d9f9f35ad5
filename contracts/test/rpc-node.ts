import { createTxFromRLP } from '@ethereumjs/tx';
import type { Rpc } from '../../src/contracts/index.ts';
import { type Address, fromHex, type Hex, keccak256, toAddress, toHex } from '../../src/crypto/index.ts';
import type { SentTransaction, TestChain } from './harness.ts';

/** An error as a node answers it. */
export interface NodeError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

interface Mined {
  readonly hash: Hex;
  readonly blockNumber: number;
  readonly outcome: SentTransaction;
}

interface CallParameters {
  readonly to: Address;
  readonly data: Hex;
  readonly from?: Address;
  readonly value?: Hex;
}

/** What a test may do to a request before or after the node has handled it: throw instead of the answer. */
export type Fault = (method: string, when: 'before' | 'after') => void;

/** A ledger node with one transaction per block, for clients to talk to: JSON-RPC as the ledger speaks it. */
export class RpcNode {
  readonly chain: TestChain;
  readonly requests: string[] = [];
  fault: Fault = () => {};
  /** With false, sent transactions stay in the pool until `mine` is called. */
  mining = true;
  /** With false, `treadle_awaitReceipt` does not exist. */
  awaits = true;
  /** With false, receipts do not say why a transaction was reverted. */
  reasons = true;
  readonly #pool: { readonly hash: Hex; readonly raw: Hex }[] = [];
  readonly #mined: Mined[] = [];

  constructor(chain: TestChain) {
    this.chain = chain;
  }

  readonly rpc: Rpc = async (method, params) => {
    this.requests.push(method);
    this.fault(method, 'before');
    const answer = await this.#answer(method, params[0]);
    this.fault(method, 'after');
    return answer;
  };

  /** Puts what is in the pool into blocks. */
  async mine(): Promise<void> {
    for (let next = this.#pool.shift(); next !== undefined; next = this.#pool.shift()) {
      const tx = createTxFromRLP(fromHex(next.raw), { common: this.chain.common });
      const to = tx.to === undefined ? undefined : toAddress(tx.to.toString());
      const from = toAddress(tx.getSenderAddress().toString());
      const outcome = await this.chain.send(from, { ...(to && { to }), data: toHex(tx.data), value: tx.value, gas: tx.gasLimit });
      this.#mined.push({ hash: next.hash, blockNumber: this.#mined.length + 1, outcome });
    }
  }

  /** Forgets what was sent and not mined, as a node does that restarts. */
  losePool(): void {
    this.#pool.length = 0;
  }

  get minedCount(): number {
    return this.#mined.length;
  }

  async #answer(method: string, first: unknown): Promise<unknown> {
    switch (method) {
      case 'eth_getTransactionCount':
        return quantity(await this.#pendingNonce(first as Address));
      case 'eth_sendRawTransaction':
        return this.#submit(first as Hex);
      case 'eth_getTransactionReceipt':
        return this.#receipt(first as Hex);
      case 'treadle_awaitReceipt':
        if (!this.awaits) throw nodeError(-32601, 'the method does not exist');
        return this.#receipt(first as Hex);
      case 'eth_call':
        return this.#call(first as CallParameters);
      case 'eth_getBalance':
        return quantity(await this.chain.balance(first as Address));
      case 'eth_getLogs':
        return this.#mined
          .flatMap((mined) => this.#logs(mined))
          .filter(({ address }) => address === (first as { readonly address: Address }).address);
      default:
        throw nodeError(-32601, 'the method does not exist');
    }
  }

  async #submit(raw: Hex): Promise<Hex> {
    const tx = createTxFromRLP(fromHex(raw), { common: this.chain.common });
    const hash = toHex(keccak256(fromHex(raw)));
    const from = toAddress(tx.getSenderAddress().toString());
    if (this.#pool.some((pooled) => pooled.hash === hash)) throw nodeError(-32003, 'already known', 'POOL_KNOWN');
    const next = await this.#pendingNonce(from);
    if (tx.nonce < next) throw nodeError(-32003, 'nonce too low', 'POOL_NONCE_TOO_LOW');
    if (tx.nonce > next) throw nodeError(-32003, 'nonce too high', 'POOL_NONCE_TOO_HIGH');
    this.#pool.push({ hash, raw });
    if (this.mining) await this.mine();
    return hash;
  }

  async #pendingNonce(account: Address): Promise<bigint> {
    const pooled = this.#pool.filter(({ raw }) => {
      const tx = createTxFromRLP(fromHex(raw), { common: this.chain.common });
      return toAddress(tx.getSenderAddress().toString()) === account;
    });
    return (await this.chain.nonce(account)) + BigInt(pooled.length);
  }

  async #call({ to, data, from, value }: CallParameters): Promise<Hex> {
    const result = await this.chain.call(from ?? to, { to, data, ...(value && { value: BigInt(value) }) });
    if (result.success) return result.returnData;
    throw { code: 3, message: 'execution reverted', data: result.returnData } satisfies NodeError;
  }

  #receipt(hash: Hex): unknown {
    const mined = this.#mined.find((each) => each.hash === hash);
    if (mined === undefined) return null;
    const { outcome, blockNumber } = mined;
    return {
      transactionHash: hash,
      blockNumber: quantity(blockNumber),
      blockHash: toHex(keccak256(fromHex(hash))),
      status: outcome.success ? '0x1' : '0x0',
      gasUsed: quantity(outcome.gasUsed),
      logs: this.#logs(mined),
      ...(!outcome.success && this.reasons && { revertReason: outcome.returnData }),
    };
  }

  #logs({ hash, blockNumber, outcome }: Mined) {
    return outcome.logs.map((log, index) => ({
      ...log,
      blockNumber: quantity(blockNumber),
      transactionHash: hash,
      transactionIndex: '0x0',
      logIndex: quantity(index),
    }));
  }
}

/** A node's error with its stable code. */
export function nodeError(code: number, message: string, reason?: string): NodeError {
  return { code, message, data: { reason } };
}

function quantity(value: number | bigint): Hex {
  return `0x${value.toString(16)}`;
}
