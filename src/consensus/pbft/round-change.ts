import { invariant } from '../../errors.ts';
import type { ConsensusEvent } from '../core.ts';
import type { RoundChange, Signed } from '../messages.ts';
import { contentOf } from '../signing.ts';
import { isRoundKept } from './add-vote.ts';
import { announceRound, fault, setRoundTimer, sign } from './effects.ts';
import { checkPreparedProof } from './justification.ts';
import { proposeWhenAsked } from './propose.ts';
import type { Core, HeightState } from './state.ts';
import { isLongest } from './timeouts.ts';
import { rulesOf, waste } from './witness.ts';

/**
 * The timer of the current round fired. An open round has had its time: on to the next. In a round that no quorum has
 * reached yet this node waits, or it would run away from the others, and repeats itself instead, for nothing else
 * retransmits (rules 15 and 16).
 */
export function onTimeout(core: Core, h: HeightState, event: ConsensusEvent & { type: 'timeout' }): void {
  if (event.height !== h.height || event.round !== h.round || h.final !== undefined) return;
  core.lag.rearm();
  if (h.roundOpen && isLongest(h.round)) h.exhausted += 1;
  const repeated = h.own.latest(h.round);
  for (const message of repeated)
    if (message.type === 'commit' || message.type === 'round-change') core.effects.push({ type: 'resend', message });
  if (h.roundOpen && !h.abstaining) startRoundChange(core, h, h.round + 1, 'timeout');
  else setRoundTimer(core, h);
  const behind = core.lag.takeBehind(h);
  if (behind !== undefined) core.effects.push({ type: 'behind', height: behind });
}

/** A round change, a peer's or this node's own: the highest of each sealer counts (rule 13). */
export function onRoundChange(core: Core, h: HeightState, message: Signed<RoundChange>): void {
  const known = h.roundChanges.get(message.signer);
  if (known !== undefined && message.round <= known.round) {
    const differs = message.round === known.round && contentOf(message) !== contentOf(known);
    if (differs) fault(core, h, message.signer, `equivocation: two round changes to round ${message.round}`);
    return;
  }
  if (message.round < h.round || (message.round === h.round && h.distrusted.has(message.signer))) return;
  const reason = message.prepared && checkPreparedProof(rulesOf(core, h), message.prepared, message.round);
  if (reason !== undefined) {
    waste(core, message.signer);
    return fault(core, h, message.signer, `round change with a wrong proof: ${reason}`);
  }
  h.roundChanges.set(message.signer, message);
  followRoundChanges(core, h);
}

/** Asks for `round` and enters it (rule 13). From here on this node votes in no lower round. */
export function startRoundChange(core: Core, h: HeightState, round: number, reason: string): void {
  enterRound(core, h, round, reason);
  const { height, prepared } = h;
  sign(core, h, { type: 'round-change', height, round, ...(prepared && { prepared }) });
  followRoundChanges(core, h);
}

/** Enters a round above the current one; it is open once a quorum is known to be there. */
export function enterRound(core: Core, h: HeightState, round: number, reason: string): void {
  invariant(round > h.round, 'rounds only grow', { height: h.height, from: h.round, to: round });
  invariant(h.final === undefined, 'a decided height has no further round', { height: h.height });
  h.round = round;
  h.roundOpen = false;
  h.proposing = undefined;
  h.distrusted.clear();
  core.viewChanges += 1;
  for (const old of h.rounds.keys()) if (!isRoundKept(h, old)) h.rounds.delete(old);
  h.own.prune(round);
  announceRound(core, h, reason);
  setRoundTimer(core, h);
}

/** Draws the conclusions from the round changes held: jump, open the round, propose. */
export function followRoundChanges(core: Core, h: HeightState): void {
  const rounds = [...h.roundChanges.values()].map((message) => message.round).toSorted((left, right) => right - left);
  // More sealers than there can be liars are at this round or above, so an honest one is.
  const reached = rounds[h.faults] ?? 0;
  if (reached > h.round) return startRoundChange(core, h, reached, 'others are in a higher round');
  if (!h.roundOpen && (rounds[h.quorum - 1] ?? 0) >= h.round) {
    h.roundOpen = true;
    setRoundTimer(core, h);
  }
  proposeWhenAsked(core, h);
}
