import { type DataFeedClient, dataFeedClient, type FeedConfig } from '../../../contracts/index.ts';
import { type Address, fromHex } from '../../../crypto/index.ts';
import { API_FEED_ROUNDS_SHOWN, API_FEEDS_MAX } from '../../../limits.ts';
import { decimalText, utf8 } from '../../../oracle/index.ts';
import { type ChainContext, nowMs } from '../context.ts';
import type { OracleFeedView, Page } from '../types.ts';
import { orNull } from './oracle-term.ts';

/** Feeds among the contracts that asked lately: those that answer as one. */
export async function showFeeds(context: ChainContext): Promise<Page<OracleFeedView>> {
  const requesters = context.projection.requests.latestRequesters(API_FEEDS_MAX);
  const views = (await Promise.all(requesters.map((address) => feedView(context, address)))).filter((view) => view !== undefined);
  return { items: views, offset: 0, limit: API_FEEDS_MAX, total: views.length };
}

async function feedView(context: ChainContext, address: Address): Promise<OracleFeedView | undefined> {
  const { oracle, names } = context;
  const feed = dataFeedClient(oracle.client, address);
  const config = await configOf(feed);
  if (config === undefined) return undefined;
  const { spec, decimals, heartbeatSeconds } = config;
  const [roundCount, openRequest, balanceWei] = await Promise.all([
    feed.latestRound(),
    feed.openRequest(),
    oracle.client.balance(address),
  ]);
  const rounds = await latestRounds(feed, Number(roundCount), decimals);
  const latest = rounds.at(-1);
  return {
    ...names.partyOf(address),
    name: config.description,
    description: config.description,
    job: config.job,
    asked: utf8(fromHex(spec)) ?? spec,
    decimals,
    heartbeatSeconds,
    deviationPpm: config.deviationPpm,
    value: latest?.value ?? null,
    updatedMs: latest?.updatedMs ?? null,
    stale: latest === undefined || latest.updatedMs + heartbeatSeconds * 1000 <= nowMs(context),
    openRequest: openRequest === 0n ? null : openRequest.toString(),
    balanceWei: balanceWei.toString(),
    roundCount: Number(roundCount),
    rounds,
  };
}

/** Anything may have asked: what does not answer every question of a feed is none. */
async function configOf(feed: DataFeedClient): Promise<FeedConfig | undefined> {
  try {
    return await feed.config();
  } catch {
    return undefined;
  }
}

async function latestRounds(feed: DataFeedClient, count: number, decimals: number): Promise<OracleFeedView['rounds']> {
  const first = Math.max(1, count - API_FEED_ROUNDS_SHOWN + 1);
  const ids = Array.from({ length: count - first + 1 }, (_, at) => first + at);
  const rounds = await Promise.all(ids.map((id) => orNull(feed.round(BigInt(id)))));
  return rounds
    .filter((round) => round !== null)
    .map(({ roundId, answer, startedAt, updatedAt }) => ({
      id: Number(roundId),
      value: decimalText(answer, decimals),
      startedMs: Number(startedAt) * 1000,
      updatedMs: Number(updatedAt) * 1000,
    }));
}
