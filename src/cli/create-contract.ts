import { signCreation } from '../contracts/index.ts';
import { type Address, type Hex, toAddress } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import { CLI_CREATE_GAS, RECEIPT_WAIT_MS, RECEIPT_WAITS_MAX } from '../limits.ts';
import type { ActingOperator } from './operator.ts';
import { ask } from './rpc-over-http.ts';

/** A contract that was created, and where that stands. */
export interface CreatedContract {
  readonly address: Address;
  readonly receipt: { readonly blockNumber: number; readonly transactionHash: Hex };
}

/**
 * Creates a contract and waits until it is in a block.
 *
 * @param code - creation code with the constructor's arguments
 * @throws TreadleError CLI_REFUSED when the constructor reverted | CONTRACT_TIMEOUT | CLI_NODE_REFUSED | CLI_NO_ANSWER
 */
export async function createContract({ rpc, key, chainId }: ActingOperator, code: Hex): Promise<CreatedContract> {
  const nonce = BigInt(await ask<Hex>(rpc, 'eth_getTransactionCount', [key.address, 'pending']));
  const { raw, hash } = signCreation({ chainId, nonce, gas: CLI_CREATE_GAS, value: 0n, data: code }, key);
  await ask(rpc, 'eth_sendRawTransaction', [raw]);
  for (let waits = 0; waits < RECEIPT_WAITS_MAX; waits++) {
    const receipt = await ask<RawReceipt | null>(rpc, 'treadle_awaitReceipt', [hash, RECEIPT_WAIT_MS]);
    if (receipt === null) continue;
    if (Number(receipt.status) !== 1 || receipt.contractAddress === null) {
      throw new TreadleError('CLI_REFUSED', { detail: 'the contract could not be created', data: { transactionHash: hash } });
    }
    const blockNumber = Number(receipt.blockNumber);
    return { address: toAddress(receipt.contractAddress), receipt: { blockNumber, transactionHash: hash } };
  }
  throw new TreadleError('CONTRACT_TIMEOUT', { detail: `transaction ${hash} is in no block`, data: { transactionHash: hash } });
}

interface RawReceipt {
  readonly status: Hex;
  readonly blockNumber: Hex;
  readonly contractAddress: string | null;
}
