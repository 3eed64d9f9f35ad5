import type { Hex } from '../crypto/index.ts';

/**
 * Asks a ledger node: in-process, over HTTP or over the network of nodes. Rejects with an error that carries JSON-RPC's `code`
 * and `data`.
 */
export type Rpc = (method: string, params: readonly unknown[]) => Promise<unknown>;

/**
 * What a rejected request means to a client:
 * - `reverted`: the contract refused; `returnData` is what it said
 * - `known`: the node has the transaction already
 * - `nonce`: the account has moved on, or another transaction took this nonce
 * - `busy`: the node will take it later
 * - `unknownMethod`
 * - `refused`: the node will never take it
 * - `unreachable`: no answer; whether the request arrived is not known
 */
export type RpcFailure =
  | { readonly kind: 'reverted'; readonly returnData: Hex }
  | { readonly kind: 'known' | 'nonce' | 'busy' | 'unknownMethod' | 'unreachable'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string; readonly data: Readonly<Record<string, unknown>> };

const REVERTED = 3;
const UNKNOWN_METHOD = -32601;

const kinds: Readonly<Record<string, 'known' | 'nonce' | 'busy'>> = {
  POOL_KNOWN: 'known',
  POOL_NONCE_TOO_LOW: 'nonce',
  POOL_NONCE_TOO_HIGH: 'nonce',
  POOL_UNDERPRICED_REPLACEMENT: 'nonce',
  POOL_FULL: 'busy',
  POOL_SENDER_FULL: 'busy',
  POOL_BUSY: 'busy',
  POOL_ALONE: 'busy',
  LEDGER_BUSY: 'busy',
  RPC_BUSY: 'busy',
};

/** The words of other Ethereum nodes, which have no stable codes. */
const phrases: readonly (readonly [RegExp, 'known' | 'nonce' | 'busy'])[] = [
  [/already known|known transaction|already imported/i, 'known'],
  [/nonce too (low|high)|replacement transaction underpriced|nonce is too/i, 'nonce'],
  [/txpool is full|account limit exceeded|too many requests|busy/i, 'busy'],
];

/** Sorts whatever a request was rejected with. */
export function readRpcFailure(error: unknown): RpcFailure {
  if (typeof error !== 'object' || error === null) return { kind: 'unreachable', reason: String(error) };
  const { code, message, data } = error as { code?: unknown; message?: unknown; data?: unknown };
  const text = typeof message === 'string' ? message : 'no message';
  if (typeof code !== 'number') return { kind: 'unreachable', reason: text };
  if (code === REVERTED || (typeof data === 'string' && /revert/i.test(text))) {
    return { kind: 'reverted', returnData: isHex(data) ? data : '0x' };
  }
  if (code === UNKNOWN_METHOD) return { kind: 'unknownMethod', reason: text };
  const facts = typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>) : {};
  const stable = facts['reason'] ?? (error as { reason?: unknown }).reason;
  const kind = (typeof stable === 'string' ? kinds[stable] : undefined) ?? phrases.find(([words]) => words.test(text))?.[1];
  if (kind !== undefined) return { kind, reason: text };
  return { kind: 'refused', reason: text, data: { ...facts, code } };
}

function isHex(value: unknown): value is Hex {
  return typeof value === 'string' && /^0x([0-9a-fA-F]{2})*$/.test(value);
}
