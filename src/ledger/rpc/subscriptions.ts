import { type Hex, toHex } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import { RPC_SUBSCRIPTIONS_MAX, RPC_SUBSCRIPTIONS_PER_CONNECTION_MAX } from '../../limits.ts';
import { matchesFilter } from '../chain/log-query.ts';
import type { BlockRecord, LedgerView, ReceiptRecord } from '../ledger.ts';
import { formatHeader } from './format-block.ts';
import { formatLog } from './format-receipt.ts';
import { formatTransaction } from './format-transaction.ts';
import { toJson } from './json.ts';
import type { CallContext, RpcConnection } from './method.ts';
import type { LogCriteria } from './read-logs.ts';
import { rpcError } from './rpc-error.ts';
import { formatSyncing } from './syncing.ts';
import type { TreadlePort } from './treadle-port.ts';

export type SubscriptionKind =
  | { readonly type: 'newHeads' }
  | { readonly type: 'logs'; readonly criteria: LogCriteria }
  | { readonly type: 'newPendingTransactions'; readonly whole: boolean }
  | { readonly type: 'syncing' };

interface Subscription {
  readonly id: Hex;
  readonly kind: SubscriptionKind;
  readonly connection: RpcConnection;
  /** Set once the id has been answered. */
  active: boolean;
}

export interface Subscriptions {
  /** @throws RpcError RPC_LIMIT, RPC_UNSUPPORTED without a connection */
  add(kind: SubscriptionKind, context: CallContext): Hex;
  /** Ends a subscription of this connection; false when it has none by this id. */
  remove(id: string, connection: RpcConnection | undefined): boolean;
}

/** What `eth_subscribe` starts. The ledger is listened to only while somebody subscribes. */
export function createSubscriptions(ledger: LedgerView, environment: Environment, treadle: TreadlePort): Subscriptions {
  const subscriptions = new Map<string, Subscription>();
  const connections = new Map<RpcConnection, Set<string>>();
  const ids = environment.random.stream('rpc subscriptions');
  let stops: readonly (() => void)[] = [];
  let syncing = '';

  function send(subscription: Subscription, result: string): void {
    if (!subscription.active) return;
    const params = `{"subscription":"${subscription.id}","result":${result}}`;
    const text = `{"jsonrpc":"2.0","method":"eth_subscription","params":${params}}`;
    if (!subscription.connection.notify(text)) drop(subscription.connection);
  }

  function of<T extends SubscriptionKind['type']>(type: T): readonly (Subscription & { readonly kind: { readonly type: T } })[] {
    return [...subscriptions.values()].filter(
      (one): one is Subscription & { readonly kind: { readonly type: T } } => one.kind.type === type,
    );
  }

  function onHead(block: BlockRecord, receipts: readonly ReceiptRecord[]): void {
    const heads = of('newHeads');
    if (heads.length > 0) {
      const header = toJson(formatHeader(block.header));
      for (const subscription of heads) send(subscription, header);
    }
    for (const subscription of subscriptions.values()) {
      if (subscription.kind.type !== 'logs') continue;
      const { criteria } = subscription.kind;
      for (const { logs } of receipts) {
        for (const log of logs) if (matchesFilter(log, criteria)) send(subscription, toJson(formatLog(log)));
      }
    }
    announceSyncing();
  }

  function announceSyncing(): void {
    const now = toJson(formatSyncing(treadle.node()));
    // The state while blocks are fetched differs with each block; only start and end are told.
    const changed = (now === 'false') !== (syncing === 'false');
    syncing = now;
    if (!changed) return;
    for (const subscription of of('syncing')) {
      send(subscription, now === 'false' ? 'false' : `{"syncing":true,"status":${now}}`);
    }
  }

  function onPending(hash: Hex): void {
    const listeners = of('newPendingTransactions');
    if (listeners.length === 0) return;
    for (const subscription of listeners) if (!wantsWhole(subscription)) send(subscription, `"${hash}"`);
    if (!listeners.some(wantsWhole)) return;
    const transaction = ledger.pending().find((one) => toHex(one.hash()) === hash);
    if (transaction === undefined) return;
    const whole = toJson(formatTransaction(transaction, undefined));
    for (const subscription of listeners) if (wantsWhole(subscription)) send(subscription, whole);
  }

  function drop(connection: RpcConnection): void {
    for (const id of connections.get(connection) ?? []) subscriptions.delete(id);
    connections.delete(connection);
    rest();
  }

  /** Listens from the first subscription to the last. */
  function rest(): void {
    environment.metrics.gauge('rpc_subscriptions', subscriptions.size);
    if (subscriptions.size > 0 && stops.length === 0) {
      syncing = toJson(formatSyncing(treadle.node()));
      stops = [ledger.onHead(onHead), ledger.onPending(onPending)];
    } else if (subscriptions.size === 0) {
      for (const stop of stops) stop();
      stops = [];
    }
  }

  function room(connection: RpcConnection): Set<string> {
    const own = connections.get(connection);
    if ((own?.size ?? 0) >= RPC_SUBSCRIPTIONS_PER_CONNECTION_MAX || subscriptions.size >= RPC_SUBSCRIPTIONS_MAX) {
      throw rpcError('RPC_LIMIT', {
        detail: `at most ${RPC_SUBSCRIPTIONS_PER_CONNECTION_MAX} subscriptions per connection, ${RPC_SUBSCRIPTIONS_MAX} in all`,
      });
    }
    if (own !== undefined) return own;
    const fresh = new Set<string>();
    connections.set(connection, fresh);
    connection.onClose(() => drop(connection));
    return fresh;
  }

  return {
    add(kind, { connection, afterAnswer }) {
      if (connection === undefined) {
        throw rpcError('RPC_UNSUPPORTED', {
          detail: 'subscriptions need a WebSocket; over HTTP poll a filter of eth_newFilter',
        });
      }
      const own = room(connection);
      const subscription: Subscription = { id: toHex(ids.bytes(16)), kind, connection, active: false };
      own.add(subscription.id);
      subscriptions.set(subscription.id, subscription);
      afterAnswer(() => {
        subscription.active = true;
      });
      rest();
      return subscription.id;
    },
    remove(id, connection) {
      const own = connection === undefined ? undefined : connections.get(connection);
      if (own === undefined || !own.delete(id)) return false;
      subscriptions.delete(id);
      rest();
      return true;
    },
  };
}

function wantsWhole(subscription: { readonly kind: { readonly whole?: boolean } }): boolean {
  return subscription.kind.whole === true;
}
