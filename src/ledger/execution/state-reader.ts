import { type Address, fromHex, type Hex, toHex } from '../../crypto/index.ts';
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT } from '../chain/header.ts';
import type { AccountProof, AccountRecord } from '../ledger.ts';
import { keyOf, type StateSnapshot, type StoredAccount } from './state-snapshot.ts';

const NO_ACCOUNT: AccountRecord = { balance: 0n, nonce: 0n, codeHash: EMPTY_CODE_HASH, storageRoot: EMPTY_TRIE_ROOT };
const DELEGATION_PREFIX = '0xef0100';

function recordOf(account: StoredAccount): AccountRecord {
  const { balance, nonce, codeHash, storageRoot } = account;
  return { balance, nonce, codeHash: toHex(codeHash), storageRoot: toHex(storageRoot) };
}

export async function readAccount(state: StateSnapshot, address: Address): Promise<AccountRecord | undefined> {
  const account = await state.account(keyOf(fromHex(address)));
  return account === null ? undefined : recordOf(account);
}

export async function readCode(state: StateSnapshot, address: Address): Promise<Uint8Array> {
  const account = await state.account(keyOf(fromHex(address)));
  return account === null || toHex(account.codeHash) === EMPTY_CODE_HASH ? new Uint8Array(0) : state.code(account.codeHash);
}

/** The 32 bytes of a slot. */
export async function readStorage(state: StateSnapshot, address: Address, slot: Uint8Array): Promise<Uint8Array> {
  return padded(await state.slot(keyOf(fromHex(address)), keyOf(padded(slot))));
}

/** What the pool asks about a sender. An address with code may send only when the code is a delegation (EIP-7702). */
export async function readSender(state: StateSnapshot, address: Address) {
  const account = await state.account(keyOf(fromHex(address)));
  if (account === null) return { nonce: 0n, balance: 0n, canSend: true };
  const { nonce, balance, codeHash } = account;
  if (toHex(codeHash) === EMPTY_CODE_HASH) return { nonce, balance, canSend: true };
  return { nonce, balance, canSend: toHex((await state.code(codeHash)).subarray(0, 3)) === DELEGATION_PREFIX };
}

/** The account and the asked slots with their proofs (EIP-1186); an absent account is proved absent. */
export async function readProof(state: StateSnapshot, address: Address, slots: readonly Uint8Array[]): Promise<AccountProof> {
  const account = (await readAccount(state, address)) ?? NO_ACCOUNT;
  const storageRoot = fromHex(account.storageRoot);
  const storageProof = [];
  for (const slot of slots) {
    const value = await readStorage(state, address, slot);
    const isEmpty = (account.storageRoot as Hex) === EMPTY_TRIE_ROOT;
    storageProof.push({ slot, value, proof: isEmpty ? [] : await state.storageProof(storageRoot, padded(slot)) });
  }
  return { account, accountProof: await state.accountProof(fromHex(address)), storageProof };
}

function padded(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 32) return bytes;
  const word = new Uint8Array(32);
  word.set(bytes.subarray(-32), 32 - Math.min(32, bytes.length));
  return word;
}
