import secp256k1 from 'secp256k1';
import type { Address } from './hex.ts';
import { addressOf, rememberSigner, type Signature, signDigest } from './signature.ts';

/** A node's one key: its ledger address, its network identity and its votes. */
export interface NodeKey {
  readonly privateKey: Uint8Array;
  /** Compressed, 33 bytes. */
  readonly publicKey: Uint8Array;
  readonly address: Address;
  /** Signs a 32-byte digest, recoverably. */
  sign(digest: Uint8Array): Signature;
}

/**
 * The key of 32 secret bytes.
 * @throws RangeError when the bytes are not a valid secp256k1 secret
 */
export function keyFrom(privateKey: Uint8Array): NodeKey {
  if (privateKey.length !== 32 || !secp256k1.privateKeyVerify(privateKey)) {
    throw new RangeError('not a secp256k1 private key: 32 bytes, non-zero and below the order of the curve');
  }
  const secret = Uint8Array.from(privateKey);
  const publicKey = secp256k1.publicKeyCreate(secret, true);
  const address = addressOf(publicKey);
  return {
    privateKey: secret,
    publicKey,
    address,
    sign(digest) {
      const signature = signDigest(digest, secret);
      rememberSigner(digest, signature, address);
      return signature;
    },
  };
}

/** Draws a key from `random`, which returns as many random bytes as asked. */
export function drawKey(random: (length: number) => Uint8Array): NodeKey {
  // A 32-byte string fails with probability 2^-128: the bound is there so that a broken generator cannot loop for ever.
  for (let attempt = 0; attempt < 8; attempt++) {
    const secret = random(32);
    if (secp256k1.privateKeyVerify(secret)) return keyFrom(secret);
  }
  throw new RangeError('the random source keeps returning invalid keys');
}
