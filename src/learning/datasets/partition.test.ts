import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RandomStream } from '../../environment/index.ts';
import {
  type Partition,
  partitionByDirichlet,
  partitionByLabelSlices,
  partitionByMachine,
  partitionByQuantity,
  partitionEvenly,
  partitionHistogram,
} from './partition.ts';
import { seededStream } from './seeded-stream.ts';

const labelsOf = (count: number, classes: number): Uint8Array => {
  const random = seededStream('labels', count, classes);
  return Uint8Array.from({ length: count }, () => random.integer(classes));
};
const sizes = (partition: Partition): number[] => partition.map(({ length }) => length);
const impossible = expect.objectContaining({ code: 'PARTITION_IMPOSSIBLE' });

/** Every sample has one client, in ascending order, and the same seed gives the same again. */
function checkDivision(count: number, clients: number, divide: (random: RandomStream) => Partition, seed: number): Partition {
  const partition = divide(seededStream(seed));
  expect(partition.length).toBe(clients);
  const owners = new Uint8Array(count);
  for (const samples of partition) {
    for (const [at, sample] of samples.entries()) {
      owners[sample] = (owners[sample] as number) + 1;
      if (at > 0) expect(sample).toBeGreaterThan(samples[at - 1] as number);
    }
  }
  expect(owners.every((times) => times === 1)).toBe(true);
  expect(divide(seededStream(seed))).toEqual(partition);
  return partition;
}

const cases = fc.record({
  clients: fc.integer({ min: 1, max: 20 }),
  extra: fc.integer({ min: 0, max: 400 }),
  classes: fc.integer({ min: 1, max: 10 }),
  seed: fc.integer(),
  alpha: fc.constantFrom(0.001, 0.1, 0.5, 1, 100),
  samplesMin: fc.integer({ min: 0, max: 3 }),
});

describe('a division', () => {
  it('evenly gives each client the same number, but for one', () => {
    fc.assert(
      fc.property(cases, ({ clients, extra, seed }) => {
        const count = clients + extra;
        const found = sizes(checkDivision(count, clients, (random) => partitionEvenly(count, clients, random), seed));
        expect(Math.max(...found) - Math.min(...found)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('by slices gives each client slices of one size', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 4 }), ({ clients, extra, classes, seed }, each) => {
        const slices = clients * each;
        const count = slices + extra;
        const labels = labelsOf(count, classes);
        const found = sizes(
          checkDivision(count, clients, (random) => partitionByLabelSlices(labels, { clients, slices, random }), seed),
        );
        expect(Math.max(...found) - Math.min(...found)).toBeLessThanOrEqual(each);
      }),
    );
  });

  it('by a Dirichlet distribution, or by quantity, leaves no client with less than it must have', () => {
    fc.assert(
      fc.property(cases, ({ clients, extra, classes, seed, alpha, samplesMin }) => {
        const count = clients * Math.max(1, samplesMin) + extra;
        const labels = labelsOf(count, classes);
        for (const divide of [
          (random: RandomStream) => partitionByDirichlet(labels, { clients, alpha, samplesMin, random }),
          (random: RandomStream) => partitionByQuantity(count, { clients, alpha, samplesMin, random }),
        ])
          expect(Math.min(...sizes(checkDivision(count, clients, divide, seed)))).toBeGreaterThanOrEqual(samplesMin);
      }),
    );
  });

  it('by machine parts no machine', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 0, max: 20 }), ({ clients, extra, seed }, moreMachines) => {
        const machineCount = clients + moreMachines;
        const machines = Uint32Array.from({ length: machineCount + extra }, (_, at) => 7 + (at % machineCount) ** 2);
        const partition = checkDivision(
          machines.length,
          clients,
          (random) => partitionByMachine(machines, clients, random),
          seed,
        );
        const owner = new Map<number, number>();
        for (const [client, samples] of partition.entries()) {
          expect(samples.length).toBeGreaterThan(0);
          for (const sample of samples) {
            const machine = machines[sample] as number;
            expect(owner.get(machine) ?? client).toBe(client);
            owner.set(machine, client);
          }
        }
      }),
    );
  });

  it('as in the experiments: 100 clients, 200 slices of 300, two to four labels each', () => {
    const labels = Uint8Array.from({ length: 60_000 }, (_, at) => (at * 7) % 10);
    const partition = partitionByLabelSlices(labels, { clients: 100, random: seededStream('paper') });
    expect(new Set(sizes(partition))).toEqual(new Set([600]));
    const known = partitionHistogram(partition, labels, 10).map((row) => row.filter((count) => count > 0).length);
    // Each label fills 20 slices exactly.
    expect(Math.max(...known)).toBe(2);
    expect(known.filter((labelsKnown) => labelsKnown === 2).length).toBeGreaterThan(80);
  });

  it('by a Dirichlet distribution is the more unequal the smaller alpha is', () => {
    const labels = labelsOf(10_000, 10);
    const labelsHeld = (alpha: number): number =>
      partitionHistogram(partitionByDirichlet(labels, { clients: 10, alpha, random: seededStream('alpha') }), labels, 10)
        .map((row) => row.filter((count) => count > row.reduce((sum, each) => sum + each, 0) / 50).length)
        .reduce((sum, each) => sum + each, 0);
    expect(labelsHeld(0.05)).toBeLessThan(45);
    expect(labelsHeld(1_000)).toBe(100);
  });

  it('draws gamma variates of the right mean', () => {
    // The share of the first of two clients has mean 1/2 and variance 1 / (4 (2 alpha + 1)).
    for (const alpha of [0.3, 1, 4]) {
      const shares = Array.from({ length: 2_000 }, (_, at) => {
        const [first] = partitionByQuantity(1_000, {
          clients: 2,
          alpha,
          samplesMin: 0,
          random: seededStream('gamma', alpha, at),
        });
        return (first?.length ?? 0) / 1_000;
      });
      const mean = shares.reduce((sum, each) => sum + each, 0) / shares.length;
      const variance = shares.reduce((sum, each) => sum + (each - mean) ** 2, 0) / shares.length;
      expect(mean).toBeCloseTo(0.5, 1);
      expect(variance * 4 * (2 * alpha + 1)).toBeGreaterThan(0.9);
      expect(variance * 4 * (2 * alpha + 1)).toBeLessThan(1.1);
    }
  });

  it('that is impossible is refused with a code', () => {
    const random = seededStream(1);
    expect(() => partitionEvenly(3, 4, random)).toThrow(impossible);
    expect(() => partitionEvenly(3, 0, random)).toThrow(impossible);
    expect(() => partitionByLabelSlices(new Uint8Array(500), { clients: 7, random })).toThrow(impossible);
    expect(() => partitionByLabelSlices(new Uint8Array(100), { clients: 100, random })).toThrow(impossible);
    expect(() => partitionByDirichlet(new Uint8Array(10), { clients: 2, alpha: 0, random })).toThrow(impossible);
    expect(() => partitionByQuantity(10, { clients: 5, alpha: 1, samplesMin: 3, random })).toThrow(impossible);
    expect(() => partitionByMachine(Uint32Array.from([1, 1, 2]), 3, random)).toThrow(impossible);
  });
});
