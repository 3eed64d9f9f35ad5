import { TreadleError } from '../errors.ts';
import type { RpcCall } from './rpc-call.ts';

/** What is needed of `fetch`: a browser's, or any other that does the same. */
export type Fetch = (
  url: string,
  init: { readonly method: string; readonly headers: Readonly<Record<string, string>>; readonly body: string },
) => Promise<{ readonly status: number; text(): Promise<string> }>;

/** JSON-RPC over HTTP to one node. The calls reject with LIGHT_NO_ANSWER. */
export function createHttpCall(url: string, fetch: Fetch): RpcCall {
  let nextId = 1;
  return async (method, params) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: nextId++, method, params });
    const failed = (why: string, cause?: unknown): TreadleError =>
      new TreadleError('LIGHT_NO_ANSWER', {
        detail: `${url} does not answer ${method}: ${why}`,
        data: { url, method },
        ...(cause !== undefined && { cause }),
      });
    let answer: { readonly result?: unknown; readonly error?: { readonly message?: string } };
    try {
      const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      answer = JSON.parse(await response.text());
    } catch (cause) {
      throw failed(cause instanceof Error ? cause.message : String(cause), cause);
    }
    if (typeof answer !== 'object' || answer === null) throw failed('it answers no JSON-RPC');
    if (answer.error !== undefined) throw failed(answer.error.message ?? 'it refuses');
    return answer.result;
  };
}
