import type { ConsensusStatus } from '../core.ts';
import { inTurn } from './proposer.ts';
import type { Core, HeightState } from './state.ts';

/** What the node tells people of its consensus. */
export function statusOf(core: Core): ConsensusStatus {
  const h = core.current;
  const { viewChanges } = core;
  if (h === undefined) return { height: 0, round: 0, phase: 'idle', proposer: undefined, sealers: [], viewChanges };
  const proposer = h.voting ? inTurn(h.order, h.round) : undefined;
  return { height: h.height, round: h.round, phase: phaseOf(h), proposer, sealers: h.sealers, viewChanges };
}

function phaseOf(h: HeightState): ConsensusStatus['phase'] {
  if (!h.voting) return 'idle';
  if (h.final !== undefined) return 'committed';
  if (h.own.has('commit', h.round)) return 'committing';
  const verdict = h.rounds.get(h.round)?.proposal?.verdict;
  if (verdict === 'valid') return 'preparing';
  return verdict === 'pending' || h.proposing?.kind === 'checking' ? 'validating' : 'waiting-for-proposal';
}
