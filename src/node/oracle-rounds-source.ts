import { nodeOfAccount } from '../consortium/index.ts';
import type { Environment } from '../environment/index.ts';
import type { OracleRounds } from './api/index.ts';
import type { LedgerNode } from './company-node.ts';
import type { OracleNode } from './oracle-node.ts';
import { askOracleRounds, roundsAbout } from './oracle-rounds.ts';

/** What oracle nodes did when they led: this one's rounds at hand, those of others for the asking. */
export function oracleRoundsOf(node: LedgerNode, environment: Environment): OracleRounds {
  const { full } = node;
  const own = node.role === 'oracle' ? (node as OracleNode).oracle : undefined;
  return {
    own: own === undefined ? undefined : (request) => roundsAbout(own.rounds, request),
    async ask(account, request) {
      const leader = nodeOfAccount(full.roster(), account);
      if (own !== undefined && leader === environment.node) return roundsAbout(own.rounds, request);
      await full.peering.reach(leader);
      return askOracleRounds(environment, leader, request);
    },
  };
}
