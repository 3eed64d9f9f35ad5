import type { RandomStream } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import './errors.ts';

/** For each client, the indices of its samples, ascending. Every sample has exactly one client. */
export type Partition = readonly Uint32Array[];

/** Draws a random order of the numbers below `count` (Fisher and Yates). */
export function shuffled(count: number, random: RandomStream): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, at) => at);
  for (let at = count - 1; at > 0; at--) {
    const other = random.integer(at + 1);
    const held = order[at] as number;
    order[at] = order[other] as number;
    order[other] = held;
  }
  return order;
}

/**
 * Equal shares drawn at random; sizes differ by one at most.
 *
 * @throws TreadleError PARTITION_IMPOSSIBLE when there are fewer samples than clients
 */
export function partitionEvenly(count: number, clients: number, random: RandomStream): Partition {
  checkClients(count, clients);
  const order = shuffled(count, random);
  return Array.from({ length: clients }, (_, client) =>
    order.slice(share(count, clients, client), share(count, clients, client + 1)).sort(),
  );
}

export interface LabelSliceOptions {
  readonly clients: number;
  /** Slices that the samples, sorted by label, are cut into; 200 when absent. A multiple of `clients`. */
  readonly slices?: number;
  readonly random: RandomStream;
}

/**
 * The division of McMahan et al. (2017) for data that are not alike: samples are sorted by label and cut into 200 slices
 * of equal size; each client draws as many (2 of 200 for 100 clients). Most clients know two labels only.
 *
 * @throws TreadleError PARTITION_IMPOSSIBLE
 */
export function partitionByLabelSlices(labels: Uint8Array, options: LabelSliceOptions): Partition {
  const { clients, slices = 200, random } = options;
  checkClients(labels.length, clients);
  if (!Number.isSafeInteger(slices) || slices % clients !== 0)
    throw impossible(`${slices} slices cannot be dealt to ${clients} clients evenly`);
  if (labels.length < slices) throw impossible(`${labels.length} samples cannot be cut into ${slices} slices`);
  const sorted = Uint32Array.from({ length: labels.length }, (_, at) => at).sort(
    (left, right) => (labels[left] as number) - (labels[right] as number) || left - right,
  );
  const drawn = shuffled(slices, random);
  const each = slices / clients;
  return Array.from({ length: clients }, (_, client) =>
    gather(
      Array.from(drawn.subarray(client * each, (client + 1) * each), (slice) =>
        sorted.subarray(share(labels.length, slices, slice), share(labels.length, slices, slice + 1)),
      ),
    ),
  );
}

export interface DirichletOptions {
  readonly clients: number;
  /** Concentration: 0.1 gives clients of one or two labels, 100 nearly equal ones. */
  readonly alpha: number;
  /** Samples that each client has at least, taken from the largest; 1 when absent. */
  readonly samplesMin?: number;
  readonly random: RandomStream;
}

/**
 * Of each label every client gets a share drawn from a Dirichlet distribution (Hsu, Qi, Brown 2019): mixes and sizes differ.
 *
 * @throws TreadleError PARTITION_IMPOSSIBLE
 */
export function partitionByDirichlet(labels: Uint8Array, options: DirichletOptions): Partition {
  const { clients, alpha, samplesMin = 1, random } = options;
  checkClients(labels.length, clients, samplesMin);
  checkAlpha(alpha);
  const shares: Uint32Array[][] = Array.from({ length: clients }, () => []);
  const classes = labels.reduce((most, label) => Math.max(most, label + 1), 0);
  for (let label = 0; label < classes; label++) {
    const members = [...labels.keys()].filter((sample) => labels[sample] === label);
    const order = Uint32Array.from(shuffled(members.length, random), (at) => members[at] as number);
    const cuts = cutsOf(order.length, dirichlet(clients, alpha, random));
    for (let client = 0; client < clients; client++)
      shares[client]?.push(order.subarray(cuts[client] as number, cuts[client + 1] as number));
  }
  return topUp(shares.map(gather), samplesMin, random);
}

export interface QuantityOptions {
  readonly clients: number;
  /** Concentration of the sizes: small values make few large clients and many small ones. */
  readonly alpha: number;
  /** Samples that each client has at least; 1 when absent. */
  readonly samplesMin?: number;
  readonly random: RandomStream;
}

/**
 * Mixes alike, sizes drawn from a Dirichlet distribution: plants of different size that make the same.
 *
 * @throws TreadleError PARTITION_IMPOSSIBLE
 */
export function partitionByQuantity(count: number, options: QuantityOptions): Partition {
  const { clients, alpha, samplesMin = 1, random } = options;
  checkClients(count, clients, samplesMin);
  checkAlpha(alpha);
  const order = shuffled(count, random);
  const cuts = cutsOf(count, dirichlet(clients, alpha, random));
  return topUp(
    Array.from({ length: clients }, (_, client) => order.slice(cuts[client], cuts[client + 1]).sort()),
    samplesMin,
    random,
  );
}

