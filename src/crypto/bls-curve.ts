/** Ethereum's ciphersuite: keys in G1, signatures in G2, keys proved to be their owner's before they count. */
export const BLS_SUITE = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';

export const BLS_PUBLIC_KEY_BYTES = 48;
export const BLS_SIGNATURE_BYTES = 96;

/**
 * Arithmetic on BLS12-381. "Plain" is the uncompressed form: both coordinates, big-endian, and in G2 the imaginary part of each
 * first. Whatever is given a point throws (any error) unless it is one of the group of prime order other than infinity.
 */
export interface BlsCurve {
  readonly name: string;
  /** The public key, compressed, of a secret: 32 bytes, big-endian, not zero and below the order of the group. */
  publicKeyOf(secret: Uint8Array): Uint8Array;
  sign(secret: Uint8Array, message: Uint8Array): Uint8Array;
  /** Whether `signature` is the sum of what the owners of all the keys signed `message` with. */
  verify(publicKeys: readonly Uint8Array[], message: Uint8Array, signature: Uint8Array): boolean;
  /** The sum of at least one compressed key, compressed; throws when it is infinity. */
  addPublicKeys(publicKeys: readonly Uint8Array[]): Uint8Array;
  /** The sum of at least one compressed signature, compressed; throws when it is infinity. */
  addSignatures(signatures: readonly Uint8Array[]): Uint8Array;
  /** Compressed (48 bytes) to plain (96) or back: the form that was not given. */
  restatePublicKey(key: Uint8Array): Uint8Array;
  /** Compressed (96 bytes) to plain (192) or back. */
  restateSignature(signature: Uint8Array): Uint8Array;
}
