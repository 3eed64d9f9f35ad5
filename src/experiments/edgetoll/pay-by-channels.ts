import { encodeFunctionData } from 'viem';
import { PAYMENT_CHANNELS_ADDRESS, paymentChannelsArtifact } from '../../contracts/index.ts';
import { type Address, fromHex, toEthereumSignature } from '../../crypto/index.ts';
import type { Micros } from '../../environment/index.ts';
import { invariant } from '../../errors.ts';
import type { BookedChannel, PayeeBook } from '../../market/index.ts';
import type { LedgerNode } from '../../node/index.ts';
import { type Bench, openBench, TASK_PRICE_WEI } from './bench.ts';
import { gasOf, type WatchedReceipt } from './receipt-watch.ts';
import type { Reading, WayRun } from './way.ts';

/**
 * What touching the account of the block's proposer saves (EIP-3651: it is warm from the start; EIP-2929: 2,600 - 100).
 * The edge node's closing gives the rest back to the proxy, so it costs this much less in every fourth block.
 */
export const WARM_PROPOSER_GAS = 2500;

/** What one channel cost, from receipts. */
export interface ChannelGas {
  readonly payer: 'device' | 'proxy';
  readonly open: number;
  readonly close: number;
}

/** Two channels that were opened, used for some tasks, and closed. */
export interface ChannelRound {
  readonly tasks: number;
  readonly channels: readonly [ChannelGas, ChannelGas];
}

export interface ChannelsRun extends WayRun {
  /** Every round by its receipts, in order; the last one is the round of the readings. */
  readonly rounds: readonly ChannelRound[];
  /** Mean gas of matching one task: what every way pays besides. */
  readonly matchingGas: { readonly request: number; readonly completion: number };
}

/**
 * A channel from the device to the proxy and one from the proxy to the edge node are opened, tasks are paid by vouchers,
 * and both payees close. The last of `rounds` gives the readings; the rounds before it, with fresh channels each, show
 * by receipts what fewer tasks cost.
 */
export async function payByChannels(options: {
  readonly seed: number;
  readonly rounds: readonly number[];
}): Promise<ChannelsRun> {
  const bench = await openBench({ seed: options.seed, listedPriceWei: TASK_PRICE_WEI });
  // The channel that a device opens when it starts is used up first: its opening went along with registration.
  await payTasks(bench, 1);
  await closeBoth(bench);
  await bench.settle();
  const finished: FinishedRound[] = [];
  for (const tasks of options.rounds) finished.push(await runRound(bench, tasks));
  const last = finished.at(-1);
  invariant(last !== undefined, 'there is a round to read');
  const tasks = 1 + sum(options.rounds);
  return {
    way: 'channels',
    seed: options.seed,
    readings: readingsOf(last),
    conserved: await bench.conserved(2n * BigInt(tasks) * TASK_PRICE_WEI),
    traceHash: bench.cluster.world.traceHash(),
    rounds: finished.map(({ round }) => round),
    matchingGas: matchingGas(last.receipts),
  };
}

interface FinishedRound {
  readonly round: ChannelRound;
  readonly receipts: readonly WatchedReceipt[];
  readonly costs: readonly PaidTask[];
  /** Time of the transactions that the tasks share: opening the device's channel, closing both. */
  readonly sharedMicros: Micros;
}

interface PaidTask {
  readonly paymentMicros: Micros;
  readonly wholeMicros: Micros;
  /** What closing both channels would cost after this task. */
  readonly closingGas: number;
}

async function runRound(bench: Bench, tasks: number): Promise<FinishedRound> {
  const { device, proxy } = bench;
  const mark = bench.receipts.mark();
  const opening = await bench.timed(device.payer.payer.ready({ payee: proxy.id, amountWei: TASK_PRICE_WEI }));
  const costs = await payTasks(bench, tasks);
  const closingMicros = await closeBoth(bench);
  await bench.settle();
  const receipts = bench.receipts.since(mark);
  return {
    round: { tasks, channels: channelsOf(bench, receipts) },
    receipts,
    costs,
    sharedMicros: opening.micros + closingMicros,
  };
}

