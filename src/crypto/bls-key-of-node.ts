import { type BlsKey, blsKeyFrom } from './bls-key.ts';
import { keccak256 } from './hash.ts';
import type { NodeKey } from './key.ts';

const TAG = keccak256(new TextEncoder().encode('treadle.bls.node-key.v1'));

/**
 * The BLS key that goes with a node's key: whoever keeps the one safe has kept both, and no further file can be lost. The seed
 * `keccak256(tag | secret | number)` goes through KeyGen of the suite; from the BLS key nobody finds the node's.
 *
 * @param number - 0 for the first one; a registry takes no key twice, so a node that left it comes back with the next
 * @throws RangeError when `number` is not a whole number below 2^32
 */
export function blsKeyOfNode({ privateKey }: NodeKey, number = 0): BlsKey {
  if (!Number.isInteger(number) || number < 0 || number >= 2 ** 32) throw new RangeError(`not a number of a key: ${number}`);
  const seed = new Uint8Array(TAG.length + privateKey.length + 4);
  seed.set(TAG);
  seed.set(privateKey, TAG.length);
  new DataView(seed.buffer).setUint32(TAG.length + privateKey.length, number);
  return blsKeyFrom(keccak256(seed));
}
