import { equalBytes, fromHex, type Hex, toHex } from '../../crypto/index.ts';
import { EMPTY_TRIE_ROOT } from '../chain/header.ts';
import { encode } from '../rlp-fields.ts';
import type { NewNodes } from '../trie/trie-node.ts';
import { type TrieChange, updateTrie } from '../trie/trie-update.ts';
import type { StateChanges } from './journaled-state.ts';
import { encodeAccount, keyOf, type StateSnapshot, type StoredAccount } from './state-snapshot.ts';
import type { StateNodes } from './state-store.ts';

const EMPTY_ROOT = fromHex(EMPTY_TRIE_ROOT);

/** The root after `changes` to `base`, and the nodes and code that were not there before. */
export async function applyChanges(
  base: StateSnapshot,
  changes: StateChanges,
): Promise<{ readonly root: Hex; readonly nodes: StateNodes; readonly accounts: ReadonlyMap<string, StoredAccount | null> }> {
  const nodes: NewNodes = new Map();
  const accounts = new Map(changes.accounts);
  for (const owner of new Set([...changes.slots.keys(), ...changes.cleared])) {
    const account = accounts.get(owner) ?? (accounts.has(owner) ? null : await base.account(owner));
    if (account === null) continue;
    const storageRoot = await writeStorage(owner, account, { base, changes, nodes });
    if (!equalBytes(storageRoot, account.storageRoot)) accounts.set(owner, { ...account, storageRoot });
  }
  const updates: TrieChange[] = [];
  for (const [address, account] of accounts) {
    const known = base.account(address);
    if (sameAccount(known instanceof Promise ? await known : known, account)) continue;
    updates.push({ path: base.pathOf(address), value: account === null ? undefined : encodeAccount(account) });
    const code = account === null ? undefined : changes.codes.get(keyOf(account.codeHash));
    if (account !== null && code !== undefined) nodes.set(toHex(account.codeHash).slice(2), code);
  }
  const root = await updateTrie(fromHex(base.root), updates, { load: base.node, nodes });
  return { root: toHex(root), nodes, accounts };
}

async function writeStorage(
  owner: string,
  account: StoredAccount,
  { base, changes, nodes }: { readonly base: StateSnapshot; readonly changes: StateChanges; readonly nodes: NewNodes },
): Promise<Uint8Array> {
  const cleared = changes.cleared.has(owner);
  const updates: TrieChange[] = [];
  for (const [slot, value] of changes.slots.get(owner) ?? []) {
    if (!cleared) {
      const known = base.slot(owner, slot);
      if (equalBytes(value, known instanceof Promise ? await known : known)) continue;
    }
    updates.push({ path: base.pathOf(slot), value: value.length === 0 ? undefined : encode(value) });
  }
  return updateTrie(cleared ? EMPTY_ROOT : account.storageRoot, updates, { load: base.node, nodes });
}

function sameAccount(left: StoredAccount | null, right: StoredAccount | null): boolean {
  if (left === null || right === null) return left === right;
  return (
    left.nonce === right.nonce &&
    left.balance === right.balance &&
    equalBytes(left.storageRoot, right.storageRoot) &&
    equalBytes(left.codeHash, right.codeHash)
  );
}
