import { type SignedTransaction, signPayloadTransaction, signTransaction } from '../../contracts/index.ts';
import { type Address, fromHex, type Hex, keccak256, toHex } from '../../crypto/index.ts';
import { payloadGas, RECORDS_ADDRESS } from '../../ledger/index.ts';
import { FAULT_ACCOUNTS } from '../../limits.ts';
import { accountKey } from './layout.ts';

/** What a client asks for with one transaction. */
export type Wish =
  | { readonly kind: 'transfer' }
  | { readonly kind: 'record' }
  | { readonly kind: 'payload'; readonly bytes: number };

const TRANSFER_GAS = 21_000n;
const RECORD_GAS = 200_000n;
const ANCHOR_SELECTOR = toHex(keccak256(new TextEncoder().encode('anchor(bytes32)'))).slice(0, 10);

/** The account that a transaction goes to; undefined for the records. */
export function receiverOf(account: number, nonce: number, wish: Wish): number | undefined {
  return wish.kind === 'record' ? undefined : (account * 7 + nonce * 13 + 1) % FAULT_ACCOUNTS;
}

/** What it moves, in wei. */
export function movedWei(account: number, nonce: number, wish: Wish): bigint {
  return wish.kind === 'record' ? 0n : BigInt(1 + ((account * 31 + nonce * 17) % 1000));
}

/**
 * The transaction with which an account asks for something with a nonce; the same in every run, so that a process signs a
 * transfer or a record and recovers its sender once.
 */
export function clientTransaction(chainId: number, account: number, nonce: number, wish: Wish): SignedTransaction {
  const receiver = receiverOf(account, nonce, wish);
  const to: Address = receiver === undefined ? RECORDS_ADDRESS : accountKey(receiver).address;
  const fields = { chainId, nonce: BigInt(nonce), to, value: movedWei(account, nonce, wish) };
  const key = accountKey(account);
  if (wish.kind === 'payload') {
    const payload = { body: bodyOf(account, nonce, wish.bytes), mediaType: 'application/octet-stream' };
    return signPayloadTransaction({ ...fields, gas: TRANSFER_GAS * 3n + payloadGas(wish.bytes), data: '0x' }, payload, key);
  }
  const known = memory[wish.kind][account]?.[nonce];
  if (known !== undefined) return known;
  const signed =
    wish.kind === 'transfer'
      ? signTransaction({ ...fields, gas: TRANSFER_GAS, data: '0x' }, key)
      : signTransaction({ ...fields, gas: RECORD_GAS, data: anchorOf(account, nonce) }, key);
  const ofAccount = memory[wish.kind][account] ?? [];
  ofAccount[nonce] = signed;
  memory[wish.kind][account] = ofAccount;
  return signed;
}

const memory: Readonly<Record<'transfer' | 'record', SignedTransaction[][]>> = { transfer: [], record: [] };

function anchorOf(account: number, nonce: number): Hex {
  return `${ANCHOR_SELECTOR as Hex}${toHex(keccak256(Uint8Array.of(account, nonce >> 8, nonce & 255))).slice(2)}`;
}

/** A body that no other transaction has. */
function bodyOf(account: number, nonce: number, bytes: number): Uint8Array {
  const body = new Uint8Array(bytes).fill(account + 1);
  body.set(keccak256(Uint8Array.of(account, nonce >> 8, nonce & 255, 1)).subarray(0, Math.min(32, bytes)));
  return body;
}

/** An item of the batch path: the encoded transaction, with its body when it has one. */
export function batchItem({ raw, body }: SignedTransaction): Uint8Array | readonly Uint8Array[] {
  return body === undefined ? fromHex(raw) : [fromHex(raw), body];
}
