import type { Common } from '@ethereumjs/common';
import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { type BatchDBOp, type DB, ValueEncoding } from '@ethereumjs/util';
import { equalBytes, fromHex, type Hex, toHex } from '../../crypto/index.ts';
import { EMPTY_TRIE_ROOT } from '../chain/header.ts';
import { decode, encode, listOf } from '../rlp-fields.ts';
import { expandPath } from '../trie/nibbles.ts';
import type { StateChanges } from './journaled-state.ts';
import { bytesOfKey, encodeAccount, keyOf, type StateSnapshot, type StoredAccount } from './state-snapshot.ts';
import type { StateNodes, StateStore } from './state-store.ts';

const EMPTY_ROOT = fromHex(EMPTY_TRIE_ROOT);

/** The root after `changes` to `base`, and the nodes and code that were not there before. */
export async function applyChanges(
  base: StateSnapshot,
  changes: StateChanges,
  options: { readonly store: StateStore; readonly rules: Common },
): Promise<{ readonly root: Hex; readonly nodes: StateNodes; readonly accounts: ReadonlyMap<string, StoredAccount | null> }> {
  const nodes = new Map<string, Uint8Array>();
  const accounts = new Map(changes.accounts);
  for (const owner of new Set([...changes.slots.keys(), ...changes.cleared])) {
    const account = accounts.get(owner) ?? (accounts.has(owner) ? null : await base.account(owner));
    if (account === null) continue;
    const storageRoot = await writeStorage(owner, account, { base, changes, nodes, ...options });
    if (!equalBytes(storageRoot, account.storageRoot)) accounts.set(owner, { ...account, storageRoot });
  }
  const trie = new TrieOverStore(fromHex(base.root), options);
  // Sorted, so that the work, though not its result, is the same whatever the order of execution was.
  for (const address of [...accounts.keys()].sort()) {
    const account = accounts.get(address) as StoredAccount | null;
    const before = await base.account(address);
    if (sameAccount(before, account)) continue;
    await trie.put(bytesOfKey(address), account === null ? undefined : encodeAccount(account));
    const code = account === null ? undefined : changes.codes.get(keyOf(account.codeHash));
    if (account !== null && code !== undefined) nodes.set(toHex(account.codeHash).slice(2), code);
  }
  return { root: toHex(trie.finish(nodes)), nodes, accounts };
}

async function writeStorage(
  owner: string,
  account: StoredAccount,
  work: {
    readonly base: StateSnapshot;
    readonly changes: StateChanges;
    readonly nodes: Map<string, Uint8Array>;
    readonly store: StateStore;
    readonly rules: Common;
  },
): Promise<Uint8Array> {
  const cleared = work.changes.cleared.has(owner);
  const trie = new TrieOverStore(cleared ? EMPTY_ROOT : account.storageRoot, work);
  const slots = work.changes.slots.get(owner) ?? new Map<string, Uint8Array>();
  for (const slot of [...slots.keys()].sort()) {
    const value = slots.get(slot) as Uint8Array;
    if (!cleared && equalBytes(value, await work.base.slot(owner, slot))) continue;
    await trie.put(bytesOfKey(slot), value.length === 0 ? undefined : encode(value));
  }
  return trie.finish(work.nodes);
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

/** A Merkle-Patricia trie that reads from the store and keeps what it writes until it is known which of it is needed. */
class TrieOverStore {
  private readonly written = new Map<string, Uint8Array>();
  private readonly trie: MerklePatriciaTrie;
  private readonly before: Uint8Array;

  constructor(root: Uint8Array, options: { readonly store: StateStore; readonly rules: Common }) {
    this.before = root;
    this.trie = new MerklePatriciaTrie({
      db: databaseOver(this.written, options.store),
      valueEncoding: ValueEncoding.Bytes,
      useKeyHashing: true,
      common: options.rules,
      root,
    });
  }

  async put(key: Uint8Array, value: Uint8Array | undefined): Promise<void> {
    if (value === undefined) await this.trie.del(key);
    else await this.trie.put(key, value);
  }

  /** Adds the new nodes that the root needs to `nodes`; those of passing states of the trie are left out. */
  finish(nodes: Map<string, Uint8Array>): Uint8Array {
    const root = this.trie.root();
    if (!equalBytes(root, this.before)) this.keep(root, nodes);
    return root;
  }

  private keep(hash: Uint8Array, nodes: Map<string, Uint8Array>): void {
    const hex = toHex(hash).slice(2);
    const node = this.written.get(hex);
    if (node === undefined || nodes.has(hex)) return;
    nodes.set(hex, node);
    const items = listOf(decode(node, 'state node'), 'state node');
    const isLeaf = items.length === 2 && expandPath(items[0] as Uint8Array)?.leaf === true;
    if (isLeaf) return;
    // An embedded child is shorter than a hash, so it cannot refer to another node.
    for (const child of items.slice(items.length === 2 ? 1 : 0, 16)) {
      if (child instanceof Uint8Array && child.length === 32) this.keep(child, nodes);
    }
  }
}

function databaseOver(written: Map<string, Uint8Array>, store: StateStore): DB<string, Uint8Array> {
  const database: DB<string, Uint8Array> = {
    get: async (key) => written.get(key) ?? store.get(key),
    put: async (key, value) => {
      written.set(key, value);
    },
    // Old nodes stay: an archive reads them.
    del: async () => {},
    batch: async (operations: BatchDBOp<string, Uint8Array>[]) => {
      for (const operation of operations) if (operation.type === 'put') written.set(operation.key, operation.value);
    },
    shallowCopy: () => database,
    open: async () => {},
  };
  return database;
}
