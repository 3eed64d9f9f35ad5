import { type Address, type Hex, toAddress } from '../../../crypto/index.ts';
import { API_CHANNELS_KEPT_MAX } from '../../../limits.ts';
import type { ChannelCounts, ChannelState, ChannelStep } from '../types.ts';
import { addStep } from './bounded-history.ts';
import type { ChainEvent, EventPlace } from './chain-event.ts';
import { createRecentList } from './recent-list.ts';

/** A payment channel as its contract's events describe it. */
export interface ChannelRecord {
  readonly id: Hex;
  readonly payer: Address;
  readonly payee: Address;
  readonly challengeSeconds: number;
  depositWei: bigint;
  claimedWei: bigint;
  refundedWei: bigint;
  /** When the payer may withdraw; undefined unless it started to close. */
  closingAtMs: number | undefined;
  closed: boolean;
  readonly opened: EventPlace;
  readonly history: ChannelStep[];
}

export interface Channels {
  /** Applies an event; returns the id of the channel that it changed. */
  apply(event: ChainEvent, place: EventPlace): Hex | undefined;
  get(id: string): ChannelRecord | undefined;
  newest(): Iterable<ChannelRecord>;
  readonly size: number;
  counts(): ChannelCounts;
}

/** The state of a channel at a time of the chain: the contract measures its challenge period by the block's timestamp. */
export function channelState(channel: ChannelRecord, chainTimeMs: number): ChannelState {
  if (channel.closed) return 'closed';
  if (channel.closingAtMs === undefined) return 'open';
  return chainTimeMs < channel.closingAtMs ? 'closing' : 'withdrawable';
}

type ChannelEvent = Extract<ChainEvent, { source: 'channels' }>;

export function createChannels(): Channels {
  const channels = createRecentList<ChannelRecord>({ limit: API_CHANNELS_KEPT_MAX, droppable: (channel) => channel.closed });
  const counts = { open: 0, closing: 0, closed: 0 };
  let depositedWei = 0n;
  let claimedWei = 0n;

  const open = (args: Extract<ChannelEvent, { eventName: 'Opened' }>['args'], place: EventPlace): void => {
    const parties = {
      payer: toAddress(args.payer),
      payee: toAddress(args.payee),
      challengeSeconds: Number(args.challengeSeconds),
    };
    const amounts = { depositWei: args.depositWei, claimedWei: 0n, refundedWei: 0n };
    channels.add(args.channelId, {
      id: args.channelId,
      ...parties,
      ...amounts,
      closingAtMs: undefined,
      closed: false,
      opened: place,
      history: [stepOf('opened', args.depositWei, place)],
    });
    counts.open += 1;
    depositedWei += args.depositWei;
  };
  const change = (channel: ChannelRecord, event: ChannelEvent, place: EventPlace): void => {
    switch (event.eventName) {
      case 'ToppedUp':
        channel.depositWei = event.args.depositWei;
        depositedWei += event.args.addedWei;
        return addStep(channel.history, stepOf('topped up', event.args.addedWei, place));
      case 'Claimed':
        channel.claimedWei = event.args.claimedWei;
        claimedWei += event.args.paidWei;
        return addStep(channel.history, stepOf('claimed', event.args.paidWei, place));
      case 'CloseStarted':
        channel.closingAtMs = Number(event.args.closingAt) * 1000;
        counts.open -= 1;
        counts.closing += 1;
        return addStep(channel.history, stepOf('closing', undefined, place));
      case 'Closed':
        counts[channel.closingAtMs === undefined ? 'open' : 'closing'] -= 1;
        counts.closed += 1;
        claimedWei += event.args.claimedWei - channel.claimedWei;
        depositedWei -= channel.depositWei;
        Object.assign(channel, { closed: true, claimedWei: event.args.claimedWei, refundedWei: event.args.refundedWei });
        return addStep(channel.history, stepOf('closed', event.args.refundedWei, place));
    }
  };

  return {
    apply(event, place) {
      if (event.source !== 'channels') return undefined;
      if (event.eventName === 'Opened') {
        open(event.args, place);
        return event.args.channelId;
      }
      if (!('channelId' in event.args)) return undefined;
      const channel = channels.get(event.args.channelId);
      if (channel !== undefined) change(channel, event, place);
      return channel?.id;
    },
    get: (id) => channels.get(id),
    newest: () => channels.newest(),
    get size() {
      return channels.size;
    },
    counts: () => ({ ...counts, depositedWei: depositedWei.toString(), claimedWei: claimedWei.toString() }),
  };
}

function stepOf(what: ChannelStep['what'], amountWei: bigint | undefined, place: EventPlace): ChannelStep {
  const { blockNumber, timestampMs, transactionHash } = place;
  return { what, amountWei: amountWei === undefined ? null : amountWei.toString(), blockNumber, timestampMs, transactionHash };
}
