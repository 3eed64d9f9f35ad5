import type { ChannelKey, SigningDomain } from '../../contracts/index.ts';
import type { Hex } from '../../crypto/index.ts';
import type { Micros } from '../../environment/index.ts';

/** A promise of the payer: the payee may take `cumulativeWei` in all from this channel. */
export interface Voucher {
  readonly channel: ChannelKey;
  readonly cumulativeWei: bigint;
  readonly signature: Uint8Array;
}

/** A payment channel as the chain shows it. */
export interface ChannelRecord {
  readonly channelId: Hex;
  readonly key: ChannelKey;
  /** All deposits so far. */
  readonly depositWei: bigint;
  /** Paid out to the payee so far. */
  readonly claimedWei: bigint;
  readonly challengeSeconds: number;
  /** `closing`: the payer may withdraw the rest from `closesAtMicros` on, and the payee may claim until it does. */
  readonly state: 'open' | 'closing' | 'closed';
  readonly closesAtMicros?: Micros;
}

/** What happened to a channel in a final block; `channel` is its record after that block. */
export interface ChannelEvent {
  readonly type: 'opened' | 'toppedUp' | 'claimed' | 'closing' | 'closed';
  readonly channel: ChannelRecord;
}

/** Sums over all channels of the contract, for the conservation check. */
export interface ChannelTotals {
  /** From events: openings and top-ups. */
  readonly depositedWei: bigint;
  /** From events: the last word on each channel's claims. */
  readonly paidWei: bigint;
  /** From events: closings. */
  readonly refundedWei: bigint;
  /** What the contract holds now. */
  readonly balanceWei: bigint;
}

/**
 * The payment channels as the market needs them, on behalf of one key. A promise of a change resolves when the change
 * is in a final block, and rejects with the contract's reason when it was refused.
 */
export interface ChannelChain {
  readonly domain: SigningDomain;
  /** The id that the contract gives to a channel; pure. */
  idOf(channel: ChannelKey): Hex;
  open(request: {
    readonly payee: ChannelKey['payee'];
    readonly nonce: bigint;
    readonly depositWei: bigint;
    readonly challengeSeconds: number;
  }): Promise<ChannelRecord>;
  topUp(request: { readonly channel: ChannelKey; readonly amountWei: bigint }): Promise<ChannelRecord>;
  /** Takes for the payee what the voucher adds to the claims so far. */
  claim(voucher: Voucher): Promise<ChannelRecord>;
  /** By the payee: claims the voucher, if any, and gives the rest back at once. */
  cooperativeClose(request: { readonly channel: ChannelKey; readonly voucher?: Voucher }): Promise<ChannelRecord>;
  /** By the payer: starts the challenge period. */
  startClose(channel: ChannelKey): Promise<ChannelRecord>;
  /** By the payer, after the challenge period. */
  withdraw(channel: ChannelKey): Promise<ChannelRecord>;
  /** Undefined when this node's view of the chain shows no such channel (yet). */
  read(channel: ChannelKey): Promise<ChannelRecord | undefined>;
  /** Events of the channels that this node is a party of, in order of the chain; returns the unsubscriber. */
  onEvent(listener: (event: ChannelEvent) => void): () => void;
}
