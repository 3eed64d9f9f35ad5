import type { AccountFields, StateManagerInterface } from '@ethereumjs/common';
import { OriginalStorageCache } from '@ethereumjs/statemanager';
import { Account, type Address } from '@ethereumjs/util';
import { keccak256 } from '../../src/crypto/index.ts';

const EMPTY = new Uint8Array(0);

interface AccountParts {
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly codeHash: Uint8Array;
}

/** Ethereum state in plain maps with an undo log: no roots, but ten thousand nodes are registered in seconds. */
export class FlatState implements StateManagerInterface {
  readonly originalStorageCache = new OriginalStorageCache((address, key) => this.getStorage(address, key));
  readonly #accounts = new Map<string, AccountParts>();
  readonly #codes = new Map<string, Uint8Array>();
  readonly #storage = new Map<string, Map<string, Uint8Array>>();
  readonly #undo: (() => void)[] = [];
  readonly #checkpoints: number[] = [];

  async getAccount(address: Address): Promise<Account | undefined> {
    const parts = this.#accounts.get(address.toString());
    return parts && new Account(parts.nonce, parts.balance, undefined, parts.codeHash);
  }

  async putAccount(address: Address, account?: Account): Promise<void> {
    const parts = account && { nonce: account.nonce, balance: account.balance, codeHash: account.codeHash };
    this.#set(this.#accounts, address.toString(), parts);
  }

  async deleteAccount(address: Address): Promise<void> {
    this.#set(this.#accounts, address.toString(), undefined);
  }

  async modifyAccountFields(address: Address, fields: AccountFields): Promise<void> {
    const account = (await this.getAccount(address)) ?? new Account();
    account.nonce = fields.nonce ?? account.nonce;
    account.balance = fields.balance ?? account.balance;
    account.codeHash = fields.codeHash ?? account.codeHash;
    await this.putAccount(address, account);
  }

  async putCode(address: Address, code: Uint8Array): Promise<void> {
    this.#set(this.#codes, address.toString(), code);
    await this.modifyAccountFields(address, { codeHash: keccak256(code) });
  }

  async getCode(address: Address): Promise<Uint8Array> {
    return this.#codes.get(address.toString()) ?? EMPTY;
  }

  async getCodeSize(address: Address): Promise<number> {
    return (await this.getCode(address)).length;
  }

  async getStorage(address: Address, key: Uint8Array): Promise<Uint8Array> {
    return this.#slots(address).get(slotName(key)) ?? EMPTY;
  }

  async putStorage(address: Address, key: Uint8Array, value: Uint8Array): Promise<void> {
    this.#set(this.#slots(address), slotName(key), value.length === 0 ? undefined : value);
  }

  async clearStorage(address: Address): Promise<void> {
    const slots = this.#slots(address);
    for (const name of [...slots.keys()]) this.#set(slots, name, undefined);
  }

  async checkpoint(): Promise<void> {
    this.#checkpoints.push(this.#undo.length);
  }

  async commit(): Promise<void> {
    this.#checkpoints.pop();
    if (this.#checkpoints.length === 0) this.#undo.length = 0;
  }

  async revert(): Promise<void> {
    const mark = this.#checkpoints.pop() ?? 0;
    while (this.#undo.length > mark) this.#undo.pop()?.();
  }

  async getStateRoot(): Promise<Uint8Array> {
    return new Uint8Array(32);
  }

  async setStateRoot(): Promise<void> {
    throw new Error('a flat state has no roots');
  }

  async hasStateRoot(): Promise<boolean> {
    return false;
  }

  clearCaches(): void {}

  shallowCopy(): StateManagerInterface {
    throw new Error('a flat state is not copied');
  }

  #slots(address: Address): Map<string, Uint8Array> {
    const name = address.toString();
    let slots = this.#storage.get(name);
    if (slots === undefined) {
      slots = new Map();
      this.#storage.set(name, slots);
    }
    return slots;
  }

  #set<T>(map: Map<string, T>, name: string, value: T | undefined): void {
    const before = map.get(name);
    if (this.#checkpoints.length > 0) {
      this.#undo.push(() => {
        if (before === undefined) map.delete(name);
        else map.set(name, before);
      });
    }
    if (value === undefined) map.delete(name);
    else map.set(name, value);
  }
}

function slotName(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}
