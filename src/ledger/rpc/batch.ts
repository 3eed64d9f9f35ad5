import { TreadleError } from '../../errors.ts';
import { BATCH_ITEMS_MAX, BUSY_RETRY_AFTER_MS } from '../../limits.ts';
import type { LedgerView, Submission } from '../ledger.ts';
import { decode, type Item, listOf } from '../rlp-fields.ts';
import { toJson } from './json.ts';
import { type RpcError, rpcError } from './rpc-error.ts';
import { retryAfterOf, toRpcError } from './to-rpc-error.ts';

/** The answer to a batch of transactions. */
export interface BatchAnswer {
  /** A JSON array: for each item, in order, `{"hash"}` or `{"error"}`; or one `{"error"}` when the batch as a whole is refused. */
  readonly text: string;
  /** HTTP status. */
  readonly status: 200 | 400 | 413 | 429;
  /** With status 429. */
  readonly retryAfterMs?: number;
}

/**
 * Takes many transactions at once, without hex: an RLP list whose items are encoded transactions or, for payload transactions,
 * lists of the encoded transaction and its body. Never rejects.
 *
 * @param memoryTaken - the caller has taken the memory of `bytes` from the node's budget
 */
export async function takeBatch(ledger: LedgerView, bytes: Uint8Array, memoryTaken: boolean): Promise<BatchAnswer> {
  const giveBack = memoryTaken ? () => undefined : ledger.memory.take(bytes.length);
  if (giveBack === undefined) return busyAnswer();
  try {
    const submissions = readBatch(bytes);
    if ('refused' in submissions) return submissions.refused;
    const results = await ledger.submitMany(submissions.items, { memoryTaken: true });
    const outcomes = results.map((result) => (typeof result === 'string' ? result : toRpcError(result)));
    return outcomesAnswer(outcomes);
  } catch (error) {
    return refusal(400, toRpcError(error));
  } finally {
    giveBack();
  }
}

/** The answer of a node that has no memory left for a request. */
export function busyAnswer(): BatchAnswer & { readonly status: 429 } {
  const error = toRpcError(new TreadleError('POOL_BUSY', { data: { retryAfterMs: BUSY_RETRY_AFTER_MS } }));
  return { ...refusal(429, error), status: 429, retryAfterMs: BUSY_RETRY_AFTER_MS };
}

function outcomesAnswer(outcomes: readonly (string | RpcError)[]): BatchAnswer {
  const texts = outcomes.map((outcome) =>
    typeof outcome === 'string' ? `{"hash":"${outcome}"}` : `{"error":${toJson(outcome.toObject())}}`,
  );
  const text = `[${texts.join(',')}]`;
  const waits = outcomes.map((outcome) => (typeof outcome === 'string' ? undefined : retryAfterOf(outcome)));
  if (waits.length === 0 || waits.includes(undefined)) return { status: 200, text };
  return { status: 429, text, retryAfterMs: Math.max(...waits.map((wait) => wait ?? 0)) };
}

function readBatch(bytes: Uint8Array): { readonly items: readonly Submission[] } | { readonly refused: BatchAnswer } {
  let items: readonly Item[];
  try {
    items = listOf(decode(bytes, 'batch'), 'batch');
  } catch {
    return malformed('the body is not an RLP list of transactions');
  }
  if (items.length > BATCH_ITEMS_MAX) {
    const detail = `the batch holds ${items.length} transactions; at most ${BATCH_ITEMS_MAX} are taken`;
    return { refused: refusal(413, rpcError('RPC_LIMIT', { detail })) };
  }
  const submissions: Submission[] = [];
  for (const [at, item] of items.entries()) {
    const submission = submissionOf(item);
    if (submission === undefined) return malformed(`item ${at} is neither a transaction nor a list of one and its body`);
    submissions.push(submission);
  }
  return { items: submissions };
}

function submissionOf(item: Item): Submission | undefined {
  if (item instanceof Uint8Array) return { raw: item };
  const [raw, body] = item;
  return item.length === 2 && raw instanceof Uint8Array && body instanceof Uint8Array ? { raw, body } : undefined;
}

function malformed(detail: string): { readonly refused: BatchAnswer } {
  return { refused: refusal(400, rpcError('RPC_INVALID_REQUEST', { detail })) };
}

function refusal(status: BatchAnswer['status'], error: RpcError): BatchAnswer {
  return { status, text: `{"error":${toJson(error.toObject())}}` };
}
