import type { Environment } from '../../environment/index.ts';
import type { LedgerView } from '../ledger.ts';
import type { Filters } from './filters.ts';
import type { ReceiptWaiters } from './receipt-waiters.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { TreadlePort } from './treadle-port.ts';

/** What the methods work with. */
export interface RpcServices {
  readonly ledger: LedgerView;
  readonly environment: Environment;
  readonly treadle: TreadlePort;
  /** Name, version and platform, e.g. `treadle/v0.1.0/node-v24`. */
  readonly clientVersion: string;
  readonly filters: Filters;
  readonly subscriptions: Subscriptions;
  readonly waiters: ReceiptWaiters;
}
