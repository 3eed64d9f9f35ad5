import { invariant } from '../../errors.ts';
import type { ConsensusEvent } from '../core.ts';
import type { PrePrepare, Signed } from '../messages.ts';
import { finishIfCommitted } from './commit.ts';
import { fault, hurry, setRoundTimer, sign } from './effects.ts';
import { checkJustification } from './justification.ts';
import { commitIfPrepared } from './prepare.ts';
import { onCandidateChecked } from './propose.ts';
import { inTurn } from './proposer.ts';
import { enterRound, startRoundChange } from './round-change.ts';
import { type Core, type HeightState, type HeldProposal, roundState } from './state.ts';
import { rulesOf, waste } from './witness.ts';

/** A proposal from the network: checked, held, and passed on to the ledger for validation (rules 6, 7 and 12). */
export function onPrePrepare(core: Core, h: HeightState, message: Signed<PrePrepare>): void {
  if (message.signer !== inTurn(h.order, message.round)) {
    return fault(core, h, message.signer, `proposal for round ${message.round} out of turn`);
  }
  const known = h.rounds.get(message.round)?.proposal;
  if (known !== undefined) {
    if (known.digest !== message.digest) fault(core, h, message.signer, `equivocation: two proposals in round ${message.round}`);
    return;
  }
  if (message.round < h.round) return;
  const justified = checkJustification(rulesOf(core, h), message);
  if (!justified.valid) {
    waste(core, message.signer);
    return fault(core, h, message.signer, `unjustified proposal in round ${message.round}: ${justified.reason}`);
  }
  joinRound(core, h, message.round);
  hold(core, h, message, justified.reproposed, 'pending');
}

/** This node's own proposal is durable and sent: it built or checked it, so it votes for it. */
export function onOwnPrePrepare(core: Core, h: HeightState, message: Signed<PrePrepare>): void {
  if (message.round !== h.round) return;
  const reproposed = message.justification.some((item) => item.type === 'round-change' && item.prepared !== undefined);
  hold(core, h, message, reproposed, 'valid');
  vote(core, h);
}

/** The ledger's answer to 'validate'. */
export function onValidated(core: Core, h: HeightState, event: ConsensusEvent & { type: 'validated' }): void {
  if (event.height !== h.height || h.final !== undefined) return;
  if (onCandidateChecked(core, h, event)) return;
  const held = h.rounds.get(event.round)?.proposal;
  if (held === undefined || held.digest !== event.digest || held.verdict !== 'pending') return;
  held.verdict = event.valid ? 'valid' : 'invalid';
  if (event.valid) {
    if (event.round === h.round) vote(core, h);
    finishIfCommitted(core, h);
    return;
  }
  const reason = event.reason ?? 'no reason given';
  fault(core, h, held.proposer, `invalid proposal in round ${event.round}: ${reason}`);
  if (event.round === h.round && !h.abstaining) startRoundChange(core, h, h.round + 1, `invalid proposal: ${reason}`);
}

/** A justified proposal shows that a quorum is in its round: follow it there. */
function joinRound(core: Core, h: HeightState, round: number): void {
  if (round > h.round) {
    enterRound(core, h, round, 'justified proposal');
    h.roundOpen = true;
  } else if (!h.roundOpen) {
    h.roundOpen = true;
    setRoundTimer(core, h);
  }
}

function hold(
  core: Core,
  h: HeightState,
  message: Signed<PrePrepare>,
  reproposed: boolean,
  verdict: HeldProposal['verdict'],
): void {
  const { height, round, digest, proposal, signer: proposer } = message;
  const state = roundState(h, round);
  invariant(state.proposal === undefined, 'a round has one proposal', { height, round });
  state.proposal = { digest, proposal, proposer, reproposed, verdict };
  hurry(core, h);
  if (verdict === 'pending') core.effects.push({ type: 'validate', height, round, digest, proposal, proposer, reproposed });
}

function vote(core: Core, h: HeightState): void {
  const held = h.rounds.get(h.round)?.proposal;
  invariant(held?.verdict === 'valid', 'only a valid proposal is voted for', { height: h.height, round: h.round });
  sign(core, h, { type: 'prepare', height: h.height, round: h.round, digest: held.digest });
  commitIfPrepared(core, h);
}
