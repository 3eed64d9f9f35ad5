import type { Address, Hex } from '../crypto/index.ts';
import type { PreparedProof } from './core.ts';

/** Message types and their numbers on the wire and under signatures. */
export const MESSAGE_TYPE = { 'pre-prepare': 1, prepare: 2, commit: 3, 'round-change': 4 } as const;
export type MessageType = keyof typeof MESSAGE_TYPE;

/** The type with this number, if there is one. */
export function typeOfNumber(number: number): MessageType | undefined {
  for (const [type, known] of Object.entries(MESSAGE_TYPE)) if (known === number) return type as MessageType;
  return undefined;
}

/** One number for each type and round, to look something up by. */
export function placeKey(type: MessageType, round: number): number {
  return round * PLACES_PER_ROUND + MESSAGE_TYPE[type];
}

const PLACES_PER_ROUND = 8;

export interface PrePrepare {
  readonly type: 'pre-prepare';
  readonly height: number;
  readonly round: number;
  readonly digest: Hex;
  readonly proposal: Uint8Array;
  /** Above round 0: a quorum of round changes for this round, which justify the proposal. */
  readonly justification: readonly SignedMessage[];
}

export interface Prepare {
  readonly type: 'prepare';
  readonly height: number;
  readonly round: number;
  readonly digest: Hex;
}

export interface Commit {
  readonly type: 'commit';
  readonly height: number;
  readonly round: number;
  readonly digest: Hex;
}

export interface RoundChange {
  readonly type: 'round-change';
  readonly height: number;
  /** The round that the sender wants to enter (>= 1). */
  readonly round: number;
  readonly prepared?: PreparedProof;
}

export type UnsignedMessage = PrePrepare | Prepare | Commit | RoundChange;

/** A message of one type with the recoverable signature (65 bytes) over `signingDigest(domain, message)`. */
export type Signed<T extends UnsignedMessage> = T & { readonly signature: Uint8Array; readonly signer: Address };

export type SignedMessage = Signed<PrePrepare> | Signed<Prepare> | Signed<Commit> | Signed<RoundChange>;
