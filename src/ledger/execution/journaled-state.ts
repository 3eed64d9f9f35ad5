import type { AccountFields, StateManagerInterface } from '@ethereumjs/common';
import { OriginalStorageCache } from '@ethereumjs/statemanager';
import { Account, type Address } from '@ethereumjs/util';
import { fromHex, keccak256 } from '../../crypto/index.ts';
import { invariant } from '../../errors.ts';
import { EMPTY_CODE_HASH } from '../chain/header.ts';
import { keyOf, type StateSnapshot, type StoredAccount } from './state-snapshot.ts';

const NO_CODE = fromHex(EMPTY_CODE_HASH);
const NOTHING = new Uint8Array(0);

/** What a run of transactions changed against the snapshot below it. */
export interface StateChanges {
  readonly accounts: ReadonlyMap<string, StoredAccount | null>;
  readonly slots: ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;
  /** Addresses whose storage below is void. */
  readonly cleared: ReadonlySet<string>;
  /** New code by its hash, as a key. */
  readonly codes: ReadonlyMap<string, Uint8Array>;
}

/**
 * The state that the EVM works on: flat maps over a snapshot, with an undo log for checkpoints. The Merkle root is
 * not its business: it is computed once per block, from {@link JournaledState.changes}.
 */
export class JournaledState implements StateManagerInterface {
  readonly originalStorageCache: OriginalStorageCache;
  private base: StateSnapshot;
  private accounts = new Map<string, StoredAccount | null>();
  private slots = new Map<string, Map<string, Uint8Array>>();
  private cleared = new Set<string>();
  private codes = new Map<string, Uint8Array>();
  private undo: (() => void)[] = [];
  private marks: number[] = [];
  private failed: unknown;

  constructor(base: StateSnapshot) {
    this.base = base;
    this.originalStorageCache = new OriginalStorageCache((address, key) => this.getStorage(address, key));
  }

  /** Forgets every change and stands on `base`. */
  reset(base: StateSnapshot): void {
    this.base = base;
    this.accounts = new Map();
    this.slots = new Map();
    this.cleared = new Set();
    this.codes = new Map();
    this.undo = [];
    this.marks = [];
    this.failed = undefined;
    this.originalStorageCache.clear();
  }

  changes(): StateChanges {
    invariant(this.marks.length === 0, 'changes are read with no open checkpoint');
    return { accounts: this.accounts, slots: this.slots, cleared: this.cleared, codes: this.codes };
  }

  /** Whether something was written to an account or its storage since the snapshot, be it what was there before. */
  isWritten(owner: string): boolean {
    return this.accounts.has(owner) || this.cleared.has(owner) || (this.slots.get(owner)?.size ?? 0) > 0;
  }

  get snapshot(): StateSnapshot {
    return this.base;
  }

  /** Throws what reading the state below failed with: the EVM may have taken it for a failure of the transaction. */
  assertReadable(): void {
    if (this.failed !== undefined) throw this.failed;
  }

  get depth(): number {
    return this.marks.length;
  }

  async getAccount(address: Address): Promise<Account | undefined> {
    const account = await this.stored(keyOf(address.bytes));
    return account === null ? undefined : new Account(account.nonce, account.balance, account.storageRoot, account.codeHash);
  }

  putAccount(address: Address, account?: Account): Promise<void> {
    if (account === undefined) return this.deleteAccount(address);
    const { nonce, balance, storageRoot, codeHash } = account;
    this.write(this.accounts, keyOf(address.bytes), { nonce, balance, storageRoot, codeHash });
    return Promise.resolve();
  }

  deleteAccount(address: Address): Promise<void> {
    const key = keyOf(address.bytes);
    this.write(this.accounts, key, null);
    this.clear(key);
    return Promise.resolve();
  }

  async modifyAccountFields(address: Address, fields: AccountFields): Promise<void> {
    const account = (await this.getAccount(address)) ?? new Account();
    account.nonce = fields.nonce ?? account.nonce;
    account.balance = fields.balance ?? account.balance;
    account.storageRoot = fields.storageRoot ?? account.storageRoot;
    account.codeHash = fields.codeHash ?? account.codeHash;
    await this.putAccount(address, account);
  }

  async putCode(address: Address, value: Uint8Array): Promise<void> {
    const codeHash = keccak256(value);
    // Content-addressed: an entry left behind by a revert changes nothing and is dropped with the unreachable nodes.
    if (value.length > 0) this.codes.set(keyOf(codeHash), value);
    await this.modifyAccountFields(address, { codeHash });
  }

