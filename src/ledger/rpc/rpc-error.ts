import type { Hex } from '../../crypto/index.ts';
import { type RpcReason, rpcErrorNumbers, rpcErrors } from './errors.ts';
import { revertMessage } from './revert-reason.ts';

export interface RpcErrorOptions {
  /** What happened this time, without a full stop; the table's remedy is appended. */
  readonly detail?: string;
  /** Facts of this occurrence, safe to show and free of bigints. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** What stands in `error` of a JSON-RPC response. */
export interface RpcErrorObject {
  readonly code: number;
  readonly message: string;
  readonly data: unknown;
}

/**
 * An error as JSON-RPC clients know it: `code` is the number and `data` is what travels, so that an in-process
 * client (viem's `custom` transport) reads it like one that came over HTTP.
 */
export class RpcError extends Error {
  readonly code: number;
  /** The house's stable code: RPC_*, or the code of the ledger's error that is passed on. */
  readonly reason: string;
  readonly data: unknown;

  constructor(init: {
    readonly code: number;
    readonly reason: string;
    readonly message: string;
    readonly data: unknown;
    readonly cause?: unknown;
  }) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'RpcError';
    this.code = init.code;
    this.reason = init.reason;
    this.data = init.data;
  }

  toObject(): RpcErrorObject {
    return { code: this.code, message: this.message, data: this.data };
  }
}

/** An error of the RPC table. */
export function rpcError(reason: RpcReason, options: RpcErrorOptions = {}): RpcError {
  const { summary, action } = rpcErrors[reason];
  return new RpcError({
    code: rpcErrorNumbers[reason],
    reason,
    message: `${options.detail ?? summary}. ${action}`,
    data: { ...options.data, reason },
    ...(options.cause !== undefined && { cause: options.cause }),
  });
}

/** The error of a reverted call. Its message and data have the form that viem and ethers decode custom errors from. */
export function revertError(returnData: Hex): RpcError {
  return new RpcError({
    code: rpcErrorNumbers.RPC_REVERTED,
    reason: 'RPC_REVERTED',
    message: revertMessage(returnData),
    data: returnData,
  });
}

/** -32602 for one parameter. `where` names it ("parameter 2 (block)"), `expected` completes "expected ...". */
export function invalidParameter(where: string, expected: string, value: unknown): RpcError {
  return rpcError('RPC_INVALID_PARAMETER', {
    detail: `${where}: expected ${expected}, got ${describe(value)}`,
    data: { parameter: where },
  });
}

/** A value in a few words. It never walks into the value: that may be as deep as a message is long. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'string')
    return value.length > 80 ? `"${value.slice(0, 80)}..." (${value.length} characters)` : `"${value}"`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  return String(value).slice(0, 80);
}
