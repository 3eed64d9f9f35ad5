import type { Rpc } from '../contracts/index.ts';
import { TreadleError } from '../errors.ts';
import { CLI_FIRST_ANSWER_MS, RPC_TIMEOUT_MICROS } from '../limits.ts';
import './errors.ts';

/** A request that the node answered with an error, as JSON-RPC has it: `code` and `data` are what the clients of the contracts sort it by. */
export class RpcRefusal extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(error: { readonly code: number; readonly message: string; readonly data?: unknown }) {
    super(error.message);
    this.name = 'RpcRefusal';
    this.code = error.code;
    this.data = error.data;
  }
}

/**
 * JSON-RPC over HTTP.
 *
 * @param url - address of a node's JSON-RPC
 * @returns a function that rejects with {@link RpcRefusal}, or TreadleError CLI_NO_ANSWER | CLI_NOT_JSON_RPC
 * @throws TreadleError CLI_BAD_OPTION when `url` is no HTTP address
 */
export function rpcOverHttp(url: string): Rpc {
  const endpoint = readUrl(url);
  let lastId = 0;
  let answered = false;
  return async (method, params) => {
    const id = ++lastId;
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params });
    const text = await post(endpoint, body, answered ? RPC_TIMEOUT_MICROS / 1000 : CLI_FIRST_ANSWER_MS);
    const { result, error } = readAnswer(endpoint, text, id);
    answered = true;
    if (error !== undefined) throw new RpcRefusal(error);
    return result;
  };
}

/**
 * Asks for something that the clients of the contracts do not cover.
 * @throws TreadleError CLI_NODE_REFUSED (data: method, code, reason) | CLI_NO_ANSWER | CLI_NOT_JSON_RPC
 */
export async function ask<T>(rpc: Rpc, method: string, params: readonly unknown[] = []): Promise<T> {
  try {
    return (await rpc(method, params)) as T;
  } catch (cause) {
    if (!(cause instanceof RpcRefusal)) throw cause;
    const { code, message } = cause;
    throw new TreadleError('CLI_NODE_REFUSED', {
      detail: `the node refused ${method}: ${unpunctuated(message)}`,
      data: { method, code, reason: message },
      cause,
    });
  }
}

/** @throws TreadleError CLI_BAD_OPTION when `text` is no HTTP address */
export function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new TreadleError('CLI_BAD_OPTION', {
      detail: `--rpc is "${text.slice(0, 200)}", expected an address such as http://127.0.0.1:8545`,
    });
  }
  return url.href;
}

async function post(url: string, body: string, timeoutMs: number): Promise<string> {
  try {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(timeoutMs) });
    return await response.text();
  } catch (cause) {
    throw new TreadleError('CLI_NO_ANSWER', {
      detail: `no answer from ${url} (${whyNot(cause, timeoutMs)})`,
      data: { url },
      cause,
    });
  }
}

/** The system's word for why there is no connection is in the cause of what `fetch` throws. */
export function whyNot(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `nothing within ${timeoutMs / 1000} s`;
  const cause = error instanceof Error ? (error.cause as { code?: unknown; message?: unknown } | undefined) : undefined;
  if (typeof cause?.code === 'string') return cause.code === 'ECONNREFUSED' ? 'nobody listens there' : cause.code;
  return String(cause?.message ?? error);
}

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

function readAnswer(url: string, text: string, id: number): Answer {
  const answer = parse(text);
  const { result, error } = answer ?? {};
  if (typeof error?.code === 'number' && typeof error.message === 'string') return { error };
  if (answer?.id === id && error === undefined && result !== undefined) return { result };
  throw new TreadleError('CLI_NOT_JSON_RPC', {
    detail: `what ${url} answers is not JSON-RPC: ${text.slice(0, 60).replaceAll(/\s+/g, ' ')}`,
    data: { url },
  });
}

function parse(text: string): (Answer & { readonly id?: unknown }) | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function unpunctuated(message: string): string {
  return message.replace(/[.\s]+$/, '');
}
