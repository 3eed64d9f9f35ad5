import type { ChainFeed } from '../../contracts/index.ts';
import {
  type ChannelKey,
  type ChannelRecord as ContractRecord,
  channelIdOf,
  type LedgerClient,
  PAYMENT_CHANNELS_ADDRESS,
  paymentChannelsArtifact,
  paymentChannelsClient,
  type RawLog,
} from '../../contracts/index.ts';
import { type Address, type Hex, toAddress, toEthereumSignature } from '../../crypto/index.ts';
import { invariant, TreadleError } from '../../errors.ts';
import { CHANNELS_MAX } from '../../limits.ts';
import type { ChannelChain, ChannelEvent, ChannelRecord, Voucher } from './channel-chain.ts';
import { eventTopics } from './event-topics.ts';

const TOPICS = eventTopics(paymentChannelsArtifact.abi, ['Opened', 'ToppedUp', 'Claimed', 'CloseStarted', 'Closed']);
const EVENT_TYPES: ReadonlyMap<Hex, ChannelEvent['type']> = new Map([
  [TOPICS.Opened, 'opened'],
  [TOPICS.ToppedUp, 'toppedUp'],
  [TOPICS.Claimed, 'claimed'],
  [TOPICS.CloseStarted, 'closing'],
  [TOPICS.Closed, 'closed'],
]);

export interface ChannelChainDependencies {
  /** Acts with this node's key. */
  readonly client: LedgerClient;
  /** Without it no events come: right for a device, whose payees tell it soon enough. */
  readonly feed?: ChainFeed;
}

/** The channels' port over the PaymentChannels contract, on behalf of the client's account. */
export function createChannelChain({ client, feed }: ChannelChainDependencies): ChannelChain {
  const contract = PAYMENT_CHANNELS_ADDRESS;
  const domain = { chainId: client.chainId, contract };
  const channels = paymentChannelsClient(client, contract);
  const idOf = idCache((channel) => channelIdOf({ ...domain, ...channel }));
  /** Keys of channels that this account is a party of: events name channels by id alone. */
  const keys = new Map<Hex, ChannelKey>();
  const listeners = new Set<(event: ChannelEvent) => void>();

  function remember(channelId: Hex, key: ChannelKey): void {
    if (key.payer !== client.account && key.payee !== client.account) return;
    keys.set(channelId, key);
    if (keys.size > CHANNELS_MAX) keys.delete(keys.keys().next().value as Hex);
  }

  async function readAt(channel: ChannelKey, block: number | 'latest'): Promise<ChannelRecord | undefined> {
    const channelId = idOf(channel);
    const record = toRecord(channelId, channel, await channels.channel(channelId, block));
    if (record !== undefined) remember(channelId, channel);
    return record;
  }

  /** The record in the very block of a transaction of ours. */
  async function after(channel: ChannelKey, { blockNumber }: { readonly blockNumber: number }): Promise<ChannelRecord> {
    const record = await readAt(channel, blockNumber);
    invariant(record !== undefined, 'a channel stays on the chain', { channelId: idOf(channel) });
    return record;
  }

  function onLog(log: RawLog): void {
    const type = EVENT_TYPES.get(log.topics[0] as Hex);
    const channelId = log.topics[1];
    if (type === undefined || channelId === undefined) return;
    if (type === 'opened') remember(channelId, openedKey(log));
    const key = keys.get(channelId);
    if (key === undefined || listeners.size === 0) return;
    readAt(key, 'latest').then(
      (channel) => {
        if (channel !== undefined) for (const listener of listeners) listener({ type, channel });
      },
      // The record is read again when it is needed; an event only brings it sooner.
      () => undefined,
    );
  }

  feed?.onBlock(({ logs }) => {
    for (const log of logs) if (log.address === contract) onLog(log);
  });

  return {
    domain,
    idOf,
    async open({ payee, nonce, depositWei, challengeSeconds }) {
      const { receipt } = await channels.open({ payee, nonce, depositWei, challengeSeconds });
      return after({ payer: accountOf(client), payee, nonce }, receipt);
    },
    topUp: async ({ channel, amountWei }) => after(channel, (await channels.topUp(idOf(channel), amountWei)).receipt),
    claim: async (voucher) => after(voucher.channel, (await channels.claim(voucher.channel, contractVoucher(voucher))).receipt),
    async cooperativeClose({ channel, voucher }) {
      const { receipt } = await channels.cooperativeClose(channel, voucher && contractVoucher(voucher));
      return after(channel, receipt);
    },
    startClose: async (channel) => after(channel, (await channels.startClose(channel)).receipt),
    withdraw: async (channel) => after(channel, (await channels.withdraw(channel)).receipt),
    read: (channel) => readAt(channel, 'latest'),
    onEvent(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function accountOf(client: LedgerClient): Address {
  if (client.account === undefined) throw new TreadleError('CONTRACT_NO_KEY');
  return client.account;
}

function contractVoucher({ cumulativeWei, signature }: Voucher) {
  return { cumulativeWei, signature: toEthereumSignature(signature) };
}

function openedKey({ topics, data }: RawLog): ChannelKey {
  return { payer: addressIn(topics[2]), payee: addressIn(topics[3]), nonce: BigInt(data.slice(0, 66)) };
}

function addressIn(word: Hex | undefined): Address {
  return toAddress(`0x${word?.slice(26) ?? ''}`);
}

function toRecord(channelId: Hex, key: ChannelKey, record: ContractRecord): ChannelRecord | undefined {
  const { status, depositWei, claimedWei, challengeSeconds, closingAt } = record;
  if (status === 'none') return undefined;
  const shared = { channelId, key, depositWei, claimedWei, challengeSeconds };
  if (status === 'open' || status === 'closed') return { ...shared, state: status };
  return { ...shared, state: 'closing', closesAtMicros: Number(closingAt) * 1_000_000 };
}

/** A node asks for the ids of the same few channels over and over; key objects live as long as their channel is known. */
function idCache(compute: (channel: ChannelKey) => Hex): (channel: ChannelKey) => Hex {
  const known = new WeakMap<ChannelKey, Hex>();
  return (channel) => {
    let id = known.get(channel);
    if (id === undefined) {
      id = compute(channel);
      known.set(channel, id);
    }
    return id;
  };
}
