import pg from 'pg';
import { TreadleError } from '../../../errors.ts';
import {
  TELEMETRY_CONNECT_MS,
  TELEMETRY_CONNECTIONS_MAX,
  TELEMETRY_PARTITION_MS,
  TELEMETRY_PARTITIONS_MAX,
} from '../../../limits.ts';
import { diskFull } from '../../disk-names.ts';
import type { Logger } from '../../environment.ts';
import { checkReadings, pageOf, type Reading, rangeBounds, type TelemetryStore } from '../../telemetry.ts';

export interface PostgresOptions {
  /** e.g. `postgres://user:password@host:5432/plant`. */
  readonly connectionString: string;
  /** Where the tables are; made when missing. Default `treadle_telemetry`. */
  readonly schema?: string;
  readonly log: Logger;
}

/**
 * Telemetry in PostgreSQL: partitions by time, each of which expiry drops as a whole; a hypertable where the database has the
 * extension TimescaleDB.
 * @throws TreadleError TELEMETRY_UNREACHABLE | TELEMETRY_FAILED
 */
export async function postgresTelemetry({
  connectionString,
  schema = 'treadle_telemetry',
  log,
}: PostgresOptions): Promise<TelemetryStore> {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema))
    throw new TreadleError('TELEMETRY_FAILED', { detail: `"${schema.slice(0, 80)}" cannot name a schema` });
  const pool = new pg.Pool({
    connectionString,
    max: TELEMETRY_CONNECTIONS_MAX,
    connectionTimeoutMillis: TELEMETRY_CONNECT_MS,
    application_name: 'treadle',
  });
  // A connection that breaks while nobody uses it is replaced by the next query.
  pool.on('error', (error) => log.warn('telemetry_connection_lost', { error: error.message }));
  const query = async (text: string, values: readonly unknown[] = []): Promise<readonly Row[]> =>
    (await guarded(pool.query(text, [...values]))).rows as Row[];
  try {
    const timescale = (await query("SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'")).length > 0;
    await makeTables(query, schema, timescale);
    return timescale
      ? store(pool, query, { schema, ...hypertable(query, schema) })
      : store(pool, query, { schema, ...partitions(query, schema) });
  } catch (error) {
    await pool.end();
    throw error;
  }
}

type Row = Readonly<Record<string, unknown>>;
type Query = (text: string, values?: readonly unknown[]) => Promise<readonly Row[]>;

/** How the room of readings is made and given back. */
interface Room {
  /** Sees to it that readings of these times can be stored. */
  prepare(times: readonly number[]): Promise<void>;
  /** Gives back what holds nothing but older readings; returns how many it held. */
  drop(beforeMs: number): Promise<number>;
}

async function makeTables(query: Query, schema: string, timescale: boolean): Promise<void> {
  await query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
  // The order of bytes, as everywhere; that of a language would differ from machine to machine.
  await query(
    `CREATE TABLE IF NOT EXISTS ${schema}.series (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     twin TEXT COLLATE "C" NOT NULL, metric TEXT COLLATE "C" NOT NULL, UNIQUE (twin, metric))`,
  );
  await query(
    `CREATE TABLE IF NOT EXISTS ${schema}.readings (series BIGINT NOT NULL, time_ms BIGINT NOT NULL, number DOUBLE PRECISION,
     text TEXT, PRIMARY KEY (series, time_ms))${timescale ? '' : ' PARTITION BY RANGE (time_ms)'}`,
  );
  if (!timescale) return;
  await query('CREATE EXTENSION IF NOT EXISTS timescaledb');
  await query(
    `SELECT create_hypertable('${schema}.readings', 'time_ms', chunk_time_interval => ${TELEMETRY_PARTITION_MS}::bigint, if_not_exists => true)`,
  );
}

function hypertable(query: Query, schema: string): Room {
  return {
    prepare: async () => {},
    drop: async (beforeMs) => {
      const count = `SELECT count(*) AS count FROM ${schema}.readings WHERE time_ms < $1`;
      const before = Number((await query(count, [beforeMs]))[0]?.['count']);
      await query(`SELECT drop_chunks('${schema}.readings', older_than => ${Math.floor(beforeMs)}::bigint)`);
      return before - Number((await query(count, [beforeMs]))[0]?.['count']);
    },
  };
}

function partitions(query: Query, schema: string): Room {
  const known = new Set<number>();
  const nameOf = (number: number): string => `${schema}.readings_${number}`;
  const listed = async (): Promise<readonly number[]> => {
    const rows = await query(
      `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = '${schema}.readings'::regclass`,
    );
    return rows.map((row) => Number(String(row['name']).replace('readings_', '')));
  };
  return {
    prepare: async (times) => {
      for (const number of new Set(times.map((timeMs) => Math.floor(timeMs / TELEMETRY_PARTITION_MS)))) {
        if (known.has(number)) continue;
        for (const each of await listed()) known.add(each);
        if (!known.has(number) && known.size >= TELEMETRY_PARTITIONS_MAX)
          throw new TreadleError('TELEMETRY_FAILED', {
            detail: `readings spread over more than ${TELEMETRY_PARTITIONS_MAX} partitions of time`,
          });
        const from = number * TELEMETRY_PARTITION_MS;
        await query(
          `CREATE TABLE IF NOT EXISTS ${nameOf(number)} PARTITION OF ${schema}.readings FOR VALUES FROM (${from}) TO (${from + TELEMETRY_PARTITION_MS})`,
        );
        known.add(number);
      }
    },
    drop: async (beforeMs) => {
      let removed = 0;
      for (const number of await listed()) {
        if ((number + 1) * TELEMETRY_PARTITION_MS > beforeMs) continue;
        removed += Number((await query(`SELECT count(*) AS count FROM ${nameOf(number)}`))[0]?.['count']);
        await query(`DROP TABLE ${nameOf(number)}`);
        known.delete(number);
      }
      return removed;
    },
  };
}

