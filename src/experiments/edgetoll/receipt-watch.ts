import { decodeEvent, EDGE_REGISTRY_ADDRESS, PAYMENT_CHANNELS_ADDRESS } from '../../contracts/index.ts';
import type { Address } from '../../crypto/index.ts';
import type { LedgerView, ReceiptRecord } from '../../ledger/index.ts';

/** What a transaction was for, as far as this comparison tells them apart. */
export type Purpose = 'open' | 'close' | 'match' | 'completion' | 'transfer' | 'other';

export interface WatchedReceipt {
  readonly purpose: Purpose;
  readonly from: Address;
  readonly gas: number;
  /** Tasks that the transaction reports as completed. */
  readonly completed: number;
}

/** Every receipt of the chain from now on, in order. */
export interface ReceiptWatch {
  /** Where the list ends now; a later `since` begins there. */
  mark(): number;
  since(mark: number): readonly WatchedReceipt[];
}

export function watchReceipts(ledger: LedgerView): ReceiptWatch {
  const seen: WatchedReceipt[] = [];
  ledger.onHead((_block, receipts) => seen.push(...receipts.map(watched)));
  return {
    mark: () => seen.length,
    since: (mark) => seen.slice(mark),
  };
}

/** Gas of the receipts with this purpose, in order. */
export function gasOf(receipts: readonly WatchedReceipt[], purpose: Purpose): readonly number[] {
  return receipts.flatMap((receipt) => (receipt.purpose === purpose ? [receipt.gas] : []));
}

function watched(receipt: ReceiptRecord): WatchedReceipt {
  const events = receipt.logs.flatMap((log) => decodeEvent(log)?.name ?? []);
  const completed = events.filter((name) => name === 'TaskCompleted').length;
  const purpose = receipt.status === 1 ? purposeOf(receipt, events) : 'other';
  return { purpose, from: receipt.from, gas: Number(receipt.gasUsed), completed };
}

function purposeOf({ to, logs }: ReceiptRecord, events: readonly string[]): Purpose {
  if (to === PAYMENT_CHANNELS_ADDRESS) return events.includes('Opened') ? 'open' : events.includes('Closed') ? 'close' : 'other';
  if (to === EDGE_REGISTRY_ADDRESS) {
    return events.includes('Matched') ? 'match' : events.includes('TaskCompleted') ? 'completion' : 'other';
  }
  return to !== undefined && logs.length === 0 ? 'transfer' : 'other';
}
