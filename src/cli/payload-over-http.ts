import type { PayloadSender } from '../contracts/index.ts';
import { encodeRlp, fromHex, type Hex } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import { commitPayload, type PayloadCommitment } from '../ledger/index.ts';
import { CLI_FIRST_ANSWER_MS, RPC_TIMEOUT_MICROS } from '../limits.ts';
import './errors.ts';
import { RpcRefusal, readUrl, whyNot } from './rpc-over-http.ts';

const TIMEOUT_MS = RPC_TIMEOUT_MICROS / 1000;

/**
 * Hands payload transactions over as bytes (`POST /batch`): no hex, and bodies of every size that the ledger takes.
 *
 * @param rpcUrl - address of a node's JSON-RPC
 * @returns a function that rejects with {@link RpcRefusal}, or TreadleError CLI_NO_ANSWER | CLI_NOT_JSON_RPC
 */
export function payloadSenderOverHttp(rpcUrl: string): PayloadSender {
  const url = new URL('/batch', readUrl(rpcUrl)).href;
  return async (raw, body) => {
    const headers = { 'content-type': 'application/octet-stream' };
    const content = encodeRlp([[fromHex(raw), body]]);
    const response = await reach(url, { method: 'POST', headers, body: content as NonNullable<RequestInit['body']> }, TIMEOUT_MS);
    const { hash, error } = readOutcome(await response.text()) ?? {};
    if (error !== undefined) throw new RpcRefusal(error);
    if (hash === undefined) throw new TreadleError('CLI_NOT_JSON_RPC', { detail: `what ${url} answers is not that of a node` });
    return hash;
  };
}

/**
 * Fetches a body by its root, and holds it to that.
 * @throws TreadleError CLI_UNKNOWN_PAYLOAD | CLI_PAYLOAD_DIFFERS | CLI_NO_ANSWER
 */
export async function fetchPayload(
  rpcUrl: string,
  root: Hex,
): Promise<{ readonly body: Uint8Array; readonly payload: PayloadCommitment }> {
  const url = new URL(`/payload/${root}`, readUrl(rpcUrl)).href;
  const response = await reach(url, {}, CLI_FIRST_ANSWER_MS);
  if (!response.ok) {
    throw new TreadleError('CLI_UNKNOWN_PAYLOAD', { detail: `the node has no body with the root ${root}`, data: { root } });
  }
  const body = new Uint8Array(await response.arrayBuffer());
  const mediaType = response.headers.get('content-type') ?? 'application/octet-stream';
  const payload = body.length === 0 ? undefined : commitPayload(body, mediaType);
  if (payload?.root === root) return { body, payload };
  throw new TreadleError('CLI_PAYLOAD_DIFFERS', {
    detail: `the ${body.length} bytes that came do not have the root ${root}`,
    data: { root },
  });
}

async function reach(url: string, request: RequestInit, timeoutMs: number): Promise<Response> {
  try {
    return await fetch(url, { ...request, signal: AbortSignal.timeout(timeoutMs) });
  } catch (cause) {
    throw new TreadleError('CLI_NO_ANSWER', {
      detail: `no answer from ${url} (${whyNot(cause, timeoutMs)})`,
      data: { url },
      cause,
    });
  }
}

interface Outcome {
  readonly hash?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** The one item of the answer, or the refusal of the whole batch. */
function readOutcome(text: string): Outcome | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    const first: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
    return typeof first === 'object' && first !== null ? first : undefined;
  } catch {
    return undefined;
  }
}
