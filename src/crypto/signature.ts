import secp256k1 from 'secp256k1';
import { BoundedMap } from '../bounded-map.ts';
import { RECOVER_CACHE_ENTRIES } from '../limits.ts';
import { keccak256 } from './hash.ts';
import { type Address, type Hex, toHex } from './hex.ts';

/** A recoverable signature: r (32) | s (32, low) | recovery id (1: 0 or 1). */
export type Signature = Uint8Array;

export const SIGNATURE_BYTES = 65;

/** The Ethereum address of a public key (33 or 65 bytes). */
export function addressOf(publicKey: Uint8Array): Address {
  const plain = secp256k1.publicKeyConvert(publicKey, false);
  return toHex(keccak256(plain.subarray(1)).subarray(12)) as Address;
}

/** Signs a 32-byte digest; deterministic (RFC 6979). */
export function signDigest(digest: Uint8Array, privateKey: Uint8Array): Signature {
  const { signature, recid } = secp256k1.ecdsaSign(digest, privateKey);
  const out = new Uint8Array(SIGNATURE_BYTES);
  out.set(signature, 0);
  out[64] = recid;
  return out;
}

// Recovery is a pure function and the same vote is checked by every node that a process seats (a fleet, the
// simulator), so results are remembered; a failure as null, so that repeating a bad signature costs its sender more than us.
const recovered = new BoundedMap<string, Address | null>(RECOVER_CACHE_ENTRIES);

/** The address that signed `digest`, or undefined when the signature is malformed or not in low-s form. */
export function recoverAddress(digest: Uint8Array, signature: Uint8Array): Address | undefined {
  if (digest.length !== 32 || signature.length !== SIGNATURE_BYTES) return undefined;
  const key = keyOf(digest, signature);
  const known = recovered.get(key);
  if (known !== undefined) return known ?? undefined;
  const found = recoverUncached(digest, signature);
  recovered.set(key, found ?? null);
  return found;
}

/** Saves a later {@link recoverAddress} its work: whoever signs with a key knows what the signature recovers to. */
export function rememberSigner(digest: Uint8Array, signature: Signature, signer: Address): void {
  recovered.set(keyOf(digest, signature), signer);
}

function recoverUncached(digest: Uint8Array, signature: Uint8Array): Address | undefined {
  const recid = signature[64] as number;
  if (recid > 1) return undefined;
  const compact = signature.subarray(0, 64);
  try {
    // Normalising changes a high s: such a signature is the malleated twin of a valid one and is refused.
    const normal = secp256k1.signatureNormalize(Uint8Array.from(compact));
    for (let at = 32; at < 64; at++) if (normal[at] !== compact[at]) return undefined;
    const publicKey = secp256k1.ecdsaRecover(compact, recid, digest, false);
    return toHex(keccak256(publicKey.subarray(1)).subarray(12)) as Address;
  } catch {
    return undefined;
  }
}

/** Signature as hex with Ethereum's v (27 or 28) in the last byte, as contracts and wallets expect it. */
export function toEthereumSignature(signature: Signature): Hex {
  const out = Uint8Array.from(signature);
  out[64] = (signature[64] as number) + 27;
  return toHex(out);
}

/** The inverse of {@link toEthereumSignature}; undefined when it is not 65 bytes with v of 0, 1, 27 or 28. */
export function fromEthereumSignature(bytes: Uint8Array): Signature | undefined {
  if (bytes.length !== SIGNATURE_BYTES) return undefined;
  const v = bytes[64] as number;
  const recid = v >= 27 ? v - 27 : v;
  if (recid > 1) return undefined;
  const out = Uint8Array.from(bytes);
  out[64] = recid;
  return out;
}

function keyOf(digest: Uint8Array, signature: Uint8Array): string {
  return latin(digest) + latin(signature);
}

function latin(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}