  async getCode(address: Address): Promise<Uint8Array> {
    const account = await this.stored(keyOf(address.bytes));
    if (account === null) return NOTHING;
    const key = keyOf(account.codeHash);
    if (key === NO_CODE_KEY) return NOTHING;
    return this.codes.get(key) ?? this.read(this.base.code(account.codeHash));
  }

  async getCodeSize(address: Address): Promise<number> {
    return (await this.getCode(address)).length;
  }

  getStorage(address: Address, key: Uint8Array): Promise<Uint8Array> {
    return Promise.resolve(this.readSlot(keyOf(address.bytes), keyOf(key)));
  }

  putStorage(address: Address, key: Uint8Array, value: Uint8Array): Promise<void> {
    this.writeSlot(keyOf(address.bytes), keyOf(key), withoutLeadingZeros(value));
    return Promise.resolve();
  }

  /** The value of a slot without leading zeros: a promise only when it has to be read from the disk. */
  readSlot(owner: string, slot: string): Uint8Array | Promise<Uint8Array> {
    const written = this.slots.get(owner)?.get(slot);
    if (written !== undefined) return written;
    if (this.cleared.has(owner)) return NOTHING;
    const below = this.base.slot(owner, slot);
    return below instanceof Promise ? this.read(below) : below;
  }

  /** Sets a slot to a value without leading zeros. */
  writeSlot(owner: string, slot: string, value: Uint8Array): void {
    const slots = this.slots.get(owner) ?? new Map<string, Uint8Array>();
    this.slots.set(owner, slots);
    this.write(slots, slot, value);
  }

  /** An account as it stands now: a promise only when it has to be read from the disk. */
  readAccount(address: string): StoredAccount | null | Promise<StoredAccount | null> {
    return this.stored(address);
  }

  writeAccount(address: string, account: StoredAccount): void {
    this.write(this.accounts, address, account);
  }

  clearStorage(address: Address): Promise<void> {
    this.clear(keyOf(address.bytes));
    return Promise.resolve();
  }

  checkpoint(): Promise<void> {
    this.marks.push(this.undo.length);
    return Promise.resolve();
  }

  commit(): Promise<void> {
    invariant(this.marks.pop() !== undefined, 'a checkpoint is open');
    if (this.marks.length === 0) this.undo = [];
    return Promise.resolve();
  }

  revert(): Promise<void> {
    const mark = this.marks.pop();
    invariant(mark !== undefined, 'a checkpoint is open');
    while (this.undo.length > mark) (this.undo.pop() as () => void)();
    return Promise.resolve();
  }

  clearCaches(): void {
    this.originalStorageCache.clear();
  }

  // The EVM asks for none of these: roots are computed outside, and an instance is reused instead of copied.

  getStateRoot(): Promise<Uint8Array> {
    return Promise.reject(new Error('the state root is computed once per block, outside the EVM'));
  }

  setStateRoot(): Promise<void> {
    return Promise.reject(new Error('a journaled state moves to another root by reset()'));
  }

  hasStateRoot(): Promise<boolean> {
    return Promise.reject(new Error('a journaled state knows its own root only'));
  }

  shallowCopy(): StateManagerInterface {
    return new JournaledState(this.base);
  }

  private stored(address: string): StoredAccount | null | Promise<StoredAccount | null> {
    const written = this.accounts.get(address);
    if (written !== undefined) return written;
    const below = this.base.account(address);
    return below instanceof Promise ? this.read(below) : below;
  }

  private async read<T>(loading: Promise<T>): Promise<T> {
    try {
      return await loading;
    } catch (error) {
      this.failed ??= error;
      throw error;
    }
  }

  private write<V>(map: Map<string, V>, key: string, value: V): void {
    if (this.marks.length > 0) {
      const had = map.has(key);
      const before = map.get(key) as V;
      this.undo.push(had ? () => map.set(key, before) : () => map.delete(key));
    }
    map.set(key, value);
  }

  private clear(owner: string): void {
    const before = this.slots.get(owner);
    const wasCleared = this.cleared.has(owner);
    if (before === undefined && wasCleared) return;
    if (this.marks.length > 0) {
      this.undo.push(() => {
        if (before === undefined) this.slots.delete(owner);
        else this.slots.set(owner, before);
        if (!wasCleared) this.cleared.delete(owner);
      });
    }
    this.slots.delete(owner);
    this.cleared.add(owner);
  }
}

const NO_CODE_KEY = keyOf(NO_CODE);

function withoutLeadingZeros(value: Uint8Array): Uint8Array {
  let at = 0;
  while (at < value.length && value[at] === 0) at++;
  return at === 0 ? value : value.subarray(at);
}
