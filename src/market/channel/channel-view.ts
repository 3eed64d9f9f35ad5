import type { ChannelKey } from '../../contracts/index.ts';
import type { Hex } from '../../crypto/index.ts';
import { CHANNELS_MAX } from '../../limits.ts';
import type { ChannelChain, ChannelEvent, ChannelRecord } from '../ports/index.ts';

/** The newest records of channels that a node works with, so that a voucher costs no chain read. */
export interface ChannelView {
  /** The record, from memory when there is one. */
  read(channel: ChannelKey): Promise<ChannelRecord | undefined>;
  /** The record, from the chain. */
  refresh(channel: ChannelKey): Promise<ChannelRecord | undefined>;
  /** The record in memory. */
  peek(channelId: Hex): ChannelRecord | undefined;
  /** Takes a record that a transaction returned. */
  note(record: ChannelRecord): void;
  close(): void;
}

export function createChannelView(chain: ChannelChain, onEvent: (event: ChannelEvent) => void): ChannelView {
  const records = new Map<Hex, ChannelRecord>();
  const note = (record: ChannelRecord) => {
    // A read that was under way during a later event must not bring the older state back: all fields only ever grow.
    const known = records.get(record.channelId);
    if (known !== undefined && olderThan(record, known)) return;
    records.delete(record.channelId);
    records.set(record.channelId, record);
    if (records.size > CHANNELS_MAX) records.delete(records.keys().next().value as Hex);
  };
  const refresh = async (channel: ChannelKey) => {
    const record = await chain.read(channel);
    if (record !== undefined) note(record);
    return records.get(chain.idOf(channel)) ?? record;
  };
  const unsubscribe = chain.onEvent((event) => {
    note(event.channel);
    onEvent(event);
  });
  return {
    read: async (channel) => records.get(chain.idOf(channel)) ?? refresh(channel),
    refresh,
    peek: (channelId) => records.get(channelId),
    note,
    close: unsubscribe,
  };
}

const ORDER = { open: 0, closing: 1, closed: 2 } as const;

function olderThan(record: ChannelRecord, known: ChannelRecord): boolean {
  return record.depositWei < known.depositWei || record.claimedWei < known.claimedWei || ORDER[record.state] < ORDER[known.state];
}
