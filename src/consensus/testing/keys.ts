import { keccak256, keyFrom, type NodeKey } from '../../crypto/index.ts';

/** The signature domain of all consensus tests. */
export const testDomain: Uint8Array = keccak256(new TextEncoder().encode('treadle consensus tests'));

const made: NodeKey[] = [];

/** `count` fixed keys in ascending order of address, so that sealer lists are as a chain would order them. */
export function testKeys(count: number): readonly NodeKey[] {
  for (let at = made.length; at < count; at++) made.push(keyFrom(keccak256(new TextEncoder().encode(`sealer ${at}`))));
  return made.slice(0, count).toSorted((left, right) => (left.address < right.address ? -1 : 1));
}
