import { type Hex, toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { BUSY_RETRY_AFTER_MS } from '../../limits.ts';
import '../errors.ts';
import { RpcError, revertError, rpcError } from './rpc-error.ts';

/** How one of the ledger's errors is told to Ethereum tools. */
interface Translation {
  /** EIP-1474. */
  readonly number: number;
  /** The words that tools (viem, ethers, Hardhat) recognise this failure by; they come first in the message. */
  readonly phrase?: string;
  /** It will pass by itself: HTTP 429, with the time to wait. */
  readonly busy?: true;
}

const INVALID_INPUT = -32000;
const NOT_FOUND = -32001;
const UNAVAILABLE = -32002;
const REJECTED = -32003;
const LIMIT = -32005;

const translations: Readonly<Record<string, Translation>> = {
  LEDGER_UNKNOWN_BLOCK: { number: NOT_FOUND, phrase: 'header not found' },
  LEDGER_LOGS_RANGE: { number: LIMIT },
  LEDGER_LOGS_TOO_MANY: { number: LIMIT, phrase: 'query returned too many results' },
  LEDGER_BUSY: { number: LIMIT, busy: true },
  LEDGER_CLOSED: { number: UNAVAILABLE },
  LEDGER_DAMAGED: { number: UNAVAILABLE },
  LEDGER_PRUNED: { number: NOT_FOUND, phrase: 'pruned history unavailable' },
  LEDGER_GAS_TOO_LOW: { number: INVALID_INPUT, phrase: 'intrinsic gas too low' },
  POOL_FULL: { number: LIMIT, phrase: 'txpool is full', busy: true },
  POOL_SENDER_FULL: { number: LIMIT, phrase: 'account limit exceeded', busy: true },
  POOL_NOT_MEMBER: { number: UNAVAILABLE, phrase: 'node is not a member' },
  POOL_ALONE: { number: LIMIT, phrase: 'node is busy: no sealer is connected', busy: true },
  POOL_BUSY: { number: LIMIT, phrase: 'node is busy', busy: true },
  POOL_KNOWN: { number: REJECTED, phrase: 'already known' },
  POOL_NONCE_TOO_LOW: { number: REJECTED, phrase: 'nonce too low' },
  POOL_NONCE_TOO_HIGH: { number: REJECTED, phrase: 'nonce too high' },
  POOL_UNDERPRICED_REPLACEMENT: { number: REJECTED, phrase: 'replacement transaction underpriced' },
  POOL_INSUFFICIENT_FUNDS: { number: REJECTED, phrase: 'insufficient funds for gas * price + value' },
  POOL_WRONG_CHAIN: { number: REJECTED, phrase: 'invalid chain id for signer' },
  POOL_TOO_LARGE: { number: REJECTED, phrase: 'oversized data' },
  POOL_INTRINSIC_GAS: { number: REJECTED, phrase: 'intrinsic gas too low' },
  POOL_GAS_LIMIT: { number: REJECTED, phrase: 'exceeds block gas limit' },
  POOL_TYPE_REFUSED: { number: REJECTED, phrase: 'transaction type not supported' },
  POOL_INVALID: { number: INVALID_INPUT, phrase: 'invalid transaction' },
  POOL_SENDER_NOT_EOA: { number: REJECTED, phrase: 'sender not an eoa' },
  PAYLOAD_BAD_BODY: { number: REJECTED },
  PAYLOAD_MISSING: { number: REJECTED },
  PAYLOAD_UNEXPECTED: { number: REJECTED },
  DISK_FULL: { number: UNAVAILABLE },
};

/**
 * What a client is told about anything that was thrown while its call ran. The ledger's errors keep their stable code
 * in `data.reason`; an error that nobody foresaw says nothing of the node's inside.
 */
export function toRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (!(error instanceof TreadleError) || error.code === 'INVARIANT_BROKEN') return rpcError('RPC_INTERNAL', { cause: error });
  if (error.code === 'LEDGER_CALL_REVERTED') return failedCall(error);
  const { number, phrase, busy } = translations[error.code] ?? { number: INVALID_INPUT };
  return new RpcError({
    code: number,
    reason: error.code,
    message: phrase === undefined ? error.message : `${phrase}: ${error.message}`,
    data: { ...(busy && { retryAfterMs: BUSY_RETRY_AFTER_MS }), ...plainData(error), reason: error.code },
    cause: error,
  });
}

/** Milliseconds after which the call may be sent again, when the error says so. */
export function retryAfterOf(error: RpcError): number | undefined {
  const data: unknown = error.data;
  if (typeof data !== 'object' || data === null || !('retryAfterMs' in data)) return undefined;
  return typeof data.retryAfterMs === 'number' ? data.retryAfterMs : undefined;
}

/** A failed execution: a revert with what the contract returned, or the reason why the virtual machine stopped. */
export function executionError(vmError: string | undefined, returnData: Hex): RpcError {
  if (vmError === undefined || /revert/i.test(vmError)) return revertError(returnData);
  return rpcError('RPC_EXECUTION_FAILED', { detail: vmError, data: { returnData } });
}

function failedCall(error: TreadleError): RpcError {
  const told = error.data['error'];
  return executionError(typeof told === 'string' ? told : undefined, hexOf(error.data['returnData']));
}

function hexOf(value: unknown): Hex {
  if (value instanceof Uint8Array) return toHex(value);
  return typeof value === 'string' && /^0x([0-9a-f]{2})*$/i.test(value) ? (value as Hex) : '0x';
}

/** The facts of a ledger error that JSON can carry. */
function plainData(error: TreadleError): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(error.data)) {
    if (typeof value === 'bigint') plain[name] = value.toString();
    else if (value instanceof Uint8Array) plain[name] = toHex(value);
    else if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) plain[name] = value;
  }
  return plain;
}
