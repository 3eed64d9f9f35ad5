import { requestReasons } from '../../contracts/index.ts';
import { type Address, concatBytes, encodeRlp, fromHex, keccak256, type NodeKey, recoverAddress } from '../../crypto/index.ts';
import type { Sight } from '../job.ts';

/** What a member of a group says it saw, signed with its node key: whoever leads can show it to the others. */
export interface SignedSight {
  /** The member's place in the group. */
  readonly member: number;
  readonly sight: Sight;
  /** Seconds since the epoch. */
  readonly observedAt: number;
  readonly signature: Uint8Array;
}

/** Where and for what a sight was signed: one for another ledger, term or request is none for this. */
export interface SightContext {
  readonly chainId: number;
  readonly pedal: Address;
  readonly term: number;
  readonly id: bigint;
}

const TAG = keccak256(new TextEncoder().encode('treadle.oracle.sight.v1'));

/** What a member signs. */
export function sightDigest(context: SightContext, sight: Sight, observedAt: number): Uint8Array {
  const body = encodeRlp([
    context.chainId,
    fromHex(context.pedal),
    context.term,
    context.id,
    reasonNumber(sight),
    sight.kind === 'value' ? sight.value : new Uint8Array(),
    observedAt,
  ]);
  return keccak256(concatBytes([TAG, body]));
}

export function signSight(key: NodeKey, context: SightContext, sight: Sight, observedAt: number): Uint8Array {
  return key.sign(sightDigest(context, sight, observedAt));
}

/** Whether a sight was signed by this node. */
export function isSightOf(node: Address, context: SightContext, { sight, observedAt, signature }: SignedSight): boolean {
  return recoverAddress(sightDigest(context, sight, observedAt), signature) === node;
}

/** 0 for a value, else the contract's number of the reason. */
export function reasonNumber(sight: Sight): number {
  return sight.kind === 'value' ? 0 : requestReasons.indexOf(sight.reason);
}
