import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TELEMETRY_BATCH_READINGS_MAX, TELEMETRY_PAGE_READINGS, TELEMETRY_TEXT_BYTES_MAX } from '../../limits.ts';
import { memoryTelemetry } from '../memory-telemetry.ts';
import type { Reading, ReadingRange, TelemetryStore } from '../telemetry.ts';

/** How the suite drives an implementation. */
export interface TelemetryWorld {
  /** An empty store; the one opened before is closed. */
  open(): Promise<TelemetryStore>;
  /** Closes the store and opens it on what it kept; undefined where nothing is kept. */
  reopen?(): Promise<TelemetryStore>;
  close(): Promise<void>;
}

const DAY_MS = 24 * 3_600_000;

/** The suite that every telemetry store passes. */
export function telemetryContract(name: string, makeWorld: () => Promise<TelemetryWorld>): void {
  describe(`telemetry contract: ${name}`, () => {
    let world: TelemetryWorld;
    beforeAll(async () => {
      world = await makeWorld();
    });
    afterAll(() => world?.close());

    it('gives back what was appended, in order of time, page by page, both ways', async () => {
      const store = await world.open();
      const times = Array.from({ length: 50 }, (_, at) => (at * 37) % 50);
      expect(await store.append(times.map((timeMs) => temperature(timeMs)))).toBe(50);
      await store.append([
        { ...temperature(7), twin: 'press-2' },
        { ...temperature(7), metric: 'pressure' },
      ]);
      const range = { twin: 'press-1', metric: 'temperature' };
      expect(await all(store, range)).toEqual(Array.from({ length: 50 }, (_, timeMs) => temperature(timeMs)));
      expect(await all(store, { ...range, fromMs: 10, toMs: 31, limit: 7 })).toEqual(
        Array.from({ length: 21 }, (_, at) => temperature(10 + at)),
      );
      expect(await all(store, { ...range, toMs: 31, reverse: true, limit: 4 })).toEqual(
        Array.from({ length: 31 }, (_, at) => temperature(30 - at)),
      );
      expect(await store.range({ ...range, twin: 'nobody' })).toEqual({ readings: [] });
    });

    it('keeps numbers and texts exactly as they are', async () => {
      const store = await world.open();
      const values = [
        0,
        -0,
        1,
        -1.5,
        0.1,
        2 ** 53,
        Number.MIN_VALUE,
        Number.MAX_VALUE,
        -Number.MAX_VALUE,
        '',
        'grün 🙂',
        "'; DROP TABLE",
        '12',
      ];
      values.push('x'.repeat(TELEMETRY_TEXT_BYTES_MAX));
      await store.append(values.map((value, at) => ({ twin: "o'brien", metric: 'any "thing"', timeMs: at, value })));
      const { readings } = await store.range({ twin: "o'brien", metric: 'any "thing"' });
      expect(readings.map(({ value }) => value)).toEqual(values.map((value) => (value === 0 ? 0 : value)));
    });

    it('lets the first reading of a time stand, so that a batch may be given again', async () => {
      const store = await world.open();
      expect(await store.append([temperature(1), temperature(2), temperature(2)])).toBe(2);
      expect(await store.append([{ ...temperature(2), value: 99 }, temperature(3)])).toBe(1);
      expect(await all(store, temperature(0))).toEqual([1, 2, 3].map(temperature));
      expect(await store.append([])).toBe(0);
    });

    it('stores all of a batch or nothing, and says what is wrong', async () => {
      const store = await world.open();
      const wrong: readonly (readonly [Partial<Reading>, string])[] = [
        [{ twin: '' }, 'twin'],
        [{ twin: 'x'.repeat(257) }, 'twin'],
        [{ metric: 'a\u0000b' }, 'metric'],
        [{ metric: '\ud800' }, 'metric'],
        [{ timeMs: -1 }, 'time'],
        [{ timeMs: 0.5 }, 'time'],
        [{ timeMs: 2 ** 52 }, 'time'],
        [{ value: Number.NaN }, 'finite'],
        [{ value: Number.POSITIVE_INFINITY }, 'finite'],
        [{ value: 'é'.repeat(TELEMETRY_TEXT_BYTES_MAX / 2 + 1) }, 'value'],
      ];
      for (const [change, words] of wrong) {
        const batch = [temperature(1), { ...temperature(2), ...change }];
        await expect(store.append(batch)).rejects.toMatchObject({
          code: 'TELEMETRY_INVALID',
          data: { at: 1 },
          message: expect.stringContaining(words),
        });
      }
      const large = Array.from({ length: TELEMETRY_BATCH_READINGS_MAX + 1 }, (_, at) => temperature(at));
      await expect(store.append(large)).rejects.toMatchObject({ code: 'TELEMETRY_INVALID' });
      expect(await all(store, temperature(0))).toEqual([]);
    });

    it('knows the latest reading of each metric, and which metrics there are', async () => {
      const store = await world.open();
      const metrics = ['Ä', 'a', 'b', 'Z', '🙂', '\uffee'];
      for (const metric of metrics)
        await store.append([5, 9, 7].map((timeMs) => ({ ...temperature(timeMs), metric, value: `${metric}${timeMs}` })));
      await store.append([{ ...temperature(1), twin: 'other' }]);
      const latest = await store.latest('press-1');
      // In the order of UTF-8 bytes.
      expect(latest.map(({ metric }) => metric)).toEqual(['Z', 'a', 'b', 'Ä', '\uffee', '🙂']);
      expect(latest.every(({ metric, timeMs, value }) => timeMs === 9 && value === `${metric}9`)).toBe(true);
      expect(await store.latest('nobody')).toEqual([]);
      const first = await store.series({ limit: 3 });
      expect(first).toEqual([
        { twin: 'other', metric: 'temperature' },
        ...['Z', 'a'].map((metric) => ({ twin: 'press-1', metric })),
      ]);
      expect(await store.series({ after: { twin: 'press-1', metric: 'a' }, limit: 2 })).toEqual(
        ['b', 'Ä'].map((metric) => ({ twin: 'press-1', metric })),
      );
    });

    it('bounds its pages', async () => {
      const store = await world.open();
      const batch = Array.from({ length: TELEMETRY_PAGE_READINGS + 1 }, (_, at) => temperature(at));
      await store.append(batch);
      const page = await store.range({ ...temperature(0), limit: 1_000_000 });
      expect(page.readings).toHaveLength(TELEMETRY_PAGE_READINGS);
      expect(page.next).toMatchObject({ fromMs: TELEMETRY_PAGE_READINGS });
    });

    it('forgets what is older and gives the room back', async () => {
      const store = await world.open();
      // A hundred days, of which ninety go.
      for (let day = 0; day < 100; day += 10) {
        const batch = Array.from({ length: 3_000 }, (_, at) => ({
          ...temperature(day * DAY_MS + at * 10_000),
          value: `reading ${at}`.padEnd(40),
        }));
        await store.append(batch);
      }
      const before = await store.sizeBytes();
      expect(await store.expire({ beforeMs: 90 * DAY_MS })).toBe(27_000);
      expect(await store.expire({ beforeMs: 90 * DAY_MS })).toBe(0);
      expect(await store.sizeBytes()).toBeLessThan(before / 3);
      const left = await all(store, temperature(0));
      expect(left).toHaveLength(3_000);
      expect(left[0]?.timeMs).toBe(90 * DAY_MS);
      expect(await store.expire({ beforeMs: 91 * DAY_MS })).toBe(3_000);
      expect(await store.series({ limit: 10 })).toEqual([]);
    });

    it('answers as the store in memory does', async () => {
      const label = fc.constantFrom('a', 'b', 'c');
      const reading = fc.record({
        twin: label,
        metric: label,
        timeMs: fc.integer({ min: 0, max: 30 }),
        value: fc.oneof(
          fc.integer(),
          fc.string({ maxLength: 4 }).map((text) => text.replaceAll('\u0000', '')),
        ),
      });
      const steps = fc.array(
        fc.oneof(
          { weight: 5, arbitrary: fc.array(reading, { maxLength: 20 }) },
          { weight: 1, arbitrary: fc.integer({ min: 0, max: 20 }) },
        ),
        { maxLength: 6 },
      );
      await fc.assert(
        fc.asyncProperty(steps, fc.integer({ min: 1, max: 6 }), fc.boolean(), async (program, limit, reverse) => {
          const [store, model] = [await world.open(), memoryTelemetry()];
          for (const step of program) {
            if (typeof step === 'number')
              expect(await store.expire({ beforeMs: step })).toBe(await model.expire({ beforeMs: step }));
            else expect(await store.append(step)).toBe(await model.append(step));
          }
          const range = { twin: 'a', metric: 'b', limit, reverse, fromMs: 3 };
          expect(await all(store, range)).toEqual(await all(model, range));
          expect(await store.latest('a')).toEqual(await model.latest('a'));
          expect(await store.series({ limit: 5 })).toEqual(await model.series({ limit: 5 }));
        }),
        { numRuns: 12 },
      );
    });

    it('keeps what it acknowledged when it is opened again', async () => {
      await (await world.open()).append([temperature(1), temperature(2)]);
      if (world.reopen === undefined) return;
      const store = await world.reopen();
      expect(await all(store, temperature(0))).toEqual([1, 2].map(temperature));
      expect(await store.append([temperature(2), temperature(3)])).toBe(1);
    });
  });
}

function temperature(timeMs: number): Reading {
  return { twin: 'press-1', metric: 'temperature', timeMs, value: 20 + timeMs / 8 };
}

/** All pages of a range. */
async function all(store: TelemetryStore, range: ReadingRange): Promise<Reading[]> {
  const found: Reading[] = [];
  const { twin, metric, fromMs, toMs, reverse, limit } = range;
  let next: ReadingRange | undefined = {
    twin,
    metric,
    ...(fromMs !== undefined && { fromMs }),
    ...(toMs !== undefined && { toMs }),
    ...(reverse !== undefined && { reverse }),
    ...(limit !== undefined && { limit }),
  };
  while (next !== undefined) {
    const page: Awaited<ReturnType<TelemetryStore['range']>> = await store.range(next);
    found.push(...page.readings);
    next = page.next;
  }
  return found;
}
