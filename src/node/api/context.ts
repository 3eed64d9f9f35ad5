import type { Address } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import type { LedgerView, MembershipReport, TreadlePort } from '../../ledger/index.ts';
import type { OracleReads, OracleRounds } from './oracle-reads.ts';
import type { Names } from './projection/names.ts';
import type { Projection } from './projection/projection.ts';

/** What the API uses of a node's environment. */
export type ApiEnvironment = Pick<Environment, 'clock' | 'log' | 'metrics'> & {
  readonly network: Pick<Environment['network'], 'addresses'>;
};

/** What every route of a node may use. */
export interface ObserveContext {
  readonly environment: ApiEnvironment;
  readonly treadle: TreadlePort;
  readonly names: Names;
  /** What the Consortium contract said of the members when it was last asked; undefined before that. */
  readonly members: () => MembershipReport | undefined;
  /** The latest round in which a peer was seen voting, when the node knows it. */
  readonly viewOf: (node: Address) => number | undefined;
  /** Absent on a node that keeps headers only. */
  readonly ledger: LedgerView | undefined;
}

/** What the routes that show the chain use beside it. */
export interface ChainContext extends ObserveContext {
  readonly ledger: LedgerView;
  readonly projection: Projection;
  readonly oracle: OracleReads;
  readonly rounds: OracleRounds;
}

/** Milliseconds since the Unix epoch, by the node's clock. */
export function nowMs({ environment }: ObserveContext): number {
  return Math.floor(environment.clock.now() / 1000);
}
