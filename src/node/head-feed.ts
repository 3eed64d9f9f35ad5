import type { ChainFeed } from '../contracts/index.ts';
import type { BlockRecord, LedgerView, ReceiptRecord } from '../ledger/index.ts';

/** The chain as a full node's own ledger takes it in. */
export function headFeed(ledger: LedgerView): ChainFeed {
  return {
    get head() {
      return { number: ledger.head.number, timestampMs: ledger.head.timestampMs };
    },
    onBlock: (listener) =>
      ledger.onHead((block: BlockRecord, receipts: readonly ReceiptRecord[]) => {
        const { number, timestampMs } = block.header;
        listener({ number, timestampMs, logs: receipts.flatMap((receipt) => receipt.logs) });
      }),
  };
}
