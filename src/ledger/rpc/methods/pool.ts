import type { TypedTransaction } from '@ethereumjs/tx';
import type { Address } from '../../../crypto/index.ts';
import { RPC_POOL_CONTENT_BYTES_MAX } from '../../../limits.ts';
import type { LedgerView } from '../../ledger.ts';
import { effectiveGasPrice, formatTransaction } from '../format-transaction.ts';
import { type MethodTable, method, required } from '../method.ts';
import { parseAddress, quantity } from '../quantity.ts';
import { rpcError } from '../rpc-error.ts';
import { senderOf } from '../sender-of.ts';
import type { RpcServices } from '../services.ts';

/** Pooled transactions: `pending` ones can go into the next block, `queued` ones wait for a nonce before them. */
export function poolMethods({ ledger }: RpcServices): MethodTable {
  return {
    txpool_status: method('How many transactions wait, ready and not yet ready.', [], async () => {
      const { pending, queued } = await sortPool(ledger, ledger.pending());
      return { pending: quantity(countOf(pending)), queued: quantity(countOf(queued)) };
    }),
    txpool_content: method('The pooled transactions by sender and nonce.', [], () => content(ledger, ledger.pending(), whole)),
    txpool_contentFrom: method(
      "One sender's pooled transactions by nonce.",
      [required('address', parseAddress)],
      async ([sender]) => {
        const own = ledger.pending().filter((transaction) => senderOf(transaction) === sender);
        const { pending, queued } = await content(ledger, own, whole);
        return { pending: pending[sender] ?? {}, queued: queued[sender] ?? {} };
      },
    ),
    txpool_inspect: method('The pooled transactions by sender and nonce, a line of text each.', [], () =>
      content(ledger, ledger.pending(), line),
    ),
  };
}

type BySender<T> = Map<Address, readonly T[]>;
type Listing = Record<Address, Record<string, unknown>>;

async function content(
  ledger: LedgerView,
  pooled: readonly TypedTransaction[],
  format: (transaction: TypedTransaction) => unknown,
): Promise<{ readonly pending: Listing; readonly queued: Listing }> {
  if (format === whole) refuseLarge(pooled);
  const { pending, queued } = await sortPool(ledger, pooled);
  const listing = (group: BySender<TypedTransaction>): Listing =>
    Object.fromEntries(
      [...group].map(([sender, list]) => [sender, Object.fromEntries(list.map((one) => [one.nonce.toString(), format(one)]))]),
    );
  return { pending: listing(pending), queued: listing(queued) };
}

/** A sender's transactions are ready as far as their nonces follow its account without a gap. */
async function sortPool(
  ledger: LedgerView,
  pooled: readonly TypedTransaction[],
): Promise<{ readonly pending: BySender<TypedTransaction>; readonly queued: BySender<TypedTransaction> }> {
  const pending: BySender<TypedTransaction> = new Map();
  const queued: BySender<TypedTransaction> = new Map();
  for (const [sender, list] of Map.groupBy(pooled, senderOf)) {
    list.sort((left, right) => (left.nonce < right.nonce ? -1 : 1));
    let next = (await ledger.account(sender, 'latest'))?.nonce ?? 0n;
    let ready = 0;
    while (list[ready]?.nonce === next) {
      ready++;
      next++;
    }
    if (ready > 0) pending.set(sender, list.slice(0, ready));
    if (ready < list.length) queued.set(sender, list.slice(ready));
  }
  return { pending, queued };
}

function countOf(group: BySender<TypedTransaction>): number {
  let count = 0;
  for (const list of group.values()) count += list.length;
  return count;
}

function refuseLarge(pooled: readonly TypedTransaction[]): void {
  const overheadBytes = 500;
  let bytes = 0;
  for (const transaction of pooled) bytes += transaction.data.length + overheadBytes;
  if (bytes <= RPC_POOL_CONTENT_BYTES_MAX) return;
  throw rpcError('RPC_LIMIT', {
    detail: `the pool holds ${pooled.length} transactions, more than one answer takes; use txpool_contentFrom or txpool_inspect`,
  });
}

function whole(transaction: TypedTransaction): unknown {
  return formatTransaction(transaction, undefined);
}

function line(transaction: TypedTransaction): string {
  const to = transaction.to?.toString() ?? 'contract creation';
  const priceWei = effectiveGasPrice(transaction, 0n);
  return `${to}: ${transaction.value} wei + ${transaction.gasLimit} gas × ${priceWei} wei`;
}
