import type { Address, Hex } from '../crypto/index.ts';
import { PAYMENT_CHANNELS_ADDRESS } from './addresses.ts';
import { contractPort, type Executed, eventNamed, nameOf } from './contract-port.ts';
import { paymentChannelsArtifact } from './generated/payment-channels.ts';
import type { BlockTag, LedgerClient } from './ledger-client.ts';
import type { TransactionReceipt } from './rpc-shapes.ts';

/** In the contract's order. `closing`: the payee may still claim; `withdrawable`: the payer may take the rest back. */
export const channelStatuses = ['none', 'open', 'closing', 'withdrawable', 'closed'] as const;
export type ChannelStatus = (typeof channelStatuses)[number];
export const channelActors = ['nobody', 'payer', 'payee'] as const;
export type ChannelActor = (typeof channelActors)[number];

/** Names a channel. A payer never uses a nonce twice for the same payee. */
export interface ChannelKey {
  readonly payer: Address;
  readonly payee: Address;
  readonly nonce: bigint;
}

export interface ChannelRecord {
  readonly status: ChannelStatus;
  readonly depositWei: bigint;
  readonly claimedWei: bigint;
  /** Seconds since the Unix epoch; 0 unless the payer has started the close. */
  readonly closingAt: bigint;
  readonly challengeSeconds: number;
  /** Who has to act next, lest it lose or leave money behind. */
  readonly actsNext: ChannelActor;
  /** When that turn ends, seconds since the Unix epoch; 0 when it has no end. */
  readonly deadline: bigint;
}

export interface Voucher {
  /** All that the payer owes on the channel so far. */
  readonly cumulativeWei: bigint;
  /** 65 bytes with v of 27 or 28, as `toEthereumSignature` gives it. */
  readonly signature: Hex;
}

/**
 * The PaymentChannels contract in the words of the domain. Every method rejects as the ledger client's `call` or `transact`
 * does.
 */
export interface PaymentChannelsClient {
  /** Opens a channel from this client's account. */
  open(wanted: {
    readonly payee: Address;
    readonly nonce: bigint;
    readonly challengeSeconds: number;
    readonly depositWei: bigint;
  }): Promise<{ readonly channelId: Hex; readonly receipt: TransactionReceipt }>;
  topUp(channelId: Hex, addedWei: bigint): Promise<{ readonly depositWei: bigint; readonly receipt: TransactionReceipt }>;
  claim(channel: ChannelKey, voucher: Voucher): Promise<{ readonly paidWei: bigint; readonly receipt: TransactionReceipt }>;
  /** This client's account is the payee; without a voucher everything not yet claimed goes back. */
  cooperativeClose(channel: Omit<ChannelKey, 'payee'>, voucher?: Voucher): Promise<ChannelClosed>;
  /** This client's account is the payer. */
  startClose(channel: Omit<ChannelKey, 'payer'>): Promise<{ readonly closingAt: bigint; readonly receipt: TransactionReceipt }>;
  /** This client's account is the payer. */
  withdraw(channel: Omit<ChannelKey, 'payer'>): Promise<ChannelClosed>;
  /** A channel that never was has the status `none`. */
  channel(channelId: Hex, block?: BlockTag): Promise<ChannelRecord>;
}

export interface ChannelClosed {
  /** What the payee has had in all. */
  readonly claimedWei: bigint;
  /** What went back to the payer. */
  readonly refundedWei: bigint;
  readonly receipt: TransactionReceipt;
}

/** A client of the PaymentChannels contract. */
export function paymentChannelsClient(ledger: LedgerClient, address: Address = PAYMENT_CHANNELS_ADDRESS): PaymentChannelsClient {
  const port = contractPort(ledger, address, paymentChannelsArtifact.abi);
  return {
    async open({ payee, nonce, challengeSeconds, depositWei }) {
      const done = await port.write('open', [payee, nonce, challengeSeconds], { value: depositWei });
      return { channelId: eventNamed(done, 'Opened').args['channelId'] as Hex, receipt: done.receipt };
    },
    async topUp(channelId, addedWei) {
      const done = await port.write('topUp', [channelId], { value: addedWei });
      return { depositWei: eventNamed(done, 'ToppedUp').args['depositWei'] as bigint, receipt: done.receipt };
    },
    async claim({ payer, payee, nonce }, { cumulativeWei, signature }) {
      const done = await port.write('claim', [payer, payee, nonce, cumulativeWei, signature]);
      return { paidWei: eventNamed(done, 'Claimed').args['paidWei'] as bigint, receipt: done.receipt };
    },
    async cooperativeClose({ payer, nonce }, voucher = { cumulativeWei: 0n, signature: '0x' }) {
      return closed(await port.write('cooperativeClose', [payer, nonce, voucher.cumulativeWei, voucher.signature]));
    },
    async startClose({ payee, nonce }) {
      const done = await port.write('startClose', [payee, nonce]);
      return { closingAt: eventNamed(done, 'CloseStarted').args['closingAt'] as bigint, receipt: done.receipt };
    },
    withdraw: async ({ payee, nonce }) => closed(await port.write('withdraw', [payee, nonce])),
    async channel(channelId, block) {
      const view = await port.read('channelOf', [channelId], block);
      return { ...view, status: nameOf(channelStatuses, view.status), actsNext: nameOf(channelActors, view.actsNext) };
    },
  };
}

function closed(done: Executed): ChannelClosed {
  const { args } = eventNamed(done, 'Closed');
  return { claimedWei: args['claimedWei'] as bigint, refundedWei: args['refundedWei'] as bigint, receipt: done.receipt };
}
