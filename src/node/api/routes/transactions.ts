import type { TypedTransaction } from '@ethereumjs/tx';
import { type Hex, toHex } from '../../../crypto/index.ts';
import { TreadleError } from '../../../errors.ts';
import type { ReceiptRecord } from '../../../ledger/index.ts';
import { API_EVENTS_SHOWN_MAX, API_INPUT_SHOWN_BYTES, API_WALK_HEADERS_MAX } from '../../../limits.ts';
import type { ChainContext } from '../context.ts';
import { decodeCall, decodeEvent, decodeFailure, recipientOf } from '../decode/decode-transaction.ts';
import { EMPTY_TRANSACTIONS_ROOT } from '../projection/projection.ts';
import type { ChainPage, Page, TransactionDetail, TransactionRow } from '../types.ts';
import { type Committed, transactionRow, transactionRows } from './chain-rows.ts';

/** A place between transactions: everything in lower blocks, and the first `index` of `block`, lies below it. */
interface Cursor {
  readonly block: number;
  readonly index: number;
}

/** Transactions below the cursor `before` (or from the head), newest first. */
export async function listTransactions(
  context: ChainContext,
  query: { readonly before?: string | undefined; readonly limit: number },
): Promise<ChainPage<TransactionRow>> {
  const { ledger, names } = context;
  const items: TransactionRow[] = [];
  const walk = walkDown(
    context,
    query.before === undefined ? { block: ledger.head.number + 1, index: 0 } : readCursor(query.before),
  );
  let older: Cursor | undefined;
  for await (const { block: number, index, stopped } of walk) {
    older = { block: number, index };
    if (items.length >= query.limit || stopped === true) break;
    const [block, receipts] = await Promise.all([ledger.block(number), ledger.receipts(number)]);
    if (block === undefined || receipts === undefined) continue;
    const end = Math.min(index, block.transactions.length);
    const count = Math.min(end, query.limit - items.length);
    items.push(...transactionRows(block, receipts, { from: end - count, count, names }).reverse());
    older = { block: number, index: end - count };
    if (end > count) break;
    // This block is used up: whether there is an older one decides whether there is an older page.
    older = undefined;
  }
  return {
    items,
    older: older === undefined ? null : writeCursor(older),
    newer: query.before === undefined ? null : newerCursor(context, readCursor(query.before), query.limit),
    total: ledger.transactionCount(),
  };
}

/** More than any block holds: the whole block lies below the cursor. */
const WHOLE_BLOCK = 999_999;

/**
 * Blocks with transactions below a cursor, newest first, each with how many of its transactions lie below it; `stopped`
 * when the walk became too long.
 */
async function* walkDown(
  { ledger, projection }: ChainContext,
  from: Cursor,
): AsyncGenerator<Cursor & { readonly stopped?: true }> {
  if (from.index > 0) yield from;
  let number = Math.min(from.block, ledger.head.number + 1) - 1;
  // Above what the view has read, headers tell which blocks hold transactions.
  let looked = 0;
  while (number >= 0 && number > readUpTo(projection)) {
    if (looked >= API_WALK_HEADERS_MAX) return yield { block: number + 1, index: 0, stopped: true };
    looked += 1;
    const header = await ledger.header(number);
    if (header !== undefined && header.transactionsRoot !== EMPTY_TRANSACTIONS_ROOT) yield { block: number, index: WHOLE_BLOCK };
    number -= 1;
  }
  for (;;) {
    const full = projection.counts.fullBlockAtOrBelow(number);
    if (full === undefined) return;
    yield { block: full.number, index: full.transactions };
    number = full.number - 1;
  }
}

function readUpTo(projection: ChainContext['projection']): number {
  const { done, height } = projection.progress();
  return done ? Infinity : height;
}

/** The cursor from which a page of `limit` ends where `from` begins; null when that is the newest page. */
function newerCursor({ ledger, projection }: ChainContext, from: Cursor, limit: number): string | null {
  let missing = limit;
  let at: Cursor = from;
  let next = projection.counts.fullBlockAtOrAbove(from.block);
  while (next !== undefined) {
    const below = next.number === from.block ? from.index : 0;
    const above = next.transactions - below;
    if (above >= missing) {
      at = { block: next.number, index: below + missing };
      return at.block >= ledger.head.number && above === missing ? null : writeCursor(at);
    }
    missing -= Math.max(0, above);
    next = projection.counts.fullBlockAtOrAbove(next.number + 1);
  }
  return null;
}

