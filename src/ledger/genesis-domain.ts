import { keccak256 } from '../crypto/index.ts';
import { rememberByIdentity } from '../remember.ts';
import type { Genesis } from './genesis.ts';

/**
 * The name of a chain, 32 bytes: hash of chain id, balances, sealers and contracts. It is the domain of consensus signatures
 * and stands in every hello, so nodes of two consortia never take each other's votes even where their chain ids are equal.
 * The layout of the file (order of keys, spaces) does not enter.
 */
export const genesisDomain = rememberByIdentity(
  (genesis: Genesis): Uint8Array => keccak256(new TextEncoder().encode(`treadle genesis 1\n${canonicalJson(genesis)}`)),
);

/** JSON with the keys of every object in ascending order and no spaces. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}
