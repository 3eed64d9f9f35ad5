import { Account, createAccountFromRLP } from '@ethereumjs/util';
import { fromHex, type Hex, keccak256, toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { STATE_CACHE_ENTRIES_MAX } from '../../limits.ts';
import { EMPTY_TRIE_ROOT } from '../chain/header.ts';
import { bytesOf, decode } from '../rlp-fields.ts';
import { nibblesOf } from '../trie/nibbles.ts';
import { collectProof, type Step, stepThrough } from '../trie/trie-proof.ts';
import type { StateStore } from './state-store.ts';

/** An account's fields, never changed in place. */
export interface StoredAccount {
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly storageRoot: Uint8Array;
  readonly codeHash: Uint8Array;
}

const NOTHING = new Uint8Array(0);

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

  constructor(root: Hex, store: StateStore) {
    this.root = root;
    this.store = store;
  }

  /** The account at a 20-byte address, or null. @throws TreadleError LEDGER_DAMAGED */
  account(address: string): StoredAccount | null | Promise<StoredAccount | null> {
    const known = this.accounts.get(address);
    return known === undefined ? this.loadAccount(address) : known;
  }

  /** The value of a 32-byte slot without leading zeros. @throws TreadleError LEDGER_DAMAGED */
  slot(address: string, slot: string): Uint8Array | Promise<Uint8Array> {
    return this.slots.get(address)?.get(slot) ?? this.loadSlot(address, slot);
  }

  /** The code with this hash. @throws TreadleError LEDGER_DAMAGED */
  async code(codeHash: Uint8Array): Promise<Uint8Array> {
    const hash = toHex(codeHash);
    const code = await this.store.get(hash.slice(2));
    if (code === undefined) throw damaged(`the code ${hash} is missing`);
    return code;
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

  private node(hash: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const hex = toHex(hash).slice(2);
    const node = this.store.get(hex);
    const present = (bytes: Uint8Array | undefined): Uint8Array => {
      if (bytes === undefined) throw damaged(`the state node ${hex} is missing`);
      return bytes;
    };
    return node instanceof Promise ? node.then(present) : present(node);
  }

  private async lookUp(root: Uint8Array, key: Uint8Array): Promise<Uint8Array | undefined> {
    const path = nibblesOf(keccak256(key));
    let step: Step = { type: 'down', hash: root, at: 0 };
    while (step.type === 'down') {
      const node = this.node(step.hash);
      step = stepThrough(node instanceof Promise ? await node : node, path, step.at);
    }
    return step.type === 'value' ? step.value : undefined;
  }

  private async loadAccount(address: string): Promise<StoredAccount | null> {
    const rlp = this.root === EMPTY_TRIE_ROOT ? undefined : await this.lookUp(fromHex(this.root), bytesOfKey(address));
    const account = rlp === undefined ? null : decodeAccount(rlp);
    this.remember(this.accounts, address, account);
    return account;
  }

  private async loadSlot(address: string, slot: string): Promise<Uint8Array> {
    const account = await this.account(address);
    let value: Uint8Array = NOTHING;
    if (account !== null && toHex(account.storageRoot) !== EMPTY_TRIE_ROOT) {
      const rlp = await this.lookUp(account.storageRoot, bytesOfKey(slot));
      if (rlp !== undefined) value = bytesOf(decode(rlp, 'state slot'), 'state slot');
    }
    this.rememberSlot(address, slot, value);
    return value;
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

function damaged(detail: string): TreadleError {
  return new TreadleError('LEDGER_DAMAGED', { detail });
}
