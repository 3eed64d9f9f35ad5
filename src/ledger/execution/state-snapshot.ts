import { Account, createAccountFromRLP } from '@ethereumjs/util';
import { equalBytes, fromHex, type Hex, keccak256, toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { STATE_CACHE_ENTRIES_MAX, STATE_PATHS_MAX } from '../../limits.ts';
import { EMPTY_TRIE_ROOT } from '../chain/header.ts';
import { bytesOf, decode } from '../rlp-fields.ts';
import { nibblesOf } from '../trie/nibbles.ts';
import { collectProof, type Step } from '../trie/trie-proof.ts';
import { stepThroughOwn } from '../trie/trie-walk.ts';
import type { StateStore } from './state-store.ts';

/** An account's fields, never changed in place. */
export interface StoredAccount {
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly storageRoot: Uint8Array;
  readonly codeHash: Uint8Array;
}

const NOTHING = new Uint8Array(0);
const EMPTY_ROOT = fromHex(EMPTY_TRIE_ROOT);

/** Known already, or read from the disk. */
type Later<T> = T | Promise<T>;

/** Bytes as a map key: one character per byte. */
export function keyOf(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

/** The inverse of {@link keyOf}. */
export function bytesOfKey(key: string): Uint8Array {
  const bytes = new Uint8Array(key.length);
  for (let at = 0; at < key.length; at++) bytes[at] = key.charCodeAt(at);
  return bytes;
}

export function encodeAccount(account: StoredAccount): Uint8Array {
  return new Account(account.nonce, account.balance, account.storageRoot, account.codeHash).serialize();
}

export function decodeAccount(rlp: Uint8Array): StoredAccount {
  const { nonce, balance, storageRoot, codeHash } = createAccountFromRLP(rlp);
  return { nonce, balance, storageRoot, codeHash };
}

/**
 * The state at one root, read through a bounded cache of decoded accounts and slots. What is read at a root stays
 * true for ever, so any number of readers share it.
 */
export class StateSnapshot {
  readonly root: Hex;
  private readonly store: StateStore;
  private accounts = new Map<string, StoredAccount | null>();
  private slots = new Map<string, Map<string, Uint8Array>>();
  private entries = 0;
  private paths = new Map<string, Uint8Array>();

  constructor(root: Hex, store: StateStore) {
    this.root = root;
    this.store = store;
  }

  /** The account at a 20-byte address, or null. @throws TreadleError LEDGER_DAMAGED */
  account(address: string): Later<StoredAccount | null> {
    const known = this.accounts.get(address);
    return known === undefined ? this.loadAccount(address) : known;
  }

  /** The value of a 32-byte slot without leading zeros. @throws TreadleError LEDGER_DAMAGED */
  slot(address: string, slot: string): Later<Uint8Array> {
    return this.slots.get(address)?.get(slot) ?? this.loadSlot(address, slot);
  }

  /** The code with this hash. @throws TreadleError LEDGER_DAMAGED */
  async code(codeHash: Uint8Array): Promise<Uint8Array> {
    const hash = toHex(codeHash);
    const code = await this.store.get(hash.slice(2));
    if (code === undefined) throw damaged(`the code ${hash} is missing`);
    return code;
  }

  /** An encoded node of the state by its hash; a promise only when it has to be read from the disk. @throws TreadleError LEDGER_DAMAGED */
  readonly node = (hash: Uint8Array): Later<Uint8Array> => {
    const node = this.store.node(hash);
    return node instanceof Promise ? node.then((bytes) => present(bytes, hash)) : present(node, hash);
  };

  /** The way of a key (an address or a slot) through its trie: what is read is often written in the same block. */
  pathOf(key: string): Uint8Array {
    const known = this.paths.get(key);
    if (known !== undefined) return known;
    const path = nibblesOf(keccak256(bytesOfKey(key)));
    if (this.paths.size >= STATE_PATHS_MAX) this.paths.clear();
    this.paths.set(key, path);
    return path;
  }

  accountProof(address: Uint8Array): Promise<readonly Uint8Array[]> {
    return collectProof(fromHex(this.root), keccak256(address), (hash) => this.node(hash));
  }

  storageProof(storageRoot: Uint8Array, slot: Uint8Array): Promise<readonly Uint8Array[]> {
    return collectProof(storageRoot, keccak256(slot), (hash) => this.node(hash));
  }

  /**
   * The snapshot after `changes`: it takes the cache over, with the changes applied; this one starts an empty cache
   * and goes on giving the same answers.
   */
  advance(
    root: Hex,
    changes: {
      readonly accounts: ReadonlyMap<string, StoredAccount | null>;
      readonly slots: ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;
      readonly cleared: ReadonlySet<string>;
    },
  ): StateSnapshot {
    const next = new StateSnapshot(root, this.store);
    next.accounts = this.accounts;
    next.slots = this.slots;
    next.entries = this.entries;
    this.accounts = new Map();
    this.slots = new Map();
    this.entries = 0;
    for (const [address, account] of changes.accounts) next.remember(next.accounts, address, account);
    for (const address of changes.cleared) next.slots.delete(address);
    for (const [address, slots] of changes.slots) for (const [slot, value] of slots) next.rememberSlot(address, slot, value);
    return next;
  }

  private lookUp(root: Uint8Array, key: string): Later<Uint8Array | undefined> {
    const path = this.pathOf(key);
    let hash = root;
    for (let at = 0; ; ) {
      const node = this.node(hash);
      if (node instanceof Promise) return this.lookUpFurther(node, path, at);
      const step = stepThroughOwn(node, path, at);
      if (step.type !== 'down') return step.type === 'value' ? step.value : undefined;
      hash = step.hash;
      at = step.at;
    }
  }

  private async lookUpFurther(first: Promise<Uint8Array>, path: Uint8Array, from: number): Promise<Uint8Array | undefined> {
    let step: Step = stepThroughOwn(await first, path, from);
    while (step.type === 'down') step = stepThroughOwn(await this.node(step.hash), path, step.at);
    return step.type === 'value' ? step.value : undefined;
  }

  private loadAccount(address: string): Later<StoredAccount | null> {
    const found = (rlp: Uint8Array | undefined): StoredAccount | null => {
      const account = rlp === undefined ? null : decodeAccount(rlp);
      this.remember(this.accounts, address, account);
      return account;
    };
    if (this.root === EMPTY_TRIE_ROOT) return found(undefined);
    const rlp = this.lookUp(fromHex(this.root), address);
    return rlp instanceof Promise ? rlp.then(found) : found(rlp);
  }

  private loadSlot(address: string, slot: string): Later<Uint8Array> {
    const account = this.account(address);
    return account instanceof Promise
      ? account.then((loaded) => this.loadSlotOf(loaded, address, slot))
      : this.loadSlotOf(account, address, slot);
  }

  private loadSlotOf(account: StoredAccount | null, address: string, slot: string): Later<Uint8Array> {
    const found = (rlp: Uint8Array | undefined): Uint8Array => {
      const value = rlp === undefined ? NOTHING : bytesOf(decode(rlp, 'state slot'), 'state slot');
      this.rememberSlot(address, slot, value);
      return value;
    };
    if (account === null || equalBytes(account.storageRoot, EMPTY_ROOT)) return found(undefined);
    const rlp = this.lookUp(account.storageRoot, slot);
    return rlp instanceof Promise ? rlp.then(found) : found(rlp);
  }

  private rememberSlot(address: string, slot: string, value: Uint8Array): void {
    const slots = this.slots.get(address) ?? new Map<string, Uint8Array>();
    this.slots.set(address, slots);
    this.remember(slots, slot, value);
  }

  private remember<V>(map: Map<string, V>, key: string, value: V): void {
    if (!map.has(key) && ++this.entries > STATE_CACHE_ENTRIES_MAX) {
      this.accounts.clear();
      this.slots.clear();
      this.entries = 0;
      return;
    }
    map.set(key, value);
  }
}

function present(node: Uint8Array | undefined, hash: Uint8Array): Uint8Array {
  if (node === undefined) throw damaged(`the state node ${toHex(hash).slice(2)} is missing`);
  return node;
}

function damaged(detail: string): TreadleError {
  return new TreadleError('LEDGER_DAMAGED', { detail });
}
