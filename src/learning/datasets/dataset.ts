import { TreadleError } from '../../errors.ts';
import './errors.ts';

/** Bytes 0..255 as image files hold them, or numbers. */
export type Values = Uint8Array | Float32Array;

/** Samples in flat arrays: sample after sample, so that a batch is a view. */
export interface SampleSet<V extends Values = Values> {
  readonly count: number;
  /** `count` times the product of `Dataset.sampleShape`. */
  readonly values: V;
  /** The class of each sample: an index into `Dataset.classNames`. */
  readonly labels: Uint8Array;
  /** What a regression is to say of each sample, for instance the cycles that are left. */
  readonly targets?: Float32Array;
  /** The machine that each sample comes from, where the data say so. */
  readonly machines?: Uint32Array;
}

/** A data set, whatever its files looked like. */
export interface Dataset<V extends Values = Values> {
  readonly name: string;
  /** Channels first: [1, 28, 28] for MNIST, [24] for a row of 24 columns, [1, 1024] for a window of one sensor. */
  readonly sampleShape: readonly number[];
  readonly classNames: readonly string[];
  /** What each channel is, where it has a name. */
  readonly channelNames?: readonly string[];
  readonly train: SampleSet<V>;
  readonly test: SampleSet<V>;
}

/** Mean and deviation of each channel. */
export interface Scaling {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

/** Numbers in one sample. */
export function sampleLength(dataset: Pick<Dataset, 'sampleShape'>): number {
  return dataset.sampleShape.reduce((product, length) => product * length, 1);
}

/**
 * Samples by their indices, in that order: what a client gets of a partition, or a prefix for a quick run.
 *
 * @throws TreadleError DATASET_OPTION_INVALID for an index that is none
 */
export function pick<V extends Values>(samples: SampleSet<V>, indices: Uint32Array | readonly number[]): SampleSet<V> {
  const length = samples.count === 0 ? 0 : samples.values.length / samples.count;
  const count = indices.length;
  const values = emptyLike(samples.values, count * length);
  const labels = new Uint8Array(count);
  const targets = samples.targets && new Float32Array(count);
  const machines = samples.machines && new Uint32Array(count);
  for (let to = 0; to < count; to++) {
    const from = indices[to] as number;
    if (!(Number.isInteger(from) && from >= 0 && from < samples.count))
      throw new TreadleError('DATASET_OPTION_INVALID', { detail: `there is no sample ${from} among ${samples.count}` });
    values.set(samples.values.subarray(from * length, (from + 1) * length), to * length);
    labels[to] = samples.labels[from] as number;
    if (targets && samples.targets) targets[to] = samples.targets[from] as number;
    if (machines && samples.machines) machines[to] = samples.machines[from] as number;
  }
  return { count, values, labels, ...(targets && { targets }), ...(machines && { machines }) };
}

function emptyLike<V extends Values>(values: V, length: number): V {
  return (values instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length)) as V;
}

/** How many samples there are of each class. */
export function classCounts(labels: Uint8Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

/**
 * Mean and deviation of each channel over the training samples. Sums are of numbers in a fixed order, so that all who
 * compute it get the same bits. A channel that never changes has deviation 1: it becomes 0 everywhere, not infinite.
 */
export function measureScaling(dataset: Dataset): Scaling {
  const channels = dataset.sampleShape[0] ?? 1;
  const run = sampleLength(dataset) / channels;
  const { values, count } = dataset.train;
  const mean = new Float64Array(channels);
  const deviation = new Float64Array(channels).fill(1);
  if (count === 0) return { mean, deviation };
  forEachRun(values, channels, run, (channel, value) => {
    mean[channel] = (mean[channel] as number) + value;
  });
  for (let channel = 0; channel < channels; channel++) mean[channel] = (mean[channel] as number) / (count * run);
  const squares = new Float64Array(channels);
  forEachRun(values, channels, run, (channel, value) => {
    const away = value - (mean[channel] as number);
    squares[channel] = (squares[channel] as number) + away * away;
  });
  for (let channel = 0; channel < channels; channel++) {
    const found = Math.sqrt((squares[channel] as number) / (count * run));
    // Below this a column that is constant in decimal digits is left with nothing but rounding.
    if (found > 1e-9 * (1 + Math.abs(mean[channel] as number))) deviation[channel] = found;
  }
  return { mean, deviation };
}

function forEachRun(values: Values, channels: number, run: number, visit: (channel: number, value: number) => void): void {
  for (let at = 0, channel = 0; at < values.length; channel = (channel + 1) % channels) {
    for (const end = at + run; at < end; at++) visit(channel, values[at] as number);
  }
}

/**
 * The data set in numbers of mean 0 and deviation 1 per channel, as networks like them. The test samples are scaled by
 * what was measured of the training samples.
 *
 * @param scaling - that of another data set, when the same network is to see both
 */
export function standardised(dataset: Dataset, scaling: Scaling = measureScaling(dataset)): Dataset<Float32Array> {
  const channels = dataset.sampleShape[0] ?? 1;
  if (scaling.mean.length !== channels || scaling.deviation.length !== channels)
    throw new TreadleError('DATASET_OPTION_INVALID', {
      detail: `a scaling of ${scaling.mean.length} channels does not fit samples of ${channels}`,
    });
  const run = sampleLength(dataset) / channels;
  const scale = (samples: SampleSet): SampleSet<Float32Array> => {
    const values = new Float32Array(samples.values.length);
    let at = 0;
    forEachRun(samples.values, channels, run, (channel, value) => {
      values[at++] = (value - (scaling.mean[channel] as number)) / (scaling.deviation[channel] as number);
    });
    return { ...samples, values };
  };
  return { ...dataset, train: scale(dataset.train), test: scale(dataset.test) };
}
