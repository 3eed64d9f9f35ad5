import { BoundedMap } from '../../bounded-map.ts';
import type { Hex } from '../../crypto/index.ts';
import { TRANSACTIONS_ROOTS_MAX } from '../../limits.ts';
import type { SignedTransaction } from '../pool/transaction-codec.ts';
import { orderedTrieRoot } from '../trie/ordered-trie.ts';

// A pure function of the hashes, asked for by every node that a process seats.
const roots = new BoundedMap<string, Hex>(TRANSACTIONS_ROOTS_MAX);

/** The root under which a header commits to its transactions. */
export function transactionsRootOf(transactions: readonly SignedTransaction[]): Hex {
  const key = transactions.map(({ hash }) => hash).join();
  const known = roots.get(key);
  if (known !== undefined) return known;
  const root = orderedTrieRoot(transactions.map(({ raw }) => raw));
  roots.set(key, root);
  return root;
}
