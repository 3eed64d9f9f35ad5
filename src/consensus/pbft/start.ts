import { invariant } from '../../errors.ts';
import { SEALERS_MAX } from '../../limits.ts';
import { setOf } from '../../set-of.ts';
import type { ConsensusEvent, PreparedProof, RestoredVotes } from '../core.ts';
import type { SignedMessage } from '../messages.ts';
import { handle } from './admission.ts';
import { announceRound, setRoundTimer } from './effects.ts';
import { proposeFirst } from './propose.ts';
import { inTurn } from './proposer.ts';
import { followRoundChanges, startRoundChange } from './round-change.ts';
import { type Core, type HeightState, newHeight, roundState } from './state.ts';
import { witness } from './witness.ts';

/** A height begins: round 0, or where this node was when it stopped (rules 5 and 22); then the messages kept for it. */
export function onStart(core: Core, event: ConsensusEvent & { type: 'start' }): void {
  const { height, sealers } = event;
  invariant(height > (core.current?.height ?? -1), 'heights only grow', { from: core.current?.height, to: height });
  invariant(sealers.length > 0 && sealers.length <= SEALERS_MAX, `a height has 1 to ${SEALERS_MAX} sealers`, {
    count: sealers.length,
  });
  invariant(setOf(sealers).size === sealers.length, 'sealers are distinct', { height });
  const h = newHeight(event, core.options);
  if (core.current !== undefined) leave(core, core.current);
  core.current = h;
  core.lag.start(height, sealers);
  core.watch.start(height, sealers);
  core.newest.start(sealers);
  const kept = core.future.take(height);
  if (!h.voting) return;
  if (event.restored !== undefined && event.restored.own.length > 0 && !h.abstaining) resume(core, h, event.restored);
  else begin(core, h, event.fromRound ?? 0);
  for (const { message } of kept) {
    if (!h.sealers.includes(message.signer)) continue;
    witness(core, message);
    handle(core, h, message);
  }
}

/** What is told of a height from now on is told of the rounds near the one that decided it. */
function leave(core: Core, h: HeightState): void {
  const watched = core.watch.at(h.height);
  invariant(watched !== undefined, 'the present height is watched', { height: h.height });
  watched.round = h.round;
  if (h.final !== undefined) watched.decidedIn = h.final.round;
}

function begin(core: Core, h: HeightState, fromRound: number): void {
  announceRound(core, h, 'new height');
  const { idleTimeoutMicros, baseTimeoutMicros } = core.options;
  const idleMicros = idleTimeoutMicros + Math.max(0, h.baseTimeoutMicros - baseTimeoutMicros);
  core.effects.push({ type: 'timer', height: h.height, round: 0, delayMicros: idleMicros });
  if (fromRound > 0 && !h.abstaining) startRoundChange(core, h, fromRound, 'may have signed in the rounds below');
  else proposeFirst(core, h);
}

/**
 * Goes on from the recorded votes: in the highest round that this node signed in, with its votes counted (they are durable)
 * and sent once more (they may never have left).
 */
function resume(core: Core, h: HeightState, restored: RestoredVotes): void {
  for (const message of restored.own) recount(core, h, message);
  h.prepared = highestProof(restored);
  const committed = restored.own.reduce((most, vote) => (vote.type === 'commit' ? Math.max(most, vote.round) : most), -1);
  invariant((h.prepared?.round ?? -1) >= committed, 'the proof behind the last commit vote is recorded with it', {
    height: h.height,
  });
  h.round = restored.own.reduce((most, vote) => Math.max(most, vote.round), 0);
  // A vote other than the request for the round shows that the round was open when it was cast.
  h.roundOpen = h.round === 0 || restored.own.some((vote) => vote.round === h.round && vote.type !== 'round-change');
  h.hurried = true;
  if (h.round > 0) core.viewChanges += 1;
  announceRound(core, h, 'resumed after a restart');
  setRoundTimer(core, h);
  for (const message of h.own.latest(h.round)) core.effects.push({ type: 'resend', message });
  reclaimProposals(core, h, restored);
  // Alone, or with the votes of others still to come, this node's own request may be all that was missing.
  followRoundChanges(core, h);
}

function recount(core: Core, h: HeightState, message: SignedMessage): void {
  invariant(message.height === h.height && message.signer === core.options.self, 'restored votes are own votes of this height', {
    height: message.height,
    signer: message.signer,
  });
  h.own.sent(message);
  if (message.type === 'prepare') roundState(h, message.round).prepares.set(message.signer, message);
  if (message.type === 'commit') roundState(h, message.round).commits.set(message.signer, message);
  if (message.type === 'round-change' && message.round > (h.roundChanges.get(message.signer)?.round ?? 0)) {
    h.roundChanges.set(message.signer, message);
  }
}

function highestProof(restored: RestoredVotes): PreparedProof | undefined {
  const proofs = restored.own.flatMap((vote) => (vote.type === 'round-change' ? (vote.prepared ?? []) : []));
  if (restored.prepared !== undefined) proofs.push(restored.prepared);
  return proofs.toSorted((left, right) => right.round - left.round)[0];
}

/** The proposals that this node still holds are executed anew: the ledger has forgotten what it had not committed. */
function reclaimProposals(core: Core, h: HeightState, restored: RestoredVotes): void {
  for (const vote of restored.own) {
    if (vote.type !== 'pre-prepare' || vote.round !== h.round) continue;
    const reproposed = vote.justification.some((item) => item.type === 'round-change' && item.prepared !== undefined);
    reclaim(core, h, { round: vote.round, digest: vote.digest, proposal: vote.proposal, reproposed });
  }
  // Whether the prepared proposal was a new one is not recorded; a quorum prepared it, which is what the flag tells the ledger.
  if (h.prepared !== undefined) reclaim(core, h, { ...h.prepared, reproposed: true });
}

function reclaim(
  core: Core,
  h: HeightState,
  found: Pick<PreparedProof, 'round' | 'digest' | 'proposal'> & { readonly reproposed: boolean },
): void {
  const { height } = h;
  const { round, digest, proposal, reproposed } = found;
  const state = roundState(h, round);
  if (state.proposal !== undefined) return;
  const proposer = inTurn(h.order, round);
  state.proposal = { digest, proposal, proposer, reproposed, verdict: 'pending' };
  core.effects.push({ type: 'validate', height, round, digest, proposal, proposer, reproposed });
}
