import { verifyBls } from './bls.ts';
import type { BlsKey } from './bls-key.ts';
import { toEip2537G2 } from './bls-points.ts';
import { keccak256 } from './hash.ts';
import { toHex } from './hex.ts';

/**
 * A verifiable random function: the proof is the BLS signature of the input, of which a key has exactly one, and the
 * output is its hash. Nobody without the secret can tell the output; its owner can withhold it but not choose it.
 */

const VALUES = 1n << 256n;

/**
 * The proof for `alpha`, 96 bytes.
 *
 * @param alpha - 32 bytes
 * @throws TreadleError CRYPTO_BLS_MESSAGE_INVALID
 */
export function proveVrf(key: BlsKey, alpha: Uint8Array): Uint8Array {
  return key.sign(alpha);
}

/** Whether `proof` is the one of `publicKey` for `alpha`; false for bytes that are none. */
export function verifyVrf(publicKey: Uint8Array, alpha: Uint8Array, proof: Uint8Array): boolean {
  return verifyBls(publicKey, alpha, proof);
}

/**
 * The output that a proof stands for: the hash of its 256-byte form, 32 bytes.
 * @throws TreadleError CRYPTO_BLS_SIGNATURE_INVALID
 */
export function vrfOutput(proof: Uint8Array): Uint8Array {
  return keccak256(toEip2537G2(proof));
}

/** The output that has to be undercut so that of `nodes` outputs `winners` do on average: floor(2^256 winners / nodes). */
export function vrfThreshold(winners: number, nodes: number): bigint {
  if (winners >= nodes) return VALUES - 1n;
  return (VALUES * BigInt(winners)) / BigInt(nodes);
}

/** Whether an output is one of `winners` to be expected among `nodes`. */
export function isBelowThreshold(output: Uint8Array, winners: number, nodes: number): boolean {
  return BigInt(toHex(output)) < vrfThreshold(winners, nodes);
}
