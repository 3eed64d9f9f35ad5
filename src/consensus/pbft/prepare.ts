import type { PreparedProof } from '../core.ts';
import type { Prepare, Signed } from '../messages.ts';
import { addVote } from './add-vote.ts';
import { sign } from './effects.ts';
import { type Core, type HeightState, quorumDigest, roundState } from './state.ts';

/** A prepare vote, a peer's or this node's own (rule 8). */
export function onPrepare(core: Core, h: HeightState, message: Signed<Prepare>): void {
  if (!addVote(core, h, roundState(h, message.round).prepares, message)) return;
  if (message.round === h.round) commitIfPrepared(core, h);
}

/**
 * A quorum prepared the valid proposal of the current round: this node votes to commit it and remembers the proof, which
 * its round changes carry from now on (rule 9).
 */
export function commitIfPrepared(core: Core, h: HeightState): void {
  const { height, round } = h;
  const state = h.rounds.get(round);
  const held = state?.proposal;
  if (state === undefined || held?.verdict !== 'valid' || h.own.has('commit', round)) return;
  if (quorumDigest(h, state.prepares) !== held.digest) return;
  const prepares = [...state.prepares.values()]
    .filter((prepare) => prepare.digest === held.digest)
    .toSorted((left, right) => (left.signer < right.signer ? -1 : 1));
  const proof: PreparedProof = { round, digest: held.digest, proposal: held.proposal, prepares };
  h.prepared = proof;
  sign(core, h, { type: 'commit', height, round, digest: held.digest }, proof);
}
