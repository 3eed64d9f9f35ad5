import { encodeEventTopics } from 'viem';
import {
  type ChannelKey,
  type ChannelRecord,
  decodeEvent,
  PAYMENT_CHANNELS_ADDRESS,
  type PlacedLog,
  paymentChannelsArtifact,
} from '../contracts/index.ts';
import type { Address, Hex } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import './errors.ts';
import type { Operator } from './operator.ts';
import { headNumber, readEach, readLogs } from './read-ledger.ts';

/** A payment channel: who it is between, and how it stands. */
export interface KnownChannel extends ChannelKey, ChannelRecord {
  readonly channelId: Hex;
}

/** Something that happened to a channel. */
export interface ChannelStep {
  readonly blockNumber: number;
  readonly transactionHash: Hex;
  readonly event: string;
  readonly args: Readonly<Record<string, unknown>>;
}

type Reader = Pick<Operator, 'rpc' | 'client' | 'channels'>;
type Topics = readonly (Hex | readonly Hex[] | null)[];

/**
 * Every channel of the contract, oldest first.
 * @param options - `party`: only channels of this payer or payee; `live`: only channels that are not closed
 */
export async function listChannels(
  reader: Reader,
  { party, live = false }: { readonly party?: Address | undefined; readonly live?: boolean },
): Promise<readonly KnownChannel[]> {
  const opened = new Map<Hex, ChannelKey>();
  for (const topics of openingsOf(party)) {
    for await (const log of logsOf(reader, topics)) addOpening(opened, log);
  }
  if (live) {
    for await (const log of logsOf(reader, topicsOf('Closed'))) opened.delete(log.topics[1] as Hex);
  }
  return readEach([...opened], async ([channelId, key]) => ({
    channelId,
    ...key,
    ...(await reader.channels.channel(channelId)),
  }));
}

/**
 * One channel and all that happened to it: the ledger knows a channel by its id, and the event of its opening says whose it is.
 * @throws TreadleError CLI_UNKNOWN_CHANNEL
 */
export async function readChannel(
  reader: Reader,
  channelId: Hex,
): Promise<{ readonly channel: KnownChannel; readonly steps: readonly ChannelStep[] }> {
  const record = await reader.channels.channel(channelId);
  const steps: ChannelStep[] = [];
  const opened = new Map<Hex, ChannelKey>();
  if (record.status !== 'none') {
    for await (const log of logsOf(reader, [null, channelId])) {
      addOpening(opened, log);
      const event = decodeEvent(log);
      const { blockNumber, transactionHash } = log;
      if (event !== undefined) steps.push({ blockNumber, transactionHash, event: event.name, args: event.args });
    }
  }
  const key = opened.get(channelId);
  if (key === undefined)
    throw new TreadleError('CLI_UNKNOWN_CHANNEL', { detail: `there is no channel ${channelId}`, data: { channelId } });
  return { channel: { channelId, ...key, ...record }, steps };
}

/** A party may be on either side: two filters, since positions of one filter must all match. */
function openingsOf(party: Address | undefined): readonly Topics[] {
  if (party === undefined) return [topicsOf('Opened')];
  return [topicsOf('Opened', { payer: party }), topicsOf('Opened', { payee: party })];
}

function topicsOf(eventName: 'Opened' | 'Closed', args: { readonly payer?: Address; readonly payee?: Address } = {}): Topics {
  return encodeEventTopics({ abi: paymentChannelsArtifact.abi, eventName, args }) as Topics;
}

async function* logsOf({ rpc, client }: Reader, topics: Topics): AsyncGenerator<PlacedLog> {
  yield* readLogs(client, { address: PAYMENT_CHANNELS_ADDRESS, topics, fromBlock: 0, toBlock: await headNumber(rpc) });
}

function addOpening(opened: Map<Hex, ChannelKey>, log: PlacedLog): void {
  const event = decodeEvent(log);
  if (event?.name !== 'Opened') return;
  const { channelId, payer, payee, nonce } = event.args as unknown as ChannelKey & { readonly channelId: Hex };
  opened.set(channelId, { payer, payee, nonce });
}