/** The first payment of a round contains the opening of the proxy's channel to the edge node. */
async function payTasks(bench: Bench, tasks: number): Promise<readonly PaidTask[]> {
  const { device, proxy, edge } = bench;
  const costs: PaidTask[] = [];
  for (let task = 0; task < tasks; task++) {
    const { value, micros } = await bench.timed(device.runTask());
    const { outcome, paid, error } = value;
    invariant(outcome !== undefined && paid, 'the task is done and paid', { error: error?.detail });
    const closingGas =
      (await gasToClose(bench, proxy, proxy.proxy.received)) + (await gasToClose(bench, edge, edge.payee.received));
    costs.push({ wholeMicros: micros, paymentMicros: micros - outcome.durationMicros, closingGas });
  }
  return costs;
}

async function closeBoth({ device, proxy, edge, timed }: Bench): Promise<Micros> {
  const closing = await timed(
    Promise.all([
      proxy.proxy.payee.close(channelIn(proxy.proxy.received).channelId),
      edge.payee.payee.close(channelIn(edge.payee.received).channelId),
    ]),
  );
  // A device hears of a closing when it next asks. That it asks here is not counted.
  await timed(device.payer.payer.resume());
  return closing.micros;
}

/** Executes the closing call on the present state of the ledger and leaves no trace there. */
async function gasToClose({ cluster }: Bench, payee: LedgerNode, book: PayeeBook): Promise<number> {
  const { channel, cumulativeWei, signature } = channelIn(book).best;
  const data = encodeFunctionData({
    abi: paymentChannelsArtifact.abi,
    functionName: 'cooperativeClose',
    args: [channel.payer, channel.nonce, cumulativeWei, toEthereumSignature(signature)],
  });
  const request = { from: payee.id, to: PAYMENT_CHANNELS_ADDRESS, data: fromHex(data) };
  const result = await cluster.world.run(payee.full.ledger.call(request, 'latest'));
  invariant(result.success, 'a payee can close at any time', { error: result.error });
  return Number(result.gasUsed);
}

function channelIn(book: PayeeBook): BookedChannel {
  const [channel, ...others] = book.channels();
  invariant(channel !== undefined && others.length === 0, 'a payee of the comparison has one channel at a time');
  return channel;
}

function channelsOf({ device, proxy, edge }: Bench, receipts: readonly WatchedReceipt[]): readonly [ChannelGas, ChannelGas] {
  const single = (purpose: 'open' | 'close', from: Address): number => {
    const [gas, ...others] = gasOf(
      receipts.filter((receipt) => receipt.from === from),
      purpose,
    );
    invariant(gas !== undefined && others.length === 0, 'a channel is opened once and closed once', { purpose, from });
    return gas;
  };
  return [
    { payer: 'device', open: single('open', device.id), close: single('close', proxy.id) },
    { payer: 'proxy', open: single('open', proxy.id), close: single('close', edge.id) },
  ];
}

function readingsOf({ round, costs, sharedMicros }: FinishedRound): readonly Reading[] {
  const [first, second] = round.channels;
  const opening = first.open + second.open;
  let time = { paymentMicros: sharedMicros, wholeMicros: sharedMicros };
  const readings = costs.map(({ closingGas, paymentMicros, wholeMicros }, at): Reading => {
    time = { paymentMicros: time.paymentMicros + paymentMicros, wholeMicros: time.wholeMicros + wholeMicros };
    return { tasks: at + 1, gas: opening + closingGas, ...time };
  });
  const byReceipts = opening + first.close + second.close;
  const difference = (readings.at(-1)?.gas ?? 0) - byReceipts;
  const agree = [-WARM_PROPOSER_GAS, 0, WARM_PROPOSER_GAS].includes(difference);
  invariant(agree, 'executing the closing calls costs what their receipts say', { byReceipts, difference });
  return readings;
}

function matchingGas(receipts: readonly WatchedReceipt[]): ChannelsRun['matchingGas'] {
  const matches = gasOf(receipts, 'match');
  const completed = receipts.reduce((total, receipt) => total + receipt.completed, 0);
  invariant(matches.length > 0 && completed === matches.length, 'every matched task is reported as completed');
  return { request: mean(sum(matches), matches.length), completion: mean(sum(gasOf(receipts, 'completion')), completed) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(total: number, count: number): number {
  return Math.round(total / count);
}
