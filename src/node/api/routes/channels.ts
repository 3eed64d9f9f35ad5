import { TreadleError } from '../../../errors.ts';
import type { ChainContext } from '../context.ts';
import { type ChannelRecord, channelState } from '../projection/channels.ts';
import type { Names } from '../projection/names.ts';
import type { ChannelDetail, ChannelRow, ChannelState, Page } from '../types.ts';
import { containsText, pageOf } from './page-of.ts';

interface ChannelListQuery {
  readonly offset: number;
  readonly limit: number;
  readonly search: string;
  readonly state: string;
}

/** Payment channels, newest first. */
export function listChannels(
  { projection, names, ledger }: ChainContext,
  { search, state, ...page }: ChannelListQuery,
): Page<ChannelRow> {
  const chainTimeMs = ledger.head.timestampMs;
  const keep = (channel: ChannelRecord): boolean =>
    (state === '' || channelState(channel, chainTimeMs) === state) &&
    (search === '' ||
      containsText(search, [
        channel.id,
        channel.payer,
        channel.payee,
        names.partyOf(channel.payer).name,
        names.partyOf(channel.payee).name,
      ]));
  return pageOf(projection.channels.newest(), { ...page, keep, row: (channel) => channelRow(channel, names, chainTimeMs) });
}

/** @throws {@link TreadleError} API_NOT_FOUND */
export function showChannel({ projection, names, ledger }: ChainContext, id: string): ChannelDetail {
  const channel = projection.channels.get(id.toLowerCase());
  if (channel === undefined) throw new TreadleError('API_NOT_FOUND', { detail: `No payment channel ${id} is remembered` });
  return {
    ...channelRow(channel, names, ledger.head.timestampMs),
    refundedWei: channel.refundedWei.toString(),
    openedBlock: channel.opened.blockNumber,
    history: channel.history,
  };
}

function channelRow(channel: ChannelRecord, names: Names, chainTimeMs: number): ChannelRow {
  const state = channelState(channel, chainTimeMs);
  const remaining = channel.closed ? 0n : channel.depositWei - channel.claimedWei;
  return {
    id: channel.id,
    state,
    payer: names.partyOf(channel.payer),
    payee: names.partyOf(channel.payee),
    depositWei: channel.depositWei.toString(),
    claimedWei: channel.claimedWei.toString(),
    remainingWei: remaining.toString(),
    openedMs: channel.opened.timestampMs,
    next: nextOf(channel, state, names),
    deadlineMs: state === 'closing' ? (channel.closingAtMs ?? null) : null,
    challengeSeconds: channel.challengeSeconds,
  };
}

function nextOf(channel: ChannelRecord, state: ChannelState, names: Names): ChannelRow['next'] {
  switch (state) {
    case 'open':
      return {
        who: null,
        what: 'Nobody has to act: the payee may claim or close at any time, the payer may top up or start to close',
      };
    case 'closing':
      return { who: names.partyOf(channel.payee), what: 'Claim with the best voucher before the challenge period ends' };
    case 'withdrawable':
      return { who: names.partyOf(channel.payer), what: 'Withdraw the rest; until then the payee may still claim' };
    case 'closed':
      return { who: null, what: 'Nothing is left to do' };
  }
}
