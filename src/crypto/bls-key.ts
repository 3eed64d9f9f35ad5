import { TreadleError } from '../errors.ts';
import { blsCurve } from './bls-lent.ts';
import { sha256 } from './hash.ts';

export const BLS_SEED_BYTES_MIN = 32;
const DIGEST_BYTES = 32;
/** The order of the groups. */
const ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
/** Bytes that a secret is reduced from: 16 more than it has, so that every secret is as likely. */
const MATERIAL_BYTES = 48;

/** A key whose signatures for one message add up to one signature. */
export interface BlsKey {
  /** 32 bytes, big-endian. */
  readonly secret: Uint8Array;
  /** 48 bytes, compressed. */
  readonly publicKey: Uint8Array;
  /**
   * The signature of a digest, 96 bytes: a key has one for each, whoever computes it.
   * @throws TreadleError CRYPTO_BLS_MESSAGE_INVALID
   */
  sign(digest: Uint8Array): Uint8Array;
}

/**
 * The key that a seed leads to: KeyGen of draft-irtf-cfrg-bls-signature, so that other libraries find the same one.
 *
 * @param seed - at least 32 secret bytes
 * @throws TreadleError CRYPTO_BLS_SEED_INVALID
 */
export function blsKeyFrom(seed: Uint8Array): BlsKey {
  if (seed.length < BLS_SEED_BYTES_MIN) {
    throw new TreadleError('CRYPTO_BLS_SEED_INVALID', { data: { lengthBytes: seed.length } });
  }
  const secret = secretOf(seed);
  const publicKey = blsCurve().publicKeyOf(secret);
  return {
    secret,
    publicKey,
    sign(digest) {
      requireDigest(digest);
      return blsCurve().sign(secret, digest);
    },
  };
}

/** @throws TreadleError CRYPTO_BLS_MESSAGE_INVALID */
export function requireDigest(digest: Uint8Array): void {
  if (digest.length !== DIGEST_BYTES) {
    throw new TreadleError('CRYPTO_BLS_MESSAGE_INVALID', { data: { lengthBytes: digest.length } });
  }
}

function secretOf(seed: Uint8Array): Uint8Array {
  let salt = sha256(new TextEncoder().encode('BLS-SIG-KEYGEN-SALT-'));
  for (;;) {
    const extracted = hmac(salt, seed, Uint8Array.of(0));
    const secret = reduce(expand(extracted));
    // Zero comes up once in 2^255 seeds; the draft says what is done then.
    if (secret !== 0n) return toBytes(secret);
    salt = sha256(salt);
  }
}

/** HKDF-Expand with the number of bytes as info. */
function expand(key: Uint8Array): Uint8Array {
  const info = Uint8Array.of(0, MATERIAL_BYTES);
  const first = hmac(key, info, Uint8Array.of(1));
  const second = hmac(key, first, info, Uint8Array.of(2));
  const out = new Uint8Array(MATERIAL_BYTES);
  out.set(first);
  out.set(second.subarray(0, MATERIAL_BYTES - first.length), first.length);
  return out;
}

function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const inner = new Uint8Array(64).fill(0x36);
  const outer = new Uint8Array(64).fill(0x5c);
  for (const [index, byte] of key.entries()) {
    inner[index] = byte ^ 0x36;
    outer[index] = byte ^ 0x5c;
  }
  return sha256(outer, sha256(inner, ...parts));
}

function reduce(bytes: Uint8Array): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n) % ORDER;
}

function toBytes(value: bigint): Uint8Array {
  const out = new Uint8Array(32);
  for (let index = 31, rest = value; index >= 0; index--, rest >>= 8n) out[index] = Number(rest & 255n);
  return out;
}
