import { type MethodTable, method } from './method.ts';
import { accountMethods } from './methods/account.ts';
import { blockMethods } from './methods/block.ts';
import { callMethods } from './methods/call.ts';
import { chainMethods } from './methods/chain.ts';
import { logMethods } from './methods/log.ts';
import { nodeMethods } from './methods/node.ts';
import { payloadMethods } from './methods/payload.ts';
import { poolMethods } from './methods/pool.ts';
import { stateMethods } from './methods/state.ts';
import { subscriptionMethods } from './methods/subscription.ts';
import { transactionMethods } from './methods/transaction.ts';
import { treadleMethods } from './methods/treadle.ts';
import type { RpcServices } from './services.ts';

/** Every method by name. */
export function methodTable(services: RpcServices): MethodTable {
  const table: MethodTable = {
    ...chainMethods(services),
    ...stateMethods(services),
    ...callMethods(services),
    ...blockMethods(services),
    ...transactionMethods(services),
    ...logMethods(services),
    ...subscriptionMethods(services),
    ...accountMethods(),
    ...nodeMethods(services),
    ...poolMethods(services),
    ...treadleMethods(services),
    ...payloadMethods(services),
    rpc_modules: method('The groups of methods and their versions.', [], () => modules),
  };
  const names = [...new Set(Object.keys(table).map((name) => name.slice(0, name.indexOf('_'))))];
  const modules = Object.fromEntries(names.map((name) => [name, '1.0']));
  return table;
}
