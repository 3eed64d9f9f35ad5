import { checkReadings, pageOf, type Reading, rangeBounds, type TelemetryStore } from './telemetry.ts';

/** A telemetry store in memory: for the simulator and for tests. */
export function memoryTelemetry(): TelemetryStore {
  /** Readings by time, by twin and metric. */
  const known = new Map<string, Map<number, Reading>>();
  const keyOf = (twin: string, metric: string): string => `${twin}\u0000${metric}`;
  const inOrder = (): readonly (readonly [string, Map<number, Reading>])[] =>
    [...known].sort(([left], [right]) => byBytes(left, right));
  const timesOf = (readings: ReadonlyMap<number, Reading>): number[] => [...readings.keys()].sort((left, right) => left - right);
  return {
    append: async (readings) => {
      checkReadings(readings);
      let added = 0;
      for (const { twin, metric, timeMs, value } of readings) {
        const key = keyOf(twin, metric);
        const series = known.get(key) ?? new Map<number, Reading>();
        known.set(key, series);
        if (series.has(timeMs)) continue;
        series.set(timeMs, { twin, metric, timeMs, value: value === 0 ? 0 : value });
        added++;
      }
      return added;
    },
    range: async (range) => {
      const { fromMs, toMs, limit } = rangeBounds(range);
      const series = known.get(keyOf(range.twin, range.metric)) ?? new Map<number, Reading>();
      const times = timesOf(series).filter((timeMs) => timeMs >= fromMs && timeMs < toMs);
      if (range.reverse) times.reverse();
      return pageOf(
        range,
        times.slice(0, limit + 1).map((timeMs) => series.get(timeMs) as Reading),
        limit,
      );
    },
    latest: async (twin) =>
      inOrder()
        .filter(([key]) => key.startsWith(`${twin}\u0000`))
        .map(([, series]) => series.get(timesOf(series).at(-1) as number) as Reading),
    series: async ({ after, limit }) => {
      const from = after && keyOf(after.twin, after.metric);
      return inOrder()
        .filter(([key]) => from === undefined || byBytes(key, from) > 0)
        .slice(0, limit)
        .map(([key]) => {
          const [twin = '', metric = ''] = key.split('\u0000');
          return { twin, metric };
        });
    },
    expire: async ({ beforeMs }) => {
      let removed = 0;
      for (const [key, series] of known) {
        for (const timeMs of series.keys()) if (timeMs < beforeMs && series.delete(timeMs)) removed++;
        if (series.size === 0) known.delete(key);
      }
      return removed;
    },
    sizeBytes: async () => {
      let sizeBytes = 0;
      for (const series of known.values())
        for (const { value } of series.values()) sizeBytes += 16 + (typeof value === 'string' ? value.length : 0);
      return sizeBytes;
    },
    close: async () => {},
  };
}

/** The order of UTF-8 bytes, which is that of code points and not that of JavaScript's strings. */
function byBytes(left: string, right: string): number {
  const [a, b] = [new TextEncoder().encode(left), new TextEncoder().encode(right)];
  for (let at = 0; at < Math.min(a.length, b.length); at++) if (a[at] !== b[at]) return (a[at] as number) - (b[at] as number);
  return a.length - b.length;
}
