import {
  type Abi,
  type ContractFunctionArgs,
  type ContractFunctionName,
  type ContractFunctionReturnType,
  decodeFunctionResult,
} from 'viem';
import type { Address, Hex, NodeKey } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import { payloadGas } from '../ledger/index.ts';
import { TRANSACT_GAS_DEFAULT, TRANSACT_IN_FLIGHT_MAX, TRANSACTION_GAS_MAX } from '../limits.ts';
import { encodeCall } from './abi-lookup.ts';
import { decodeRefusal, lowerAddresses } from './contract-catalog.ts';
import { createDeliver, type PayloadSender } from './deliver.ts';
import './errors.ts';
import { NonceQueue } from './nonce-queue.ts';
import { type ClientEnvironment, ReceiptWait } from './receipt-wait.ts';
import { type Rpc, readRpcFailure } from './rpc-failure.ts';
import { type PlacedLog, readHex, readLogs, type TransactionReceipt } from './rpc-shapes.ts';
import type { PayloadBody } from './sign-payload-transaction.ts';

type ReadName<A extends Abi> = ContractFunctionName<A, 'view' | 'pure'>;

/** A number, or `latest` and the like. */
export type BlockTag = number | 'latest' | 'earliest';

export interface ReadRequest<A extends Abi, N extends ReadName<A>> {
  readonly to: Address;
  readonly abi: A;
  readonly functionName: N;
  readonly args: ContractFunctionArgs<A, 'view' | 'pure', N>;
  readonly from?: Address;
  /** Default: latest. */
  readonly block?: BlockTag;
}

export interface TransactRequest {
  readonly to: Address;
  /** Default: none. */
  readonly data?: Hex;
  readonly value?: bigint;
  /** Gas limit; default TRANSACT_GAS_DEFAULT. A transaction that runs out is sent once more with the most that one may use. */
  readonly gas?: bigint;
  /** Makes it a payload transaction; the default gas limit then covers its body too. */
  readonly payload?: PayloadBody;
}

export interface LogsRequest {
  readonly address: Address;
  readonly topics?: readonly (Hex | readonly Hex[] | null)[];
  readonly fromBlock: BlockTag;
  readonly toBlock: BlockTag;
}

/** A node's way to the ledger: reads, and transactions signed with one key. */
export interface LedgerClient {
  readonly chainId: number;
  /** The account that signs; undefined for a client that only reads. */
  readonly account: Address | undefined;
  /**
   * Reads from a contract. Addresses in the result are lower case.
   * @throws TreadleError CONTRACT_REVERTED (data: errorName, args) | CONTRACT_REJECTED | CONTRACT_UNREACHABLE |
   * CONTRACT_BAD_ANSWER
   */
  call<const A extends Abi, N extends ReadName<A>>(
    request: ReadRequest<A, N>,
  ): Promise<ContractFunctionReturnType<A, 'view' | 'pure', N>>;
  /**
   * Signs, sends and waits until the transaction is in a block. Any number of calls may overlap; they are sent in order of call.
   * @throws TreadleError CONTRACT_REVERTED (data: errorName, args, transactionHash) | CONTRACT_OUT_OF_GAS | CONTRACT_REJECTED |
   * CONTRACT_UNREACHABLE | CONTRACT_TIMEOUT | CONTRACT_NO_KEY | CONTRACT_BUSY | CONTRACT_BAD_ANSWER
   */
  transact(request: TransactRequest): Promise<TransactionReceipt>;
  /** Logs of a contract, oldest first. @throws TreadleError CONTRACT_REJECTED | CONTRACT_UNREACHABLE | CONTRACT_BAD_ANSWER */
  logs(request: LogsRequest): Promise<readonly PlacedLog[]>;
  /** Wei of an account. */
  balance(account: Address): Promise<bigint>;
}

export interface LedgerClientOptions {
  readonly rpc: Rpc;
  readonly key?: NodeKey;
  readonly environment: ClientEnvironment;
  readonly chainId: number;
  /** Hands over payload transactions with their bodies; default: in hex over `rpc`, which takes bodies of up to 2 MB. */
  readonly sendPayload?: PayloadSender;
}

