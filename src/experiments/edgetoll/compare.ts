import { invariant } from '../../errors.ts';
import { payByChannelPerTask } from './pay-by-channel-per-task.ts';
import { type ChannelGas, type ChannelsRun, payByChannels } from './pay-by-channels.ts';
import { payByTransfer } from './pay-by-transfer.ts';
import { EDGETOLL_GAS_PER_CHANNEL } from './published.ts';
import { crossover, type Spread, spreadOf } from './statistics.ts';
import { type Reading, WAYS, type Way, type WayRun } from './way.ts';

export interface CompareOptions {
  /** The first of the seeds; gas is that of its runs. */
  readonly seed: number;
  /** How many seeds the times are taken over. */
  readonly seeds: number;
  /** Tasks of each run: there is a point for every number up to this. */
  readonly tasks: number;
  /** Called before each run. */
  readonly onRun?: (run: { readonly way: Way; readonly seed: number }) => void;
}

export interface ComparisonPoint {
  readonly tasks: number;
  /** Where the gas of the channels comes from: receipts, or the closing calls executed on the state after so many tasks. */
  readonly channelsGasFrom: 'receipts' | 'execution';
  readonly gas: Readonly<Record<Way, number>>;
  readonly paymentSeconds: Readonly<Record<Way, Spread>>;
  readonly wholeSeconds: Readonly<Record<Way, Spread>>;
}

/** Tasks from which on the channels are below the other way; undefined when they are not within the points. */
export type Crossovers = Readonly<Record<Exclude<Way, 'channels'>, number | undefined>>;

export interface Comparison {
  readonly seeds: readonly number[];
  readonly points: readonly ComparisonPoint[];
  /** The dearest channel of all that were opened and closed, by its receipts. */
  readonly gasPerChannel: { readonly open: number; readonly close: number; readonly total: number };
  readonly edgeTollGasPerChannel: number;
  readonly below: boolean;
  readonly crossoverTasks: { readonly gas: Crossovers; readonly paymentTime: Crossovers; readonly wholeTime: Crossovers };
  readonly matchingGasPerTask: ChannelsRun['matchingGas'];
  readonly conserved: boolean;
  /** Of the first run of each way: the same program gives the same again. */
  readonly traceHashes: Readonly<Record<Way, string>>;
}

/** Numbers of tasks for which fresh channels are opened and closed, so that the gas stands in receipts: those that EdgeToll printed, and 2. */
const RECEIPTS_AT = [1, 2, 5, 10];

/** Pays for tasks in every way, over several seeds. Virtual time and gas: nothing in the result depends on the machine. */
export async function compareWithEdgeToll({ seed, seeds, tasks, onRun }: CompareOptions): Promise<Comparison> {
  invariant(seeds >= 1 && tasks >= 1, 'there is something to compare');
  const runs: Record<Way, WayRun[]> = { channels: [], transfers: [], channelPerTask: [] };
  let withReceipts: ChannelsRun | undefined;
  const channels: ChannelGas[] = [];
  for (let each = seed; each < seed + seeds; each++) {
    onRun?.({ way: 'channels', seed: each });
    const rounds = each === seed ? [...RECEIPTS_AT.filter((count) => count < tasks), tasks] : [tasks];
    const run = await payByChannels({ seed: each, rounds });
    withReceipts ??= run;
    channels.push(...run.rounds.flatMap((round) => round.channels));
    runs.channels.push(run);
    onRun?.({ way: 'transfers', seed: each });
    runs.transfers.push(await payByTransfer({ seed: each, tasks }));
    onRun?.({ way: 'channelPerTask', seed: each });
    runs.channelPerTask.push(await payByChannelPerTask({ seed: each, tasks }));
  }
  invariant(withReceipts !== undefined, 'the first seed was run');
  const points = Array.from({ length: tasks }, (_, at) => pointOf(runs, withReceipts, at));
  const gasPerChannel = dearest(channels);
  return {
    seeds: Array.from({ length: seeds }, (_, at) => seed + at),
    points,
    gasPerChannel,
    edgeTollGasPerChannel: EDGETOLL_GAS_PER_CHANNEL,
    below: gasPerChannel.total < EDGETOLL_GAS_PER_CHANNEL,
    crossoverTasks: {
      gas: crossovers(points, (point, way) => point.gas[way]),
      paymentTime: crossovers(points, (point, way) => point.paymentSeconds[way].median),
      wholeTime: crossovers(points, (point, way) => point.wholeSeconds[way].median),
    },
    matchingGasPerTask: withReceipts.matchingGas,
    conserved: WAYS.every((way) => runs[way].every((run) => run.conserved)),
    traceHashes: perWay((way) => runs[way][0]?.traceHash ?? ''),
  };
}

function pointOf(runs: Readonly<Record<Way, readonly WayRun[]>>, withReceipts: ChannelsRun, at: number): ComparisonPoint {
  const tasks = at + 1;
  const read = (run: WayRun | undefined): Reading => {
    const reading = run?.readings[at];
    invariant(reading !== undefined, 'every run has a reading for every number of tasks');
    return reading;
  };
  const seconds = (way: Way, pick: (reading: Reading) => number): Spread =>
    spreadOf(runs[way].map((run) => pick(read(run)) / 1e6));
  const round = withReceipts.rounds.find((candidate) => candidate.tasks === tasks);
  const byReceipts = round?.channels.reduce((total, { open, close }) => total + open + close, 0);
  return {
    tasks,
    channelsGasFrom: byReceipts === undefined ? 'execution' : 'receipts',
    gas: perWay((way) => (way === 'channels' && byReceipts !== undefined ? byReceipts : read(runs[way][0]).gas)),
    paymentSeconds: perWay((way) => seconds(way, (reading) => reading.paymentMicros)),
    wholeSeconds: perWay((way) => seconds(way, (reading) => reading.wholeMicros)),
  };
}

function crossovers(points: readonly ComparisonPoint[], pick: (point: ComparisonPoint, way: Way) => number): Crossovers {
  const values = (way: Way): readonly number[] => points.map((point) => pick(point, way));
  return {
    transfers: crossover(values('channels'), values('transfers')),
    channelPerTask: crossover(values('channels'), values('channelPerTask')),
  };
}

function dearest(channels: readonly ChannelGas[]): Comparison['gasPerChannel'] {
  const totals = channels.map(({ open, close }) => ({ open, close, total: open + close }));
  return totals.reduce((most, each) => (each.total > most.total ? each : most));
}

function perWay<T>(value: (way: Way) => T): Readonly<Record<Way, T>> {
  return { channels: value('channels'), transfers: value('transfers'), channelPerTask: value('channelPerTask') };
}
