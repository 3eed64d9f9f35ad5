import type { Address, NodeKey } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import type { ChannelChain, ChannelRecord } from '../ports/index.ts';
import type { ChannelView } from './channel-view.ts';
import type { Journal } from './journal.ts';
import type { PayerBook, SentChannel } from './payer-book.ts';

/** How much a payer locks. */
export interface FundingPolicy {
  /** Deposit of a new channel. */
  readonly depositWei: bigint;
  /** What a top-up adds at least. */
  readonly topUpWei: bigint;
  /** A top-up starts early when less than this is left. Default: half a top-up. */
  readonly lowWaterWei?: bigint;
  /** Most that may be locked in one channel (deposits less claims). */
  readonly lockedMaxWei: bigint;
  readonly challengeSeconds: number;
}

/** Opens channels and tops them up. Its callers take turns per payee. */
export interface Funding {
  /** The channel to this payee, open and with room for `amountWei` more. @throws TreadleError CHANNEL_DEPOSIT_LIMIT */
  ensure(payee: Address, amountWei: bigint): Promise<SentChannel>;
  /** Tops up early. */
  refill(payee: Address): Promise<void>;
}

export interface FundingDependencies {
  readonly environment: Environment;
  readonly key: NodeKey;
  readonly chain: ChannelChain;
  readonly journal: Journal;
  readonly book: PayerBook;
  readonly view: ChannelView;
}

/** A channel that closes under our hands is replaced; one that closes again and again is somebody's defect. */
const CHANNEL_TRIES_MAX = 3;

export function createFunding(
  policy: FundingPolicy,
  { environment, key, chain, journal, book, view }: FundingDependencies,
): Funding {
  const lowWaterWei = policy.lowWaterWei ?? policy.topUpWei / 2n;
  let lastNonce = 0n;

  /** Nonces follow the clock, so that a payer whose disk was lost does not come back to an old channel. */
  function nextNonce(): bigint {
    const now = BigInt(environment.clock.now());
    lastNonce = now > lastNonce ? now : lastNonce + 1n;
    return lastNonce;
  }

  /** The channel's record; opens it when the chain does not show it yet. */
  async function opened(channel: SentChannel, depositWei: bigint): Promise<ChannelRecord> {
    const known = await view.read(channel.key);
    if (known !== undefined) return known;
    await journal.durable();
    const { payee, nonce } = channel.key;
    try {
      const record = await chain.open({ payee, nonce, depositWei, challengeSeconds: policy.challengeSeconds });
      view.note(record);
      environment.log.info('channel_opened', { channelId: channel.channelId, payee, depositWei });
      return record;
    } catch (error) {
      // An opening from before a restart may have been final all along: then there is nothing to complain about.
      const record = await view.refresh(channel.key);
      if (record !== undefined) return record;
      throw error;
    }
  }

  function checkLocked(record: { readonly depositWei: bigint; readonly claimedWei: bigint }, addWei: bigint): void {
    const lockedWei = record.depositWei + addWei - record.claimedWei;
    if (lockedWei > policy.lockedMaxWei) {
      throw new TreadleError('CHANNEL_DEPOSIT_LIMIT', {
        detail: `The channel would lock ${lockedWei} wei, ${policy.lockedMaxWei} wei are allowed`,
        data: { lockedWei: `${lockedWei}`, lockedMaxWei: `${policy.lockedMaxWei}` },
      });
    }
  }

  async function topUp(channel: SentChannel, record: ChannelRecord, missingWei: bigint): Promise<void> {
    const amountWei = larger(missingWei, policy.topUpWei);
    checkLocked(record, amountWei);
    view.note(await chain.topUp({ channel: channel.key, amountWei }));
    environment.log.info('channel_topped_up', { channelId: channel.channelId, amountWei });
  }

  return {
    async ensure(payee, amountWei) {
      for (let attempt = 0; attempt < CHANNEL_TRIES_MAX; attempt++) {
        let channel = book.current(payee);
        const depositWei = larger(amountWei, policy.depositWei);
        if (channel === undefined) {
          checkLocked({ depositWei: 0n, claimedWei: 0n }, depositWei);
          book.intend(journal, { payer: key.address, payee, nonce: nextNonce() });
          channel = book.current(payee) as SentChannel;
        }
        const record = await opened(channel, depositWei);
        if (record.state === 'open') {
          const missingWei = channel.sentWei + amountWei - record.depositWei;
          if (missingWei > 0n) await topUp(channel, record, missingWei);
          return channel;
        }
        if (record.state === 'closed') book.close(journal, channel.channelId, record.claimedWei);
        else book.retire(journal, channel.channelId);
      }
      throw new TreadleError('VOUCHER_CHANNEL_CLOSING', { detail: `Channels to ${payee} close as soon as they are opened` });
    },
    async refill(payee) {
      const channel = book.current(payee);
      const record = channel && view.peek(channel.channelId);
      if (channel === undefined || record?.state !== 'open') return;
      const leftWei = record.depositWei - channel.sentWei;
      if (leftWei < lowWaterWei && record.depositWei + policy.topUpWei - record.claimedWei <= policy.lockedMaxWei)
        await topUp(channel, record, 0n);
    },
  };
}

function larger(left: bigint, right: bigint): bigint {
  if (left > right) return left;
  return right;
}