/** Makes a client of the ledger behind `rpc`. */
export function createLedgerClient({ rpc, key, environment, chainId, sendPayload }: LedgerClientOptions): LedgerClient {
  const deliver = createDeliver(rpc, sendPayload);
  const receipts = new ReceiptWait(rpc, environment, deliver);
  const queue = key && new NonceQueue({ rpc, environment, receipts, key, deliver });
  let inFlight = 0;

  async function execute(request: TransactRequest, gas: bigint): Promise<TransactionReceipt> {
    if (queue === undefined) throw new TreadleError('CONTRACT_NO_KEY');
    const { to, data = '0x', value = 0n, payload } = request;
    const receipt = await receipts.for(await queue.send({ chainId, to, data, value, gas, ...(payload && { payload }) }));
    if (receipt.succeeded) return receipt;
    const { transactionHash, gasUsed } = receipt;
    if (gasUsed < gas) throw await explainRevert(receipt, request);
    if (gas < TRANSACTION_GAS_MAX) return execute(request, TRANSACTION_GAS_MAX);
    throw new TreadleError('CONTRACT_OUT_OF_GAS', { data: { transactionHash, gasUsed } });
  }

  /** The reason is in the receipt where the node keeps it; elsewhere the call is repeated on the state after its block. */
  async function explainRevert(receipt: TransactionReceipt, request: TransactRequest): Promise<TreadleError> {
    const { transactionHash, blockNumber, revertData } = receipt;
    if (revertData !== undefined) return reverted(request.to, revertData, { transactionHash });
    const { to, data = '0x', value = 0n } = request;
    try {
      await rpc('eth_call', [{ from: key?.address, to, data, value: quantity(value) }, quantity(blockNumber)]);
    } catch (error) {
      const failure = readRpcFailure(error);
      if (failure.kind === 'reverted') return reverted(to, failure.returnData, { transactionHash });
    }
    return reverted(to, '0x', { transactionHash });
  }

  return {
    chainId,
    account: key?.address,
    async call(request) {
      const { to, from, block = 'latest', functionName } = request;
      const abi = request.abi as Abi;
      const data = encodeCall(abi, functionName as string, request.args as readonly unknown[]);
      const answer = await ask(rpc, 'eth_call', [{ to, data, ...(from && { from }) }, blockParameter(block)], to);
      try {
        const result = decodeFunctionResult({ abi, functionName: functionName as string, data: readHex('return data', answer) });
        return lowerAddresses(result) as never;
      } catch (cause) {
        throw new TreadleError('CONTRACT_BAD_ANSWER', { detail: `the answer to ${functionName} does not decode`, cause });
      }
    },
    async transact(request) {
      if (inFlight >= TRANSACT_IN_FLIGHT_MAX) throw new TreadleError('CONTRACT_BUSY', { data: { inFlight } });
      inFlight++;
      try {
        return await execute(request, request.gas ?? defaultGas(request));
      } finally {
        inFlight--;
      }
    },
    async logs({ address, topics, fromBlock, toBlock }) {
      const filter = { address, topics: topics ?? [], fromBlock: blockParameter(fromBlock), toBlock: blockParameter(toBlock) };
      return readLogs(await ask(rpc, 'eth_getLogs', [filter], address));
    },
    async balance(account) {
      return BigInt(readHex('a balance', await ask(rpc, 'eth_getBalance', [account, 'latest'], account)));
    },
  };
}

function defaultGas({ payload }: TransactRequest): bigint {
  return TRANSACT_GAS_DEFAULT + (payload === undefined ? 0n : payloadGas(payload.body.length));
}

async function ask(rpc: Rpc, method: string, params: readonly unknown[], to: Address): Promise<unknown> {
  try {
    return await rpc(method, params);
  } catch (cause) {
    const failure = readRpcFailure(cause);
    if (failure.kind === 'reverted') throw reverted(to, failure.returnData, {});
    if (failure.kind === 'unreachable') {
      throw new TreadleError('CONTRACT_UNREACHABLE', { detail: `the ledger node does not answer: ${failure.reason}`, cause });
    }
    const data = { reason: failure.reason };
    throw new TreadleError('CONTRACT_REJECTED', { detail: `the node refused ${method}: ${failure.reason}`, data, cause });
  }
}

function reverted(to: Address, returnData: Hex, data: Readonly<Record<string, unknown>>): TreadleError {
  const refusal = decodeRefusal(to, returnData);
  const { errorName, args } = refusal ?? { errorName: 'unknown', args: [] };
  const words = refusal === undefined ? 'gave no reason' : `says ${errorName}(${args.map(String).join(', ')})`;
  return new TreadleError('CONTRACT_REVERTED', {
    detail: `the contract at ${to} ${words}`,
    data: { errorName, args, returnData, ...data },
  });
}

function blockParameter(block: BlockTag): string {
  return typeof block === 'number' ? quantity(block) : block;
}

function quantity(value: number | bigint): Hex {
  return `0x${value.toString(16)}`;
}