/**
 * Whole machines: all samples of a machine stay with one client, as they do in a plant. Machines are dealt in random
 * order, the largest first, each to the client that has least so far.
 *
 * @throws TreadleError PARTITION_IMPOSSIBLE when there are fewer machines than clients
 */
export function partitionByMachine(machines: Uint32Array, clients: number, random: RandomStream): Partition {
  checkClients(machines.length, clients);
  const groups = new Map<number, number[]>();
  for (const [sample, machine] of machines.entries()) {
    const group = groups.get(machine);
    if (group === undefined) groups.set(machine, [sample]);
    else group.push(sample);
  }
  if (groups.size < clients) throw impossible(`${groups.size} machines cannot be given to ${clients} clients`);
  const sorted = [...groups].sort(([left], [right]) => left - right).map(([, samples]) => samples);
  const order = Array.from(shuffled(sorted.length, random), (at) => sorted[at] as number[]);
  // The sort is stable: machines of one size stay in the order that was drawn.
  order.sort((left, right) => right.length - left.length);
  const shares: number[][] = Array.from({ length: clients }, () => []);
  for (const [at, samples] of order.entries()) {
    // The first machines go round once, so that no client is left without one.
    const least =
      at < clients ? (shares[at] as number[]) : shares.reduce((best, next) => (next.length < best.length ? next : best));
    for (const sample of samples) least.push(sample);
  }
  return shares.map((share) => Uint32Array.from(share).sort());
}

/** How many samples of each class each client has: one row per client, to be printed or looked at. */
export function partitionHistogram(partition: Partition, labels: Uint8Array, classes: number): number[][] {
  return partition.map((samples) => {
    const row = new Array<number>(classes).fill(0);
    for (const sample of samples) {
      const label = labels[sample] as number;
      row[label] = (row[label] ?? 0) + 1;
    }
    return row;
  });
}

const share = (count: number, parts: number, part: number): number => Math.floor((count * part) / parts);

const impossible = (detail: string): TreadleError => new TreadleError('PARTITION_IMPOSSIBLE', { detail });

function checkClients(samples: number, clients: number, samplesMin = 1): void {
  if (!Number.isSafeInteger(clients) || clients < 1)
    throw impossible(`the number of clients is ${clients}, not a whole number above 0`);
  if (!Number.isSafeInteger(samplesMin) || samplesMin < 0) throw impossible(`samplesMin is ${samplesMin}, not a whole number`);
  if (samples < clients * samplesMin)
    throw impossible(`${samples} samples are too few for ${clients} clients with ${samplesMin} or more each`);
}

function checkAlpha(alpha: number): void {
  if (!(alpha >= 1e-6 && alpha <= 1e6)) throw impossible(`alpha is ${alpha}, not a number between 0.000001 and 1000000`);
}

function gather(parts: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all.sort();
}

/** Bounds between the shares: 0, ..., count. */
function cutsOf(count: number, shares: readonly number[]): number[] {
  const cuts = [0];
  let sum = 0;
  for (const each of shares) {
    sum += each;
    cuts.push(Math.min(count, Math.round(count * sum)));
  }
  // The shares add up to 1 but for rounding.
  cuts[shares.length] = count;
  return cuts;
}

/** Takes samples from whoever has most until everybody has enough. */
function topUp(shares: readonly Uint32Array[], samplesMin: number, random: RandomStream): Partition {
  const lists = shares.map((samples) => [...samples]);
  for (const poor of lists) {
    while (poor.length < samplesMin) {
      const rich = lists.reduce((best, next) => (next.length > best.length ? next : best));
      poor.push(...rich.splice(random.integer(rich.length), 1));
    }
  }
  return lists.map((samples) => Uint32Array.from(samples).sort());
}

/** One draw of a symmetric Dirichlet distribution: gamma variates over their sum, in logarithms since small alphas underflow. */
function dirichlet(parts: number, alpha: number, random: RandomStream): number[] {
  const logs = Array.from({ length: parts }, () => logGamma(alpha, random));
  const most = Math.max(...logs);
  const weights = logs.map((log) => Math.exp(log - most));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** The logarithm of a gamma variate of scale 1 (Marsaglia and Tsang 2000; a shape below 1 is drawn as one above it, times U^(1/shape)). */
function logGamma(shape: number, random: RandomStream): number {
  if (shape < 1) return logGamma(shape + 1, random) + Math.log(1 - random.float()) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  // Each turn is accepted with a probability above 0.95, so this ends.
  for (;;) {
    const normal = random.normal(0, 1);
    const cube = (1 + c * normal) ** 3;
    if (cube <= 0) continue;
    if (Math.log(1 - random.float()) < 0.5 * normal * normal + d - d * cube + d * Math.log(cube)) return Math.log(d * cube);
  }
}
