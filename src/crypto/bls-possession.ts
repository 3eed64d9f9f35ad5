import { verifyBls } from './bls.ts';
import type { BlsKey } from './bls-key.ts';
import { toEip2537G1 } from './bls-points.ts';
import { keccak256 } from './hash.ts';
import { type Address, fromHex } from './hex.ts';

/** Where a key is to be registered, and by whom: a proof made for one place is none for another. */
export interface PossessionContext {
  readonly chainId: number;
  /** The contract that registers it. */
  readonly registry: Address;
  /** The account that registers it. */
  readonly node: Address;
}

const WORD_BYTES = 32;
/** What no other digest of the house begins with. */
const TAG = keccak256(new TextEncoder().encode('treadle.bls.possession.v1'));

/**
 * What the owner of a key signs to show that it has the secret, as a contract computes it:
 * `keccak256(abi.encode(keccak256("treadle.bls.possession.v1"), chainId, registry, node, publicKey))`, with the key as
 * `bytes` in its 128-byte form. Without it somebody could register a key made from the others' that cancels them out.
 *
 * @throws TreadleError CRYPTO_BLS_KEY_INVALID
 */
export function possessionDigest(publicKey: Uint8Array, { chainId, registry, node }: PossessionContext): Uint8Array {
  const key = toEip2537G1(publicKey);
  const data = new Uint8Array(6 * WORD_BYTES + key.length);
  data.set(TAG);
  setNumber(data, 1, chainId);
  data.set(fromHex(registry), 3 * WORD_BYTES - 20);
  data.set(fromHex(node), 4 * WORD_BYTES - 20);
  setNumber(data, 4, 5 * WORD_BYTES);
  setNumber(data, 5, key.length);
  data.set(key, 6 * WORD_BYTES);
  return keccak256(data);
}

/** The proof that a key's owner has its secret, 96 bytes. */
export function provePossession(key: BlsKey, context: PossessionContext): Uint8Array {
  return key.sign(possessionDigest(key.publicKey, context));
}

/**
 * Whether `proof` shows that whoever registers the key has its secret.
 * @throws TreadleError CRYPTO_BLS_KEY_INVALID
 */
export function verifyPossession(publicKey: Uint8Array, proof: Uint8Array, context: PossessionContext): boolean {
  return verifyBls(publicKey, possessionDigest(publicKey, context), proof);
}

function setNumber(data: Uint8Array, word: number, value: number): void {
  new DataView(data.buffer).setBigUint64((word + 1) * WORD_BYTES - 8, BigInt(value));
}
