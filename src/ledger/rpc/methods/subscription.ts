import { type MethodTable, method, optional, type Parser, parseText, required } from '../method.ts';
import { parseLogFilter } from '../parse-log-filter.ts';
import { invalidParameter } from '../rpc-error.ts';
import type { RpcServices } from '../services.ts';
import type { SubscriptionKind } from '../subscriptions.ts';

const names = ['newHeads', 'logs', 'newPendingTransactions', 'syncing'] as const;

/** Events pushed over a WebSocket. */
export function subscriptionMethods({ subscriptions }: RpcServices): MethodTable {
  return {
    eth_subscribe: method(
      'Starts notifications over a WebSocket: newHeads, logs (with a filter), newPendingTransactions, syncing.',
      [required('name', parseName), optional('options', (value) => value, undefined)],
      ([name, options], context) => subscriptions.add(kindOf(name, options), context),
    ),
    eth_unsubscribe: method(
      'Ends a subscription; false when there is none by this id.',
      [required('subscriptionId', parseText)],
      ([id], { connection }) => subscriptions.remove(id, connection),
    ),
  };
}

const parseName: Parser<(typeof names)[number]> = (value, where) => {
  const name = names.find((one) => one === value);
  if (name === undefined) throw invalidParameter(where, `one of ${names.map((one) => `"${one}"`).join(', ')}`, value);
  return name;
};

function kindOf(name: (typeof names)[number], options: unknown): SubscriptionKind {
  const where = 'parameter 2 (options)';
  if (name === 'logs') return { type: 'logs', criteria: parseLogFilter(options ?? {}, where).criteria };
  if (name !== 'newPendingTransactions') return { type: name };
  if (options !== undefined && typeof options !== 'boolean')
    throw invalidParameter(where, 'true (whole transactions) or false', options);
  return { type: name, whole: options === true };
}
