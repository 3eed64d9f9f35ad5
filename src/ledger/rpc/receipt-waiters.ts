import type { Hex } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import { BUSY_RETRY_AFTER_MS, RPC_RECEIPT_WAITERS_MAX } from '../../limits.ts';
import type { LedgerView, ReceiptRecord } from '../ledger.ts';
import type { RpcConnection } from './method.ts';
import { rpcError } from './rpc-error.ts';

export interface ReceiptWait {
  readonly hash: Hex;
  readonly timeoutMs: number;
  /** A wait ends when its caller's socket does. */
  readonly connection?: RpcConnection;
}

export interface ReceiptWaiters {
  /** Resolves with the receipt once the transaction is in a block, or with undefined at the timeout. @throws RpcError RPC_BUSY */
  wait(request: ReceiptWait): Promise<ReceiptRecord | undefined>;
}

interface Waiter {
  readonly promise: Promise<ReceiptRecord | undefined>;
  settle(receipt: ReceiptRecord | undefined): void;
  fail(error: unknown): void;
}

/** Calls that wait for a transaction to be in a block; one listener serves all of them. */
export function createReceiptWaiters(ledger: LedgerView, environment: Environment): ReceiptWaiters {
  const waiters = new Map<Hex, Set<Waiter>>();
  let count = 0;
  let stopListening: (() => void) | undefined;

  function onHead(_block: unknown, receipts: readonly ReceiptRecord[]): void {
    for (const receipt of receipts) {
      for (const waiter of [...(waiters.get(receipt.transactionHash) ?? [])]) waiter.settle(receipt);
    }
  }

  function enter(hash: Hex, waiter: Waiter): void {
    waiters.set(hash, (waiters.get(hash) ?? new Set()).add(waiter));
    count++;
    stopListening ??= ledger.onHead(onHead);
  }

  function leave(hash: Hex, waiter: Waiter): void {
    const group = waiters.get(hash);
    if (group?.delete(waiter) !== true) return;
    if (group.size === 0) waiters.delete(hash);
    count--;
    if (count > 0) return;
    stopListening?.();
    stopListening = undefined;
  }

  function makeWaiter({ hash, timeoutMs, connection }: ReceiptWait): Waiter {
    const { promise, resolve, reject } = Promise.withResolvers<ReceiptRecord | undefined>();
    const timer = environment.clock.set(timeoutMs * 1000, () => waiter.settle(undefined), `receipt of ${hash}`);
    const forget = connection?.onClose(() => waiter.settle(undefined));
    const end = (): void => {
      environment.clock.cancel(timer);
      forget?.();
      leave(hash, waiter);
    };
    const waiter: Waiter = {
      promise,
      settle(receipt) {
        end();
        resolve(receipt);
      },
      fail(error) {
        end();
        reject(error);
      },
    };
    return waiter;
  }

  return {
    async wait(request) {
      if (request.timeoutMs === 0) return ledger.receipt(request.hash);
      if (count >= RPC_RECEIPT_WAITERS_MAX) {
        throw rpcError('RPC_BUSY', {
          detail: `${count} calls already wait for receipts`,
          data: { retryAfterMs: BUSY_RETRY_AFTER_MS },
        });
      }
      const waiter = makeWaiter(request);
      // Listening starts before the look into the chain: a block in between is not missed.
      enter(request.hash, waiter);
      ledger.receipt(request.hash).then(
        (receipt) => {
          if (receipt !== undefined) waiter.settle(receipt);
        },
        (error: unknown) => waiter.fail(error),
      );
      return environment.track(`receipt of ${request.hash}`, waiter.promise);
    },
  };
}
