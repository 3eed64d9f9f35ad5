import { type Address, encodeRlp, fromHex, type Hex, keccak256, toHex } from '../../src/crypto/index.ts';
import { nibblesOf } from '../../src/ledger/trie/nibbles.ts';
import { type NewNodes, storeRoot } from '../../src/ledger/trie/trie-node.ts';
import { collectProof } from '../../src/ledger/trie/trie-proof.ts';
import { freshTrie } from '../../src/ledger/trie/trie-update.ts';

/** A Merkle-Patricia trie as the ledger makes it, over hashed keys. */
export interface HashedTrie {
  readonly root: Hex;
  prove(key: Uint8Array): Promise<readonly Hex[]>;
}

/** Builds the trie over `keccak256(key) -> value`. There must be an entry. */
export function hashedTrie(entries: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[]): HashedTrie {
  const changes = entries
    .map(({ key, value }) => ({ hashed: keccak256(key), value }))
    .sort((left, right) => Buffer.compare(left.hashed, right.hashed))
    .map(({ hashed, value }) => ({ path: nibblesOf(hashed), value }));
  const nodes: NewNodes = new Map();
  const root = toHex(storeRoot(freshTrie(changes), nodes));
  const load = (hash: Uint8Array) => nodes.get(toHex(hash).slice(2));
  return { root, prove: async (key) => (await collectProof(fromHex(root), keccak256(key), load)).map(toHex) };
}

/** A slot's value as the storage trie holds it: RLP without leading zeros. */
export function storageValue(value: Hex): Uint8Array {
  const bytes = fromHex(value);
  const start = bytes.findIndex((byte) => byte !== 0);
  return encodeRlp(start < 0 ? new Uint8Array(0) : bytes.subarray(start));
}

/** The state of a ledger as far as the tests prove something of it: one contract's slots, and neighbours of it. */
export interface LedgerState {
  readonly root: Hex;
  account(): Promise<readonly Hex[]>;
  slot(slot: Hex): Promise<readonly Hex[]>;
}

/** @param neighbours how many other accounts and other slots there are */
export function ledgerState(
  contract: Address,
  slots: readonly { readonly slot: Hex; readonly value: Hex }[],
  neighbours = 40,
): LedgerState {
  const filler = Array.from({ length: neighbours }, (_, index) => keccak256(new TextEncoder().encode(`neighbour ${index}`)));
  const storage = hashedTrie([
    ...slots.map(({ slot, value }) => ({ key: fromHex(slot), value: storageValue(value) })),
    ...filler.map((key) => ({ key, value: storageValue(toHex(key)) })),
  ]);
  const accountOf = (storageRoot: Hex) => encodeRlp([1, 0, fromHex(storageRoot), keccak256(new Uint8Array(0))]);
  const accounts = hashedTrie([
    { key: fromHex(contract), value: accountOf(storage.root) },
    ...filler.map((key) => ({ key: key.subarray(12), value: accountOf(toHex(key)) })),
  ]);
  return {
    root: accounts.root,
    account: () => accounts.prove(fromHex(contract)),
    slot: (slot) => storage.prove(fromHex(slot)),
  };
}
