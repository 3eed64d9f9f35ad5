import { defineErrors } from '../errors.ts';

/** What keys and signatures can say went wrong. The same table is in docs/reference/errors/crypto.md. */
export const cryptoErrors = defineErrors({
  CRYPTO_BLS_SEED_INVALID: {
    summary: 'The seed of a BLS key is too short',
    action: 'Give 32 bytes that are as random as a private key',
  },
  CRYPTO_BLS_MESSAGE_INVALID: {
    summary: 'What is to be signed or checked is not a 32-byte digest',
    action: 'Sign the hash of the message, never the message itself',
  },
  CRYPTO_BLS_KEY_INVALID: {
    summary: 'The bytes are not a BLS public key: a point of the group in G1, other than infinity',
    action: 'Check where the key comes from: 48 bytes compressed, or 128 bytes as a contract keeps it',
  },
  CRYPTO_BLS_SIGNATURE_INVALID: {
    summary: 'The bytes are not a BLS signature: a point of the group in G2, other than infinity',
    action: 'Check where the signature comes from: 96 bytes compressed, or 256 bytes as a contract takes it',
  },
  CRYPTO_BLS_NOTHING_TO_ADD: {
    summary: 'The sum of no keys or of no signatures was asked for',
    action: 'Wait for the first signature: a sum of none would be valid for every message',
  },
  MESSAGE_MALFORMED: {
    summary: 'A message does not have the shape of its protocol',
    action: 'Check that both sides run the same version of Treadle',
  },
});