function store(pool: pg.Pool, query: Query, { schema, prepare, drop }: Room & { readonly schema: string }): TelemetryStore {
  const select = (order: 'ASC' | 'DESC'): string =>
    `SELECT s.twin, s.metric, r.time_ms, r.number, r.text FROM ${schema}.readings r JOIN ${schema}.series s ON s.id = r.series
     WHERE s.twin = $1 AND s.metric = $2 AND r.time_ms >= $3 AND r.time_ms < $4 ORDER BY r.time_ms ${order} LIMIT $5`;
  return {
    append: async (readings) => {
      checkReadings(readings);
      if (readings.length === 0) return 0;
      await prepare(readings.map(({ timeMs }) => timeMs));
      const client = await guarded(pool.connect());
      try {
        return await guarded(insertAll(client, schema, readings));
      } finally {
        client.release();
      }
    },
    range: async (range) => {
      const { fromMs, toMs, limit } = rangeBounds(range);
      const { twin, metric, reverse } = range;
      const rows = await query(select(reverse ? 'DESC' : 'ASC'), [twin, metric, fromMs, toMs, limit + 1]);
      return pageOf(range, rows.map(readingOf), limit);
    },
    latest: async (twin) => {
      const rows = await query(
        `SELECT s.twin, s.metric, r.* FROM ${schema}.series s JOIN LATERAL
         (SELECT time_ms, number, text FROM ${schema}.readings WHERE series = s.id ORDER BY time_ms DESC LIMIT 1) r ON true
         WHERE s.twin = $1 ORDER BY s.metric`,
        [twin],
      );
      return rows.map(readingOf);
    },
    series: async ({ after, limit }) => {
      const rows = await query(
        `SELECT twin, metric FROM ${schema}.series s WHERE (twin, metric) > ($1, $2)
         AND EXISTS (SELECT 1 FROM ${schema}.readings WHERE series = s.id) ORDER BY twin, metric LIMIT $3`,
        [after?.twin ?? '', after?.metric ?? '', limit],
      );
      return rows.map((row) => ({ twin: String(row['twin']), metric: String(row['metric']) }));
    },
    expire: async ({ beforeMs }) => {
      const dropped = await drop(beforeMs);
      const rows = await query(
        `WITH gone AS (DELETE FROM ${schema}.readings WHERE time_ms < $1 RETURNING 1) SELECT count(*) AS count FROM gone`,
        [beforeMs],
      );
      return dropped + Number(rows[0]?.['count']);
    },
    sizeBytes: async () => {
      const rows = await query(
        `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) AS bytes FROM pg_class c
         WHERE c.relkind IN ('r', 'p') AND (c.relnamespace = '${schema}'::regnamespace OR c.oid IN
         (SELECT inhrelid FROM pg_inherits WHERE inhparent = '${schema}.readings'::regclass))`,
      );
      return Number(rows[0]?.['bytes']);
    },
    close: () => pool.end(),
  };
}

async function insertAll(client: pg.PoolClient, schema: string, readings: readonly Reading[]): Promise<number> {
  const columns = [
    readings.map(({ twin }) => twin),
    readings.map(({ metric }) => metric),
    readings.map(({ timeMs }) => timeMs),
    readings.map(({ value }) => (typeof value === 'string' ? null : value === 0 ? 0 : value)),
    readings.map(({ value }) => (typeof value === 'string' ? value : null)),
  ];
  await client.query('BEGIN');
  try {
    // In one order, so that two batches do not wait for each other in a circle.
    await client.query(
      `INSERT INTO ${schema}.series (twin, metric) SELECT DISTINCT t COLLATE "C", m COLLATE "C" FROM unnest($1::text[], $2::text[]) AS u(t, m)
       ORDER BY 1, 2 ON CONFLICT DO NOTHING`,
      columns.slice(0, 2),
    );
    const { rowCount } = await client.query(
      `INSERT INTO ${schema}.readings SELECT s.id, u.time_ms, u.number, u.text
       FROM unnest($1::text[], $2::text[], $3::bigint[], $4::float8[], $5::text[]) WITH ORDINALITY AS u(twin, metric, time_ms, number, text, at)
       JOIN ${schema}.series s ON s.twin = u.twin AND s.metric = u.metric ORDER BY u.at ON CONFLICT DO NOTHING`,
      columns,
    );
    await client.query('COMMIT');
    return rowCount ?? 0;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

function readingOf(row: Row): Reading {
  const { twin, metric, time_ms, number, text } = row;
  return { twin: String(twin), metric: String(metric), timeMs: Number(time_ms), value: (text ?? number) as string | number };
}

/** PostgreSQL's own refusals have a five-character code; everything else is a connection that could not be made or broke. */
async function guarded<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof TreadleError) throw error;
    const { code, message } = error as { readonly code?: string; readonly message?: string };
    if (code === '53100') throw diskFull('telemetry', error);
    const isRefusal = error instanceof pg.DatabaseError && code !== undefined && !/^(08|28|3D|57P)/.test(code);
    const reason = message || code || String(error);
    if (isRefusal)
      throw new TreadleError('TELEMETRY_FAILED', { detail: `the telemetry database refused: ${reason}`, cause: error });
    throw new TreadleError('TELEMETRY_UNREACHABLE', { detail: `the telemetry database cannot be used: ${reason}`, cause: error });
  }
}
