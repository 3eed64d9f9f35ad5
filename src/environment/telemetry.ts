import { TreadleError } from '../errors.ts';
import {
  TELEMETRY_BATCH_READINGS_MAX,
  TELEMETRY_NAME_BYTES_MAX,
  TELEMETRY_PAGE_READINGS,
  TELEMETRY_TEXT_BYTES_MAX,
} from '../limits.ts';
import './errors.ts';

/** One value of one metric of one twin at one time. */
export interface Reading {
  readonly twin: string;
  readonly metric: string;
  /** Since the Unix epoch; 0 to {@link TIME_MS_MAX}. */
  readonly timeMs: number;
  /** A finite number (-0 counts as 0), or a text of at most TELEMETRY_TEXT_BYTES_MAX bytes without U+0000. */
  readonly value: number | string;
}

/** Latest time of a reading: the end of the year 9999. */
export const TIME_MS_MAX = 253_402_300_799_999;

/** Readings of one metric of one twin, in order of time. */
export interface ReadingRange {
  readonly twin: string;
  readonly metric: string;
  /** Inclusive. */
  readonly fromMs?: number;
  /** Exclusive. */
  readonly toMs?: number;
  /** The latest first. */
  readonly reverse?: boolean;
  /** Most readings of the page; default and most: TELEMETRY_PAGE_READINGS. */
  readonly limit?: number;
}

export interface ReadingPage {
  readonly readings: readonly Reading[];
  /** The range of what comes after this page; absent when nothing does. */
  readonly next?: ReadingRange;
}

/** A metric of a twin of which there are readings. */
export interface Series {
  readonly twin: string;
  readonly metric: string;
}

/** The owner's own readings, to be queried. At most one reading per twin, metric and time: the first one stands. */
export interface TelemetryStore {
  /**
   * Stores a batch, all of it or nothing; durable when it resolves. What is there already stays as it is, so a batch may be
   * given again. Returns how many readings were new.
   * @throws TreadleError TELEMETRY_INVALID | TELEMETRY_UNREACHABLE | TELEMETRY_FAILED | DISK_FULL
   */
  append(readings: readonly Reading[]): Promise<number>;
  range(range: ReadingRange): Promise<ReadingPage>;
  /** The latest reading of each metric of a twin, in order of metric. */
  latest(twin: string): Promise<readonly Reading[]>;
  /** In order of twin and metric (by UTF-8 bytes), those behind `after`. */
  series(page: { readonly after?: Series; readonly limit: number }): Promise<readonly Series[]>;
  /** Removes all readings older than this and gives their room back. Returns how many. */
  expire(before: { readonly beforeMs: number }): Promise<number>;
  /** Bytes that the readings take. */
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}

const encoder = new TextEncoder();

/** Whether a text survives every store: well-formed, without U+0000 and within the bound. */
function isStorable(text: unknown, bytesMax: number): text is string {
  if (typeof text !== 'string' || text.includes('\u0000') || !text.isWellFormed()) return false;
  return text.length <= bytesMax && encoder.encode(text).length <= bytesMax;
}

/** What is wrong with a reading, in words; undefined when nothing is. */
export function readingFault({ twin, metric, timeMs, value }: Reading): string | undefined {
  if (!isStorable(twin, TELEMETRY_NAME_BYTES_MAX) || twin === '') return 'its twin is not a name';
  if (!isStorable(metric, TELEMETRY_NAME_BYTES_MAX) || metric === '') return 'its metric is not a name';
  if (!Number.isSafeInteger(timeMs) || timeMs < 0 || timeMs > TIME_MS_MAX) return `its time ${timeMs} is not one in milliseconds`;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `its value ${value} is not finite`;
  return isStorable(value, TELEMETRY_TEXT_BYTES_MAX) ? undefined : 'its value is neither a number nor a storable text';
}

/** @throws TreadleError TELEMETRY_INVALID naming the first reading that cannot be stored */
export function checkReadings(readings: readonly Reading[]): void {
  if (readings.length > TELEMETRY_BATCH_READINGS_MAX) {
    const detail = `a batch of ${readings.length} readings is larger than ${TELEMETRY_BATCH_READINGS_MAX}`;
    throw new TreadleError('TELEMETRY_INVALID', { detail, data: { count: readings.length } });
  }
  for (const [at, reading] of readings.entries()) {
    const fault = readingFault(reading);
    if (fault !== undefined)
      throw new TreadleError('TELEMETRY_INVALID', { detail: `reading ${at} of the batch: ${fault}`, data: { at } });
  }
}

/** The bounds of a range as every store takes them. */
export interface RangeBounds {
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
}

export function rangeBounds({ fromMs = 0, toMs = TIME_MS_MAX + 1, limit = TELEMETRY_PAGE_READINGS }: ReadingRange): RangeBounds {
  return { fromMs, toMs, limit: Math.max(1, Math.min(limit, TELEMETRY_PAGE_READINGS)) };
}

/** A page out of readings of which one more was asked for than fits. */
export function pageOf(range: ReadingRange, readings: readonly Reading[], limit: number): ReadingPage {
  if (readings.length <= limit) return { readings };
  const page = readings.slice(0, limit);
  const last = (page.at(-1) as Reading).timeMs;
  return { readings: page, next: { ...range, ...(range.reverse ? { toMs: last } : { fromMs: last + 1 }) } };
}
