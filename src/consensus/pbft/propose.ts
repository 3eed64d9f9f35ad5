import { invariant } from '../../errors.ts';
import type { ConsensusEvent } from '../core.ts';
import type { RoundChange, Signed } from '../messages.ts';
import { fault, sign } from './effects.ts';
import { highestPrepared, makeJustification } from './justification.ts';
import { inTurn } from './proposer.ts';
import type { Core, HeightState } from './state.ts';

/** Round 0 begins: its proposer builds (rule 5). */
export function proposeFirst(core: Core, h: HeightState): void {
  if (h.abstaining || inTurn(h.order, 0) !== core.options.self || h.own.has('pre-prepare', 0)) return;
  build(core, h, []);
}

/** Round changes arrived: the proposer of a round above 0 proposes as soon as a quorum asked for exactly this round (rule 11). */
export function proposeWhenAsked(core: Core, h: HeightState): void {
  const mayPropose = h.round > 0 && !h.abstaining && h.proposing === undefined && !h.own.has('pre-prepare', h.round);
  if (!mayPropose || inTurn(h.order, h.round) !== core.options.self) return;
  const asked = [...h.roundChanges.values()].filter((message) => message.round === h.round);
  if (asked.length < h.quorum) return;
  const prepared = highestPrepared(asked)[0];
  if (prepared === undefined) build(core, h, makeJustification(asked));
  else repropose(core, h, asked);
}

/** The driver built what was asked for. */
export function onBuilt(core: Core, h: HeightState, event: ConsensusEvent & { type: 'built' }): void {
  const { proposing } = h;
  if (event.height !== h.height || event.round !== h.round || proposing?.kind !== 'building') return;
  hand(core, h, event, proposing.justification);
}

/** The driver checked the bytes of a prepared proposal: true when the answer was for this proposer. */
export function onCandidateChecked(core: Core, h: HeightState, event: ConsensusEvent & { type: 'validated' }): boolean {
  const { proposing } = h;
  if (proposing?.kind !== 'checking' || event.round !== h.round || event.digest !== proposing.proof.digest) return false;
  if (event.valid) {
    hand(core, h, proposing.proof, proposing.justification);
    return true;
  }
  // The prepares are genuine but the bytes beside them are not: their sender lied. The proposal of another sender is tried.
  fault(core, h, proposing.source, `round change carries a wrong proposal: ${event.reason ?? 'invalid'}`);
  h.roundChanges.delete(proposing.source);
  h.distrusted.add(proposing.source);
  h.proposing = undefined;
  proposeWhenAsked(core, h);
  return true;
}

function build(core: Core, h: HeightState, justification: readonly Signed<RoundChange>[]): void {
  h.proposing = { kind: 'building', justification };
  core.effects.push({ type: 'build', height: h.height, round: h.round });
}

function repropose(core: Core, h: HeightState, asked: readonly Signed<RoundChange>[]): void {
  const proofs = highestPrepared(asked);
  const proof = proofs[0];
  invariant(proof !== undefined, 'something was prepared');
  invariant(
    proofs.every((other) => other.digest === proof.digest),
    'no two proposals are prepared in one round: more sealers lie than the set tolerates',
    { height: h.height, round: proof.round },
  );
  const justification = makeJustification(asked);
  const held = [...h.rounds.values()].find(({ proposal }) => proposal?.digest === proof.digest && proposal.verdict === 'valid');
  if (held?.proposal !== undefined) return hand(core, h, held.proposal, justification);
  const source = asked.find((message) => message.prepared === proof)?.signer;
  invariant(source !== undefined, 'a proof has a sender');
  h.proposing = { kind: 'checking', justification, proof, source };
  const { digest, proposal } = proof;
  const { height, round } = h;
  core.effects.push({ type: 'validate', height, round, digest, proposal, proposer: core.options.self, reproposed: true });
}

function hand(
  core: Core,
  h: HeightState,
  { digest, proposal }: Pick<ConsensusEvent & { type: 'built' }, 'digest' | 'proposal'>,
  justification: readonly Signed<RoundChange>[],
): void {
  h.proposing = { kind: 'proposed' };
  sign(core, h, { type: 'pre-prepare', height: h.height, round: h.round, digest, proposal, justification });
}
