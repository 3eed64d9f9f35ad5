import { DatabaseSync } from 'node:sqlite';
import { setImmediate as othersTurn } from 'node:timers/promises';
import { TreadleError } from '../../../errors.ts';
import { TELEMETRY_EXPIRE_READINGS } from '../../../limits.ts';
import { diskFull } from '../../disk-names.ts';
import { checkReadings, pageOf, type Reading, rangeBounds, type TelemetryStore } from '../../telemetry.ts';
import { isDiskFull } from '../files.ts';

export interface SqliteOptions {
  /** The database file; made when missing. Others may read it at the same time. */
  readonly file: string;
}

// The rows of a metric lie together in the order of time, so that a range is read from one place.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY,
    twin TEXT NOT NULL,
    metric TEXT NOT NULL,
    UNIQUE (twin, metric)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS readings (
    series INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    number REAL,
    text TEXT,
    PRIMARY KEY (series, time_ms)
  ) STRICT, WITHOUT ROWID;`;

interface Row {
  readonly twin: string;
  readonly metric: string;
  readonly time_ms: number;
  readonly number: number | null;
  readonly text: string | null;
}

/**
 * Telemetry in one SQLite file. Batches are durable when they are acknowledged; expired readings give their room back to the disk.
 * @throws TreadleError TELEMETRY_FAILED when the file is not such a database
 */
export function sqliteTelemetry({ file }: SqliteOptions): TelemetryStore {
  const database = guarded(() => {
    const opened = new DatabaseSync(file, { timeout: 5_000 });
    // Set before the first table is made: pages that were emptied can be given back a few at a time.
    opened.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    opened.exec(SCHEMA);
    return opened;
  });
  const prepare = (sql: string) => guarded(() => database.prepare(sql));
  const addSeries = prepare('INSERT OR IGNORE INTO series (twin, metric) VALUES (?, ?)');
  const findSeries = prepare('SELECT id FROM series WHERE twin = ? AND metric = ?');
  const insert = prepare('INSERT OR IGNORE INTO readings VALUES (?, ?, ?, ?)');
  const select = (order: 'ASC' | 'DESC') =>
    prepare(
      `SELECT time_ms, number, text FROM readings WHERE series = ? AND time_ms >= ? AND time_ms < ? ORDER BY time_ms ${order} LIMIT ?`,
    );
  const forward = select('ASC');
  const backward = select('DESC');
  const latest = prepare(
    `SELECT s.metric, r.time_ms, r.number, r.text FROM series s
     JOIN readings r ON r.series = s.id AND r.time_ms = (SELECT max(time_ms) FROM readings WHERE series = s.id)
     WHERE s.twin = ? ORDER BY s.metric`,
  );
  const listSeries = prepare(
    `SELECT twin, metric FROM series WHERE (twin, metric) > (?, ?) AND EXISTS (SELECT 1 FROM readings WHERE series = series.id)
     ORDER BY twin, metric LIMIT ?`,
  );
  const expire = prepare(
    `DELETE FROM readings WHERE (series, time_ms) IN
     (SELECT r.series, r.time_ms FROM series s JOIN readings r ON r.series = s.id WHERE r.time_ms < ? LIMIT ${TELEMETRY_EXPIRE_READINGS})`,
  );
  const pages = prepare('SELECT (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size) AS bytes');

  const seriesId = (twin: string, metric: string): number | undefined =>
    findSeries.get(twin, metric)?.['id'] as number | undefined;

  const insertAll = (readings: readonly Reading[]): number => {
    const known = new Map<string, number>();
    let added = 0;
    for (const { twin, metric, timeMs, value } of readings) {
      const key = `${twin}\u0000${metric}`;
      let id = known.get(key);
      if (id === undefined) {
        addSeries.run(twin, metric);
        id = seriesId(twin, metric) as number;
        known.set(key, id);
      }
      const isText = typeof value === 'string';
      added += Number(insert.run(id, timeMs, isText ? null : value === 0 ? 0 : value, isText ? value : null).changes);
    }
    return added;
  };

  return {
    append: async (readings) => {
      checkReadings(readings);
      return guarded(() => {
        database.exec('BEGIN IMMEDIATE');
        try {
          const added = insertAll(readings);
          database.exec('COMMIT');
          return added;
        } catch (error) {
          if (database.isTransaction) database.exec('ROLLBACK');
          throw error;
        }
      });
    },
    range: async (range) =>
      guarded(() => {
        const { fromMs, toMs, limit } = rangeBounds(range);
        const { twin, metric } = range;
        const id = seriesId(twin, metric);
        const rows = id === undefined ? [] : (range.reverse ? backward : forward).all(id, fromMs, toMs, limit + 1);
        return pageOf(
          range,
          rows.map((row) => readingOf({ ...row, twin, metric } as unknown as Row)),
          limit,
        );
      }),
    latest: async (twin) => guarded(() => latest.all(twin).map((row) => readingOf({ ...row, twin } as unknown as Row))),
    series: async ({ after, limit }) =>
      guarded(() =>
        listSeries.all(after?.twin ?? '', after?.metric ?? '', limit).map((row) => ({
          twin: String(row['twin']),
          metric: String(row['metric']),
        })),
      ),
    expire: async ({ beforeMs }) => {
      let removed = 0;
      for (;;) {
        const { changes } = guarded(() => expire.run(beforeMs));
        removed += Number(changes);
        if (Number(changes) < TELEMETRY_EXPIRE_READINGS) break;
        await othersTurn();
      }
      // The journal is emptied as well: else the room would only move there.
      guarded(() => database.exec('PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);'));
      return removed;
    },
    sizeBytes: async () => guarded(() => Number(pages.get()?.['bytes'])),
    close: async () => {
      if (database.isOpen) database.close();
    },
  };
}

function readingOf({ twin, metric, time_ms, number, text }: Row): Reading {
  return { twin, metric, timeMs: time_ms, value: text ?? (number as number) };
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TreadleError) throw error;
    // SQLITE_FULL, whose message names no errno.
    const { errcode } = error as { readonly errcode?: number };
    if (isDiskFull(error) || errcode === 13) throw diskFull('telemetry', error);
    const reason = error instanceof Error ? error.message : String(error);
    throw new TreadleError('TELEMETRY_FAILED', { detail: `the telemetry database failed: ${reason}`, cause: error });
  }
}