function readCursor(text: string): Cursor {
  const [block, index] = text.split('-').map(Number);
  return { block: block ?? 0, index: index ?? 0 };
}

function writeCursor({ block, index }: Cursor): string {
  return `${block}-${index}`;
}

/** Transactions that wait for a block, oldest first. */
export function listPending(
  { ledger, names }: ChainContext,
  page: { readonly offset: number; readonly limit: number },
): Page<TransactionRow> {
  const pending = ledger.pending();
  const items = pending
    .slice(page.offset, page.offset + page.limit)
    .map((transaction) => transactionRow(transaction, undefined, names));
  return { ...page, total: pending.length, items };
}

/**
 * One transaction with its call, events and, when it was reverted, why.
 *
 * @throws {@link TreadleError} API_NOT_FOUND
 */
export async function showTransaction(context: ChainContext, hash: string): Promise<TransactionDetail> {
  const { ledger, names } = context;
  if (!/^0x[0-9a-fA-F]{64}$/.test(hash))
    throw new TreadleError('API_BAD_QUERY', { detail: 'A transaction is named by its hash: 0x and 64 hex digits' });
  const key = hash.toLowerCase() as Hex;
  const found = await ledger.transaction(key);
  if (found === undefined)
    throw new TreadleError('API_NOT_FOUND', { detail: `There is no transaction ${hash} on this chain or in this node's pool` });
  const receipt = found.place === undefined ? undefined : await ledger.receipt(key);
  const committed = committedOf(found.place, receipt);
  const { transaction } = found;
  return {
    ...transactionRow(transaction, committed, names),
    nonce: transaction.nonce.toString(),
    type: transaction.type,
    gasLimit: transaction.gasLimit.toString(),
    blockHash: found.place?.block.hash ?? null,
    confirmations: committed === undefined ? null : ledger.head.number - committed.blockNumber + 1,
    createdContract: receipt?.contractAddress === undefined ? null : names.partyOf(receipt.contractAddress),
    ...inputOf(transaction),
    call: decodeCall(transaction, names.partyOf),
    events: (receipt?.logs ?? []).slice(0, API_EVENTS_SHOWN_MAX).map((log) => decodeEvent(log, names.partyOf)),
    eventsHidden: Math.max(0, (receipt?.logs.length ?? 0) - API_EVENTS_SHOWN_MAX),
    failure: receipt?.status === 0 ? await failureOf(context, transaction, receipt) : null,
  };
}

function committedOf(
  place: { readonly block: { readonly number: number; readonly timestampMs: number }; readonly index: number } | undefined,
  receipt: ReceiptRecord | undefined,
): Committed | undefined {
  if (place === undefined || receipt === undefined) return undefined;
  return { blockNumber: place.block.number, timestampMs: place.block.timestampMs, index: place.index, receipt };
}

function inputOf({ data }: TypedTransaction): Pick<TransactionDetail, 'input' | 'inputCut' | 'inputBytes'> {
  return {
    input: toHex(data.subarray(0, API_INPUT_SHOWN_BYTES)),
    inputCut: data.length > API_INPUT_SHOWN_BYTES,
    inputBytes: data.length,
  };
}

/**
 * What the contract said. Where the receipt lacks it, the call is made again on the state before its block, which is right
 * unless an earlier transaction of the block matters.
 */
async function failureOf(
  { ledger, names }: ChainContext,
  transaction: TypedTransaction,
  receipt: ReceiptRecord,
): Promise<TransactionDetail['failure']> {
  const to = recipientOf(transaction);
  if (receipt.gasUsed >= transaction.gasLimit)
    return { name: 'out of gas', message: 'The call used all of its gas limit', arguments: [] };
  const data = receipt.revertData ?? (await callAgain());
  return decodeFailure(to, data, names.partyOf);

  async function callAgain(): Promise<Hex | undefined> {
    const request = { from: receipt.from, data: transaction.data, value: transaction.value, ...(to !== undefined && { to }) };
    try {
      const result = await ledger.call(request, Math.max(0, receipt.blockNumber - 1));
      return result.success ? undefined : toHex(result.returnData);
    } catch {
      // The state of that block may be pruned.
      return undefined;
    }
  }
}
