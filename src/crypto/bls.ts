import { BoundedMap } from '../bounded-map.ts';
import { TreadleError } from '../errors.ts';
import { BLS_VERIFIED_CACHE_ENTRIES } from '../limits.ts';
import { BLS_PUBLIC_KEY_BYTES, BLS_SIGNATURE_BYTES } from './bls-curve.ts';
import { requireDigest } from './bls-key.ts';
import { blsCurve } from './bls-lent.ts';
import { keccak256 } from './hash.ts';
import { concatBytes, type Hex, toHex } from './hex.ts';

// A check is a pure function that costs a millisecond or thirty, and every node that a process seats (a fleet, the
// simulator) makes the same ones; what fails is remembered too, so that repeating it costs its sender more than us.
const verified = new BoundedMap<Hex, boolean>(BLS_VERIFIED_CACHE_ENTRIES);

/**
 * Whether `signature` is the one of `publicKey` for a digest. False as well for bytes that are no key or no signature: both
 * come from others, and a contract answers the same.
 *
 * @param publicKey - 48 bytes, compressed
 * @param signature - 96 bytes, compressed
 * @throws TreadleError CRYPTO_BLS_MESSAGE_INVALID
 */
export function verifyBls(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  return verifyAggregate([publicKey], digest, signature);
}

/**
 * Whether `signature` is the sum of the signatures of all `publicKeys` for one digest. The answer means nothing about a key
 * whose owner never proved to have its secret: such a key can be made from the others' so that it cancels them out.
 *
 * @throws TreadleError CRYPTO_BLS_MESSAGE_INVALID
 */
export function verifyAggregate(publicKeys: readonly Uint8Array[], digest: Uint8Array, signature: Uint8Array): boolean {
  requireDigest(digest);
  if (publicKeys.length === 0 || publicKeys.some(({ length }) => length !== BLS_PUBLIC_KEY_BYTES)) return false;
  if (signature.length !== BLS_SIGNATURE_BYTES) return false;
  const question = toHex(keccak256(concatBytes([digest, signature, ...publicKeys])));
  const known = verified.get(question);
  if (known !== undefined) return known;
  const answer = verifyUncached(publicKeys, digest, signature);
  verified.set(question, answer);
  return answer;
}

function verifyUncached(publicKeys: readonly Uint8Array[], digest: Uint8Array, signature: Uint8Array): boolean {
  try {
    return blsCurve().verify(publicKeys, digest, signature);
  } catch {
    return false;
  }
}

/**
 * The sum of signatures, 96 bytes: what {@link verifyAggregate} takes when they are of one digest.
 *
 * @throws TreadleError CRYPTO_BLS_NOTHING_TO_ADD, CRYPTO_BLS_SIGNATURE_INVALID (also when they cancel each other out)
 */
export function aggregateSignatures(signatures: readonly Uint8Array[]): Uint8Array {
  if (signatures.length === 0) throw new TreadleError('CRYPTO_BLS_NOTHING_TO_ADD');
  if (signatures.some(({ length }) => length !== BLS_SIGNATURE_BYTES)) throw new TreadleError('CRYPTO_BLS_SIGNATURE_INVALID');
  try {
    return blsCurve().addSignatures(signatures);
  } catch (cause) {
    throw new TreadleError('CRYPTO_BLS_SIGNATURE_INVALID', { cause });
  }
}

/**
 * The sum of public keys, 48 bytes: the key of a sum of their signatures.
 *
 * @throws TreadleError CRYPTO_BLS_NOTHING_TO_ADD, CRYPTO_BLS_KEY_INVALID (also when they cancel each other out)
 */
export function aggregatePublicKeys(publicKeys: readonly Uint8Array[]): Uint8Array {
  if (publicKeys.length === 0) throw new TreadleError('CRYPTO_BLS_NOTHING_TO_ADD');
  if (publicKeys.some(({ length }) => length !== BLS_PUBLIC_KEY_BYTES)) throw new TreadleError('CRYPTO_BLS_KEY_INVALID');
  try {
    return blsCurve().addPublicKeys(publicKeys);
  } catch (cause) {
    throw new TreadleError('CRYPTO_BLS_KEY_INVALID', { cause });
  }
}
