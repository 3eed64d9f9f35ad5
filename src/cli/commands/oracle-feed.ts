import { type DataFeedClient, dataFeedClient, dataFeedCode, type FeedRound } from '../../contracts/index.ts';
import { type Address, fromHex, toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { CLI_ANSWER_GRACE_MS, CLI_ANSWER_POLL_MS, CLI_REQUESTS_SHOWN_MAX } from '../../limits.ts';
import { decimalText, utf8 } from '../../oracle/index.ts';
import { createContract } from '../create-contract.ts';
import { account } from '../identifiers.ts';
import { decimal, wholeNumber } from '../numbers.ts';
import { actingOnOracle } from '../oracle-refusals.ts';
import { checkedDataSpec, openOracle, specOf } from '../oracle-requests.ts';
import { createOutput } from '../output.ts';
import { amountWei, durationMs } from '../quantities.ts';
import { readEach } from '../read-ledger.ts';
import { showDuration, showInstant, showWei, showWhen } from '../text.ts';

interface Reading {
  readonly rpc: string;
  readonly json?: boolean;
}

interface Acting extends Reading {
  readonly key: string;
}

interface CreateOptions extends Acting {
  readonly spec: string;
  readonly description: string;
  readonly job: string;
  readonly heartbeat: string;
  readonly deviation: string;
  readonly life: string;
  readonly fund?: string;
}

/** `treadle oracle feed create`: creates a feed. */
export async function create(options: CreateOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const spec = await specOf(options.job, options.spec);
  const decimals = options.job === 'data' ? feedDecimals(spec) : 0;
  const heartbeatSeconds = seconds('--heartbeat', options.heartbeat);
  const requestSeconds = seconds('--life', options.life);
  const deviationPpm = Math.round(decimal('--deviation', options.deviation, { min: 0, max: 400_000 }) * 10_000);
  const fundWei = options.fund === undefined ? 0n : amountWei('--fund', options.fund);
  const operator = await openOracle(options);
  const { job, description } = options;
  const config = { job, spec: toHex(spec), description, decimals, heartbeatSeconds, deviationPpm, requestSeconds };
  const { address, receipt } = await createContract(operator, dataFeedCode(config));
  if (fundWei > 0n) await actingOnOracle(operator.client.transact({ to: address, value: fundWei }));
  out.line(`The feed "${description}" is at ${address}, since block ${receipt.blockNumber}.`);
  if (fundWei === 0n) out.line('It pays for its requests itself: send it some money with treadle consortium fund.');
  out.line(`Next: treadle oracle feed poll ${address} --key FILE`);
  out.result({ feed: address, ...config, fundWei, ...receipt });
}

/** A feed keeps one number: what else the job can answer is of no use to it. */
function feedDecimals(spec: Uint8Array): number {
  const { as, decimals, details, encryptTo } = checkedDataSpec(spec);
  if (as === 'number' && !details && encryptTo === undefined) return decimals;
  throw new TreadleError('CLI_BAD_OPTION', { detail: '--spec: a feed keeps single numbers that all can read' });
}

function seconds(option: string, text: string): number {
  const value = Math.round(durationMs(option, text) / 1000);
  if (value >= 1 && value <= 0xffff_ffff) return value;
  throw new TreadleError('CLI_BAD_OPTION', { detail: `${option} is "${text}", expected at least a second` });
}

/** `treadle oracle feed poll`: has the value asked for. */
export async function poll(text: string, options: Acting & { readonly moved?: string; readonly wait?: boolean }): Promise<void> {
  const out = createOutput(options.json === true);
  const address = account('the feed', text);
  const claimWei = options.moved === undefined ? undefined : amountWei('--moved', options.moved);
  const { client, pedal } = await openOracle(options);
  const feed = dataFeedClient(client, address);
  const { decimals, requestSeconds } = await configOf(feed, address);
  const before = await feed.latestRound();
  const open = await feed.openRequest();
  // A request whose callback failed keeps the next one from starting.
  if (open !== 0n && (await pedal.requestOf(open)).state !== 'pending') await actingOnOracle(feed.sync());
  const receipt = await actingOnOracle(claimWei === undefined ? feed.poll() : feed.claimDeviation(claimWei));
  const request = await feed.openRequest();
  const place = { blockNumber: receipt.blockNumber, transactionHash: receipt.transactionHash };
  out.line(`The feed asks since block ${receipt.blockNumber}${request === 0n ? '' : `: request ${request}`}.`);
  if (options.wait !== true) return out.result({ feed: address, request, ...place });
  await settled(feed, requestSeconds);
  const after = await feed.latestRound();
  if (after === before) {
    if (claimWei === undefined) throw new TreadleError('CLI_NO_RESULT', { detail: `request ${request} brought no round` });
    out.line('It did not move by as much as the feed asks for: no round was written.');
    return out.result({ feed: address, request, ...place, round: null });
  }
  const round = await feed.round(after);
  out.line(`Round ${round.roundId}: ${decimalText(round.answer, decimals)}`);
  out.result({ feed: address, request, ...place, round: roundDocument(round, decimals) });
}

/** Waits until the feed has no request under way. @throws TreadleError CLI_NO_RESULT */
async function settled(feed: DataFeedClient, requestSeconds: number): Promise<void> {
  const until = Date.now() + requestSeconds * 1000 + CLI_ANSWER_GRACE_MS;
  while ((await feed.openRequest()) !== 0n) {
    if (Date.now() > until) throw new TreadleError('CLI_NO_RESULT', { detail: 'its request is still under way' });
    await new Promise((resolve) => setTimeout(resolve, CLI_ANSWER_POLL_MS));
  }
}

/** `treadle oracle feed read`: the latest value and the rounds before it. */
export async function read(text: string, options: Reading & { readonly rounds: string }): Promise<void> {
  const out = createOutput(options.json === true);
  const address = account('the feed', text);
  const count = wholeNumber('--rounds', options.rounds, { min: 1, max: CLI_REQUESTS_SHOWN_MAX });
  const { client } = await openOracle(options);
  const feed = dataFeedClient(client, address);
  const config = await configOf(feed, address);
  const latest = await actingOnOracle(feed.latestRoundData());
  const first = latest.roundId > BigInt(count) ? latest.roundId - BigInt(count) + 1n : 1n;
  const ids = Array.from({ length: Number(latest.roundId - first) }, (_, at) => first + BigInt(at));
  const rounds = [...(await readEach(ids, (id) => feed.round(id))), latest];
  const { description, decimals, heartbeatSeconds, deviationPpm, spec } = config;
  const now = Date.now();
  const updatedMs = Number(latest.updatedAt) * 1000;
  const stale = updatedMs + heartbeatSeconds * 1000 <= now;
  out.line(`${description}: ${decimalText(latest.answer, decimals)}`);
  out.line(`  observed  ${showWhen(updatedMs, now)}${stale ? ', older than the heartbeat' : ''}`);
  out.line(`  heartbeat ${showDuration(heartbeatSeconds * 1000)}, deviation ${deviationPpm / 10_000} %`);
  out.line(`  holds     ${showWei(await client.balance(address))}`);
  out.line(`  asks      ${utf8(fromHex(spec)) ?? spec}`);
  if (count > 1) {
    out.table(
      rounds.map((round) => ({
        round: round.roundId,
        value: decimalText(round.answer, decimals),
        observed: showInstant(Number(round.updatedAt) * 1000),
      })),
    );
  }
  out.result({
    feed: address,
    description,
    decimals,
    heartbeatSeconds,
    deviationPpm,
    stale,
    latest: roundDocument(latest, decimals),
    rounds: rounds.map((round) => roundDocument(round, decimals)),
  });
}

function roundDocument({ roundId, answer, startedAt, updatedAt }: FeedRound, decimals: number): Record<string, unknown> {
  return {
    roundId,
    answer,
    value: decimalText(answer, decimals),
    startedAt: showInstant(Number(startedAt) * 1000),
    updatedAt: showInstant(Number(updatedAt) * 1000),
  };
}

async function configOf(feed: DataFeedClient, address: Address): ReturnType<DataFeedClient['config']> {
  try {
    return await feed.config();
  } catch (cause) {
    throw new TreadleError('CLI_NO_FEED', { detail: `what is at ${address} does not answer as a feed`, cause });
  }
}
