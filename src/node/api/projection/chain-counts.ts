import { API_INDEXED_BLOCKS_MAX, API_INTERVAL_BLOCKS, API_RATE_SECONDS } from '../../../limits.ts';
import type { SeriesPoint, SeriesUnit } from '../types.ts';

/** One block as the counters see it. */
export interface CountedBlock {
  readonly number: number;
  readonly timestampMs: number;
  readonly transactions: number;
  readonly reverted: number;
}

/** Rolling counts over the chain: 15 buckets per unit, rates, and where transactions are. */
export interface ChainCounts {
  add(block: CountedBlock): void;
  series(unit: SeriesUnit, nowMs: number): SeriesPoint[];
  transactionsPerSecond(nowMs: number): number;
  blockIntervalMs(): number | null;
  /** The highest block with transactions at or below `number`, undefined when none is remembered. */
  fullBlockAtOrBelow(number: number): FullBlock | undefined;
  /** The lowest block with transactions at or above `number`. */
  fullBlockAtOrAbove(number: number): FullBlock | undefined;
}

export interface FullBlock {
  readonly number: number;
  readonly transactions: number;
}

export const SERIES_POINTS = 15;
const UNIT_MS: Readonly<Record<SeriesUnit, number>> = { minutes: 60_000, hours: 3_600_000, days: 86_400_000 };
const UNITS: readonly SeriesUnit[] = ['minutes', 'hours', 'days'];

interface Bucket {
  transactions: number;
  reverted: number;
  blocks: number;
}

export function createChainCounts(): ChainCounts {
  const buckets: Readonly<Record<SeriesUnit, Map<number, Bucket>>> = { minutes: new Map(), hours: new Map(), days: new Map() };
  const places = createPlaces();
  let recent: { readonly timestampMs: number; readonly transactions: number }[] = [];

  return {
    add(block) {
      for (const unit of UNITS) addToBucket(buckets[unit], Math.floor(block.timestampMs / UNIT_MS[unit]), block);
      const oldestMs = block.timestampMs - API_RATE_SECONDS * 1000;
      recent.push(block);
      if (recent.length > 4 * API_INTERVAL_BLOCKS) {
        recent = recent.filter((known, at) => known.timestampMs > oldestMs || at >= recent.length - API_INTERVAL_BLOCKS);
      }
      if (block.transactions > 0) places.push(block.number, block.transactions);
    },
    series(unit, nowMs) {
      const last = Math.floor(nowMs / UNIT_MS[unit]);
      return Array.from({ length: SERIES_POINTS }, (_, at) => {
        const key = last - SERIES_POINTS + 1 + at;
        return { startMs: key * UNIT_MS[unit], ...(buckets[unit].get(key) ?? { transactions: 0, reverted: 0, blocks: 0 }) };
      });
    },
    transactionsPerSecond(nowMs) {
      const from = nowMs - API_RATE_SECONDS * 1000;
      const count = recent.reduce((sum, block) => sum + (block.timestampMs > from ? block.transactions : 0), 0);
      return count / API_RATE_SECONDS;
    },
    blockIntervalMs() {
      const window = recent.slice(-API_INTERVAL_BLOCKS);
      const [first, last] = [window[0], window.at(-1)];
      if (first === undefined || last === undefined || window.length < 2) return null;
      return (last.timestampMs - first.timestampMs) / (window.length - 1);
    },
    fullBlockAtOrBelow: (number) => places.at(places.countUpTo(number) - 1),
    fullBlockAtOrAbove: (number) => places.at(places.countUpTo(number - 1)),
  };
}

function addToBucket(buckets: Map<number, Bucket>, key: number, block: CountedBlock): void {
  let bucket = buckets.get(key);
  if (bucket === undefined) {
    bucket = { transactions: 0, reverted: 0, blocks: 0 };
    buckets.set(key, bucket);
    // One more than is shown: a block may be dated a little ahead of the clock that asks.
    for (const old of buckets.keys()) if (old < key - SERIES_POINTS) buckets.delete(old);
  }
  bucket.transactions += block.transactions;
  bucket.reverted += block.reverted;
  bucket.blocks += 1;
}

interface Places {
  push(number: number, transactions: number): void;
  /** Remembered blocks with a number of at most `number`. */
  countUpTo(number: number): number;
  at(index: number): FullBlock | undefined;
}

function createPlaces(): Places {
  let numbers = new Uint32Array(1024);
  let counts = new Uint32Array(1024);
  let length = 0;
  const grow = (): void => {
    if (length >= API_INDEXED_BLOCKS_MAX) {
      // Old places go a quarter at a time; their blocks are still on the chain, under their numbers.
      const kept = Math.floor((API_INDEXED_BLOCKS_MAX * 3) / 4);
      numbers.copyWithin(0, length - kept, length);
      counts.copyWithin(0, length - kept, length);
      length = kept;
      return;
    }
    const larger = [new Uint32Array(length * 2), new Uint32Array(length * 2)] as const;
    larger[0].set(numbers);
    larger[1].set(counts);
    [numbers, counts] = larger;
  };
  return {
    push(number, transactions) {
      if (length === numbers.length || length >= API_INDEXED_BLOCKS_MAX) grow();
      numbers[length] = number;
      counts[length] = transactions;
      length += 1;
    },
    countUpTo(number) {
      let low = 0;
      let high = length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((numbers[middle] as number) <= number) low = middle + 1;
        else high = middle;
      }
      return low;
    },
    at(index) {
      if (index < 0 || index >= length) return undefined;
      return { number: numbers[index] as number, transactions: counts[index] as number };
    },
  };
}
