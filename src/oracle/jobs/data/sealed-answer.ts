import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import secp256k1 from 'secp256k1';
import { concatBytes, keccak256, sha256 } from '../../../crypto/index.ts';
import { TreadleError } from '../../../errors.ts';

/**
 * Answers for one reader only: encrypted to a secp256k1 key. Every node of a group must sign the same bytes, so what makes each
 * encryption different is a number that whoever leads drew and showed the group, which knows the answer anyway, and nobody else.
 * Format: ephemeral public key (33) | ChaCha20-Poly1305 of the answer with its tag (16).
 */

const TAG = new TextEncoder().encode('treadle.oracle.sealed.v1');
const KEY_BYTES = 33;
/** Each key is used for one message, so the nonce of the cipher may be constant. */
const CIPHER_NONCE = new Uint8Array(12);

/** @param nonce - 32 bytes that nobody outside the group knows; @param reader - compressed public key, 33 bytes */
export function sealAnswer(answer: Uint8Array, reader: Uint8Array, nonce: Uint8Array): Uint8Array {
  const secret = ephemeralSecret(nonce, reader);
  const ephemeral = secp256k1.publicKeyCreate(secret, true);
  return concatBytes([ephemeral, chacha20poly1305(cipherKey(secret, reader, ephemeral), CIPHER_NONCE).encrypt(answer)]);
}

/** What was sealed for this key. @throws TreadleError ORACLE_SEAL_INVALID */
export function openAnswer(sealed: Uint8Array, secret: Uint8Array): Uint8Array {
  try {
    const ephemeral = sealed.subarray(0, KEY_BYTES);
    const shared = secp256k1.ecdh(ephemeral, secret);
    const key = sha256(TAG, shared, ephemeral);
    return chacha20poly1305(key, CIPHER_NONCE).decrypt(sealed.subarray(KEY_BYTES));
  } catch (cause) {
    throw new TreadleError('ORACLE_SEAL_INVALID', { cause });
  }
}

/** Whether the bytes are a key that can be sealed to. */
export function isReaderKey(key: Uint8Array): boolean {
  return key.length === KEY_BYTES && secp256k1.publicKeyVerify(key);
}

function cipherKey(secret: Uint8Array, reader: Uint8Array, ephemeral: Uint8Array): Uint8Array {
  return sha256(TAG, secp256k1.ecdh(reader, secret), ephemeral);
}

/** Hashing once more is needed with probability 2^-128. */
function ephemeralSecret(nonce: Uint8Array, reader: Uint8Array): Uint8Array {
  let secret = keccak256(concatBytes([TAG, nonce, reader]));
  while (!secp256k1.privateKeyVerify(secret)) secret = keccak256(secret);
  return secret;
}
