import { TreadleError } from '../errors.ts';
import { BLS_PUBLIC_KEY_BYTES, BLS_SIGNATURE_BYTES } from './bls-curve.ts';
import { blsCurve } from './bls-lent.ts';

/** Bytes of a coordinate, and of it in EIP-2537's form: with 16 zeros in front. */
const COORDINATE_BYTES = 48;
const PADDED_BYTES = 64;

/**
 * A public key as contracts take it (EIP-2537): x and y in 64 bytes each.
 *
 * @param publicKey - 48 bytes, compressed
 * @throws TreadleError CRYPTO_BLS_KEY_INVALID
 */
export function toEip2537G1(publicKey: Uint8Array): Uint8Array {
  return pad(restateKey(publicKey, BLS_PUBLIC_KEY_BYTES));
}

/**
 * The compressed public key of what a contract keeps.
 *
 * @param point - 128 bytes
 * @throws TreadleError CRYPTO_BLS_KEY_INVALID
 */
export function fromEip2537G1(point: Uint8Array): Uint8Array {
  const plain = unpad(point);
  if (plain === undefined) throw new TreadleError('CRYPTO_BLS_KEY_INVALID');
  return restateKey(plain, 2 * COORDINATE_BYTES);
}

/**
 * A signature as contracts take it (EIP-2537): x and y in 128 bytes each, the real part of each first.
 *
 * @param signature - 96 bytes, compressed
 * @throws TreadleError CRYPTO_BLS_SIGNATURE_INVALID
 */
export function toEip2537G2(signature: Uint8Array): Uint8Array {
  return pad(swapParts(restateSignature(signature, BLS_SIGNATURE_BYTES)));
}

/**
 * The compressed signature of what a contract was given.
 *
 * @param point - 256 bytes
 * @throws TreadleError CRYPTO_BLS_SIGNATURE_INVALID
 */
export function fromEip2537G2(point: Uint8Array): Uint8Array {
  const plain = unpad(point);
  if (plain === undefined) throw new TreadleError('CRYPTO_BLS_SIGNATURE_INVALID');
  return restateSignature(swapParts(plain), 4 * COORDINATE_BYTES);
}

function restateKey(key: Uint8Array, lengthBytes: number): Uint8Array {
  if (key.length !== lengthBytes) throw new TreadleError('CRYPTO_BLS_KEY_INVALID');
  try {
    return blsCurve().restatePublicKey(key);
  } catch (cause) {
    throw new TreadleError('CRYPTO_BLS_KEY_INVALID', { cause });
  }
}

function restateSignature(signature: Uint8Array, lengthBytes: number): Uint8Array {
  if (signature.length !== lengthBytes) throw new TreadleError('CRYPTO_BLS_SIGNATURE_INVALID');
  try {
    return blsCurve().restateSignature(signature);
  } catch (cause) {
    throw new TreadleError('CRYPTO_BLS_SIGNATURE_INVALID', { cause });
  }
}

function pad(plain: Uint8Array): Uint8Array {
  const out = new Uint8Array((plain.length / COORDINATE_BYTES) * PADDED_BYTES);
  for (let from = 0, to = PADDED_BYTES; from < plain.length; from += COORDINATE_BYTES, to += PADDED_BYTES) {
    out.set(plain.subarray(from, from + COORDINATE_BYTES), to - COORDINATE_BYTES);
  }
  return out;
}

/** Undefined where the padding is not zero, or is not there: a point has one form. */
function unpad(point: Uint8Array): Uint8Array | undefined {
  if (point.length % PADDED_BYTES !== 0) return undefined;
  const out = new Uint8Array((point.length / PADDED_BYTES) * COORDINATE_BYTES);
  for (let from = 0, to = 0; from < point.length; from += PADDED_BYTES, to += COORDINATE_BYTES) {
    const start = from + PADDED_BYTES - COORDINATE_BYTES;
    if (point.subarray(from, start).some((byte) => byte !== 0)) return undefined;
    out.set(point.subarray(start, from + PADDED_BYTES), to);
  }
  return out;
}

/** Exchanges real and imaginary part of both coordinates: the two forms differ in which comes first. */
function swapParts(plain: Uint8Array): Uint8Array {
  const out = new Uint8Array(plain.length);
  for (let start = 0; start < plain.length; start += 2 * COORDINATE_BYTES) {
    out.set(plain.subarray(start, start + COORDINATE_BYTES), start + COORDINATE_BYTES);
    out.set(plain.subarray(start + COORDINATE_BYTES, start + 2 * COORDINATE_BYTES), start);
  }
  return out;
}
