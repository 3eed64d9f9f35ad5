import { invariant } from '../errors.ts';
import { METRIC_NAMES_MAX } from '../limits.ts';
import type { Metrics } from './environment.ts';

/** Buckets per doubling: a quantile is off by at most 9 %. */
const BUCKETS_PER_OCTAVE = 8;

interface Histogram {
  count: number;
  sum: number;
  max: number;
  /** Observations by bucket; bucket b holds values up to 2^(b / BUCKETS_PER_OCTAVE). */
  readonly buckets: Map<number, number>;
}

/**
 * Metrics in memory, the same on the host and in the simulator. A histogram appears in the snapshot as
 * `NAME_count`, `NAME_sum`, `NAME_max`, `NAME_p50`, `NAME_p95` and `NAME_p99`.
 */
export function createMetrics(): Metrics {
  // Boxed, so that counting finds its place once.
  const values = new Map<string, { value: number }>();
  const histograms = new Map<string, Histogram>();
  const checkRoom = () =>
    invariant(values.size + histograms.size < METRIC_NAMES_MAX, 'metric names come from code, not from data');
  const place = (name: string): { value: number } => {
    const known = values.get(name);
    if (known !== undefined) return known;
    checkRoom();
    const added = { value: 0 };
    values.set(name, added);
    return added;
  };
  return {
    count: (name, by = 1) => {
      place(name).value += by;
    },
    gauge: (name, value) => {
      place(name).value = value;
    },
    observe: (name, value) => {
      let histogram = histograms.get(name);
      if (histogram === undefined) {
        checkRoom();
        histogram = { count: 0, sum: 0, max: Number.NEGATIVE_INFINITY, buckets: new Map() };
        histograms.set(name, histogram);
      }
      histogram.count++;
      histogram.sum += value;
      if (value > histogram.max) histogram.max = value;
      const bucket = bucketOf(value);
      histogram.buckets.set(bucket, (histogram.buckets.get(bucket) ?? 0) + 1);
    },
    snapshot: () => {
      const out: Record<string, number> = {};
      for (const [name, { value }] of values) out[name] = value;
      for (const [name, histogram] of histograms) describe(name, histogram, out);
      return out;
    },
  };
}

function bucketOf(value: number): number {
  // Values up to the smallest positive bucket share one; a measurement is a duration or a size, never negative.
  return value <= 1e-6 ? -160 : Math.ceil(Math.log2(value) * BUCKETS_PER_OCTAVE);
}

function describe(name: string, histogram: Histogram, out: Record<string, number>): void {
  out[`${name}_count`] = histogram.count;
  out[`${name}_sum`] = histogram.sum;
  out[`${name}_max`] = histogram.max;
  const ordered = [...histogram.buckets].sort(([left], [right]) => left - right);
  for (const percent of [50, 95, 99]) {
    const rank = Math.ceil((histogram.count * percent) / 100);
    let passed = 0;
    let bucket = 0;
    for (const [next, count] of ordered) {
      bucket = next;
      passed += count;
      if (passed >= rank) break;
    }
    out[`${name}_p${percent}`] = Math.min(histogram.max, 2 ** (bucket / BUCKETS_PER_OCTAVE));
  }
}
