import type { Address } from '../../crypto/index.ts';
import { ROUNDS_AHEAD_MAX, ROUNDS_BEHIND_MAX } from '../../limits.ts';
import type { Commit, Prepare, Signed } from '../messages.ts';
import { fault } from './effects.ts';
import type { Core, HeightState } from './state.ts';

/** True when votes of `round` are kept: near the current round, so that a liar cannot fill the memory with rounds. */
export function isRoundKept(h: HeightState, round: number): boolean {
  return round >= h.round - ROUNDS_BEHIND_MAX && round <= h.round + ROUNDS_AHEAD_MAX;
}

/** Adds a vote to the votes of its round and type: the first of each signer stands, another one for something else is a fault. */
export function addVote<T extends Signed<Prepare> | Signed<Commit>>(
  core: Core,
  h: HeightState,
  votes: Map<Address, T>,
  vote: T,
): boolean {
  const first = votes.get(vote.signer);
  if (first === undefined) {
    votes.set(vote.signer, vote);
    return true;
  }
  if (first.digest !== vote.digest) fault(core, h, vote.signer, `equivocation: two ${vote.type} votes in round ${vote.round}`);
  return false;
}
