import type { Address } from '../../crypto/index.ts';
import type { PreparedProof } from '../core.ts';
import type { PrePrepare, RoundChange, Signed, SignedMessage } from '../messages.ts';
import { verifyMessage } from '../signing.ts';
import type { HeightState } from './state.ts';

/** What the checks need to know of a height. */
export type HeightRules = Pick<HeightState, 'height' | 'sealers' | 'quorum'> & {
  readonly domain: Uint8Array;
  /** Told of every message of a proof or justification whose signature is right. */
  readonly witness: (message: SignedMessage) => void;
};

export type Justified =
  | { readonly valid: true; readonly reproposed: boolean }
  | { readonly valid: false; readonly reason: string };

/** Why a proof does not show that a quorum prepared its digest in a round below `below`; undefined when it does (rule 9). */
export function checkPreparedProof(rules: HeightRules, proof: PreparedProof, below: number): string | undefined {
  if (proof.round >= below) return `prepared in round ${proof.round}, not below ${below}`;
  if (proof.prepares.length > rules.sealers.length) return 'more prepares than sealers';
  const signers = new Set<Address>();
  for (const prepare of proof.prepares) {
    const fits =
      prepare.type === 'prepare' &&
      prepare.height === rules.height &&
      prepare.round === proof.round &&
      prepare.digest === proof.digest;
    if (!fits) return 'a prepare of the proof is for something else';
    if (!rules.sealers.includes(prepare.signer)) return `${prepare.signer} is no sealer`;
    if (signers.has(prepare.signer)) return `${prepare.signer} is counted twice`;
    if (!verifyMessage(rules.domain, prepare)) return `the prepare of ${prepare.signer} has a wrong signature`;
    rules.witness(prepare);
    signers.add(prepare.signer);
  }
  return signers.size < rules.quorum ? `${signers.size} prepares, ${rules.quorum} are needed` : undefined;
}

/**
 * Whether a proposal may be made in its round (rules 11 and 12): round 0 needs no reason; above it a quorum must have asked
 * for the round, and if one of them prepared something, the highest prepared proposal must be proposed again.
 */
export function checkJustification(rules: HeightRules, message: Signed<PrePrepare>): Justified {
  const { justification } = message;
  if (message.round === 0) {
    return justification.length === 0 ? { valid: true, reproposed: false } : invalid('round 0 carries a justification');
  }
  const reason = checkRoundChanges(rules, justification, message.round);
  if (reason !== undefined) return invalid(reason);
  const highest = highestPrepared(justification as readonly Signed<RoundChange>[]);
  if (highest.length === 0) return { valid: true, reproposed: false };
  if (highest.some((proof) => proof.digest !== message.digest)) return invalid('another proposal was prepared');
  const full = highest.find((proof) => proof.prepares.length > 0);
  if (full === undefined) return invalid('the highest prepared proposal comes without its prepares');
  const wrong = checkPreparedProof(rules, full, message.round);
  return wrong === undefined ? { valid: true, reproposed: true } : invalid(wrong);
}

/**
 * The justification that travels with a proposal: the round changes ordered by signer, without what a receiver does not need.
 * The prepares of one proof of the highest prepared round are enough, and the proposal itself is beside it.
 */
export function makeJustification(roundChanges: readonly Signed<RoundChange>[]): readonly Signed<RoundChange>[] {
  const sorted = roundChanges.toSorted((left, right) => (left.signer < right.signer ? -1 : 1));
  const proven = highestPrepared(sorted)[0];
  return sorted.map((message) => {
    if (message.prepared === undefined) return message;
    const prepares = message.prepared === proven ? message.prepared.prepares : [];
    return { ...message, prepared: { ...message.prepared, proposal: new Uint8Array(0), prepares } };
  });
}

/** The prepared proofs of the highest round among those that these round changes carry. */
export function highestPrepared(roundChanges: readonly Signed<RoundChange>[]): readonly PreparedProof[] {
  const proofs = roundChanges.flatMap((message) => message.prepared ?? []);
  const round = proofs.reduce((most, proof) => Math.max(most, proof.round), -1);
  return proofs.filter((proof) => proof.round === round);
}

function checkRoundChanges(rules: HeightRules, justification: PrePrepare['justification'], round: number): string | undefined {
  if (justification.length > rules.sealers.length) return 'more round changes than sealers';
  const signers = new Set<Address>();
  for (const message of justification) {
    const fits = message.type === 'round-change' && message.height === rules.height && message.round === round;
    if (!fits) return 'a message of the justification is for something else';
    if (message.prepared !== undefined && message.prepared.round >= round) return 'prepared in a round that had not been';
    if (!rules.sealers.includes(message.signer)) return `${message.signer} is no sealer`;
    if (signers.has(message.signer)) return `${message.signer} is counted twice`;
    if (!verifyMessage(rules.domain, message)) return `the round change of ${message.signer} has a wrong signature`;
    rules.witness(message);
    signers.add(message.signer);
  }
  return signers.size < rules.quorum ? `${signers.size} round changes, ${rules.quorum} are needed` : undefined;
}

function invalid(reason: string): Justified {
  return { valid: false, reason };
}
