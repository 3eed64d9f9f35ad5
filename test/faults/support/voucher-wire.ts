import { decode, encode } from '@ethereumjs/rlp';
import { channelIdOf, PAYMENT_CHANNELS_ADDRESS, voucherDigest } from '../../../src/contracts/index.ts';
import { type Address, fromHex, type Hex, type NodeKey, toAddress, toHex } from '../../../src/crypto/index.ts';

// The bytes of `voucher/1`, written down a second time: an attacker does not use our encoder.

export interface WireChannel {
  readonly payer: Address;
  readonly payee: Address;
  readonly nonce: bigint;
}

export interface WirePayment {
  readonly taskId: Hex;
  readonly node: Address;
  readonly amountWei: bigint;
}

export interface WireVoucher {
  readonly channel: WireChannel;
  readonly cumulativeWei: bigint;
  readonly signature: Uint8Array;
  readonly payments: readonly WirePayment[];
}

/** Where a voucher is to count: a liar may name another chain or contract under its signature. */
export interface SignedFor {
  readonly chainId: number;
  readonly contract?: Address;
}

/** Signs a voucher over whatever the caller likes. */
export function signedVoucher(
  key: NodeKey,
  { chainId, contract = PAYMENT_CHANNELS_ADDRESS }: SignedFor,
  voucher: Omit<WireVoucher, 'signature'>,
): WireVoucher {
  const channelId = channelIdOf({ chainId, contract, ...voucher.channel });
  return {
    ...voucher,
    signature: key.sign(voucherDigest({ chainId, contract, channelId, cumulativeWei: voucher.cumulativeWei })),
  };
}

export function encodeVoucher({ channel, cumulativeWei, signature, payments }: WireVoucher): Uint8Array {
  const { payer, payee, nonce } = channel;
  const items = payments.map(({ taskId, node, amountWei }) => [fromHex(taskId), fromHex(node), amountWei]);
  return encode([fromHex(payer), fromHex(payee), nonce, cumulativeWei, signature, items]);
}

export function decodeVoucher(body: Uint8Array): WireVoucher {
  const [payer, payee, nonce, cumulative, signature, payments] = decode(body) as unknown as [...Uint8Array[], Uint8Array[][]];
  const bytes = (value: unknown): Uint8Array => value as Uint8Array;
  return {
    channel: { payer: addressOf(bytes(payer)), payee: addressOf(bytes(payee)), nonce: numberOf(bytes(nonce)) },
    cumulativeWei: numberOf(bytes(cumulative)),
    signature: bytes(signature),
    payments: (payments as unknown as Uint8Array[][]).map(([taskId, node, amount]) => ({
      taskId: toHex(bytes(taskId)),
      node: addressOf(bytes(node)),
      amountWei: numberOf(bytes(amount)),
    })),
  };
}

function addressOf(bytes: Uint8Array): Address {
  return toAddress(toHex(bytes));
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(toHex(bytes));
}
