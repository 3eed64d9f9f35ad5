import { z } from 'zod';
import type { OraclePlace } from '../../../contracts/index.ts';
import { type Address, concatBytes, encodeRlp, fromHex, type Hex, keccak256, recoverAddress } from '../../../crypto/index.ts';

/**
 * Who stands for a request: a certificate, and its holder's signature over what is asked, by whom, and until when. Source: paper,
 * eq. (5): req = {cert, source, callback, ts, exp}, which it writes as an encryption with the own public key, that nobody could read;
 * here it is a signature. Callback and expiry are those of the request on the ledger.
 */
export interface Envelope {
  /** The holder's certificate as the consortium encodes it, hex; or `ledger` for a member or an observer that the ledger knows. */
  readonly certificate: string;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly holder: Address;
  /** 65 bytes, hex. */
  readonly signature: string;
}

const seconds = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
export const envelopeSchema = z.strictObject({
  certificate: z.union([z.literal('ledger'), z.string().regex(/^0x([0-9a-f]{2}){1,4096}$/)]),
  issuedAt: seconds,
  expiresAt: seconds,
  holder: z
    .string()
    .regex(/^0x[0-9a-f]{40}$/)
    .transform((address) => address as Address),
  signature: z.string().regex(/^0x[0-9a-f]{130}$/),
});

const TAG = keccak256(new TextEncoder().encode('treadle.oracle.envelope.v1'));

export interface EnvelopeContext {
  readonly place: OraclePlace;
  /** Who asks on the ledger: an account or a contract. */
  readonly requester: Address;
  /** The canonical text of the specification without its envelope. */
  readonly asked: Uint8Array;
}

/** What the holder signs. Bound to ledger, contract, requester and question: nobody else can use it, nor for anything else. */
export function envelopeDigest(
  { place, requester, asked }: EnvelopeContext,
  { issuedAt, expiresAt }: Pick<Envelope, 'issuedAt' | 'expiresAt'>,
): Uint8Array {
  const body = encodeRlp([place.chainId, fromHex(place.pedal), fromHex(requester), keccak256(asked), issuedAt, expiresAt]);
  return keccak256(concatBytes([TAG, body]));
}

/** Whether the envelope is its holder's and its time covers the request's. Whether the holder is anybody is the consortium's business. */
export function isEnvelopeSigned(
  context: EnvelopeContext,
  envelope: Envelope,
  request: { readonly requestedAt: number },
): boolean {
  const { issuedAt, expiresAt, holder, signature } = envelope;
  if (request.requestedAt < issuedAt || request.requestedAt >= expiresAt) return false;
  return recoverAddress(envelopeDigest(context, { issuedAt, expiresAt }), fromHex(signature as Hex)) === holder;
}
