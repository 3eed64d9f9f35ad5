import type { Address } from '../../crypto/index.ts';
import { FAULTS_REPORTED_PER_PEER_MAX, FAULTY_PEERS_MAX } from '../../limits.ts';
import type { PreparedProof } from '../core.ts';
import type { UnsignedMessage } from '../messages.ts';
import { inTurn } from './proposer.ts';
import type { Core, HeightState } from './state.ts';
import { roundTimeoutMicros, stretchedBaseMicros } from './timeouts.ts';

/**
 * Asks for a vote, unless this type and round was signed before: what was signed once is never signed otherwise (rule 21).
 * A node that abstains asks for none (rule 27).
 */
export function sign(core: Core, h: HeightState, message: UnsignedMessage, prepared?: PreparedProof): void {
  if (h.abstaining || h.own.has(message.type, message.round)) return;
  h.own.begin(message);
  core.effects.push({ type: 'sign', message, ...(prepared && { prepared }) });
}

/** Reports a fault once per peer and reason in a height. */
export function fault(core: Core, h: HeightState, peer: Address, reason: string): void {
  const reasons = h.faultsReported.get(peer) ?? new Set();
  if (reasons.has(reason) || reasons.size >= FAULTS_REPORTED_PER_PEER_MAX) return;
  if (reasons.size === 0 && h.faultsReported.size >= FAULTY_PEERS_MAX) return;
  h.faultsReported.set(peer, reasons.add(reason));
  core.effects.push({ type: 'fault', peer, reason });
}

/** (Re)starts the timer with the time that the current round is given. */
export function setRoundTimer(core: Core, h: HeightState): void {
  const delayMicros = roundTimeoutMicros(stretchedBaseMicros(h.baseTimeoutMicros, h), h.round);
  core.effects.push({ type: 'timer', height: h.height, round: h.round, delayMicros });
}

export function announceRound(core: Core, h: HeightState, reason: string): void {
  const { height, round } = h;
  core.effects.push({ type: 'round', height, round, proposer: inTurn(h.order, round), reason });
}

/** Puts round 0 on the base timeout, once: there is something to agree on (rule 14). */
export function hurry(core: Core, h: HeightState): void {
  if (h.round !== 0 || h.hurried || h.final !== undefined) return;
  h.hurried = true;
  setRoundTimer(core, h);
}
