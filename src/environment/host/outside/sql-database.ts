import type { Pool, PoolClient, QueryConfig } from 'pg';
import { TreadleError } from '../../../errors.ts';
import {
  OUTSIDE_CONNECT_MS,
  OUTSIDE_IDLE_MS,
  OUTSIDE_ROWS_MAX,
  OUTSIDE_SQL_CONNECTIONS_MAX,
  OUTSIDE_SQL_FETCH_ROWS,
} from '../../../limits.ts';
import type { OutsideReading, SqlParameter, SqlSource } from '../../outside.ts';
import type { SqlDatabase } from '../../outside-config.ts';
import { contentTooLarge, type ReadTerms } from '../../outside-gate.ts';
import { trustedBy } from './certificate-file.ts';
import { chosenQuery } from './chosen-query.ts';
import { unreachable } from './unreachable.ts';

export interface SqlReaderOptions {
  readonly database: SqlDatabase;
  /** What the paths of certificates are relative to. */
  readonly folder: string;
  readonly nowMs: () => number;
}

/** A query that is prepared first, so that only one statement fits into it; the types of the driver do not know the switch. */
interface ExtendedQuery extends QueryConfig<SqlParameter[]> {
  readonly queryMode: 'extended';
}

interface Statement {
  readonly query: string;
  readonly parameters: readonly SqlParameter[];
}

/** Reads one PostgreSQL database: one query at a time on each of a few connections, in transactions that cannot write. */
export class SqlReader {
  readonly #options: SqlReaderOptions;
  #pool: Promise<Pool> | undefined;

  constructor(options: SqlReaderOptions) {
    this.#options = options;
  }

  /** @throws TreadleError as {@link Outside.read} */
  async read(source: SqlSource, terms: ReadTerms): Promise<OutsideReading> {
    const { database, nowMs } = this.#options;
    const query = chosenQuery(database, source.query);
    this.#pool ??= this.#open();
    const opening = this.#pool;
    const pool = await opening.catch((error: unknown) => {
      if (this.#pool === opening) this.#pool = undefined;
      throw error;
    });
    const client = await pool.connect().catch((cause: unknown) => {
      throw failure(cause);
    });
    if (terms.signal.aborted) {
      client.release();
      throw new TreadleError('OUTSIDE_TIMEOUT');
    }
    // A connection whose query is given up is closed: nobody knows when it would be free.
    const giveUp = () => client.release(true);
    terms.signal.addEventListener('abort', giveUp, { once: true });
    try {
      const content = await rowsOf(client, { query, parameters: source.parameters ?? [] }, terms);
      return { content, mediaType: 'application/json', observedAtMs: nowMs() };
    } catch (cause) {
      throw failure(cause);
    } finally {
      terms.signal.removeEventListener('abort', giveUp);
      if (!terms.signal.aborted) await release(client);
    }
  }

  async close(): Promise<void> {
    const pool = await this.#pool?.catch(() => undefined);
    await pool?.end();
  }

  async #open(): Promise<Pool> {
    const { database, folder } = this.#options;
    // Loaded when it is needed: most nodes read no database.
    const { default: pg } = await import('pg');
    const trusted = await trustedBy(folder, database.caFile);
    const pool = new pg.Pool({
      host: database.host,
      port: database.port ?? 5432,
      database: database.database,
      user: database.user,
      password: database.password ?? '',
      application_name: 'treadle',
      ssl: database.tls === true ? { rejectUnauthorized: true, ...trusted } : false,
      max: OUTSIDE_SQL_CONNECTIONS_MAX,
      connectionTimeoutMillis: OUTSIDE_CONNECT_MS,
      idleTimeoutMillis: OUTSIDE_IDLE_MS,
      allowExitOnIdle: true,
    });
    // A connection that breaks while nobody uses it: the next read opens another.
    pool.on('error', () => {});
    return pool;
  }
}

/**
 * The rows as JSON that the database itself writes: numbers with all their digits, times in ISO form. A cursor takes nothing
 * but one SELECT or VALUES, and hands out what is asked for only; a row that is too large does not leave the database
 * (OFFSET 0 keeps the planner from writing each row twice).
 */
async function rowsOf(
  client: PoolClient,
  { query, parameters }: Statement,
  { maxBytes, timeoutMicros }: ReadTerms,
): Promise<Uint8Array> {
  await client.query(`BEGIN TRANSACTION READ ONLY; SET LOCAL statement_timeout = ${Math.ceil(timeoutMicros / 1000)}`);
  const text = query.trim().replace(/;\s*$/, '');
  const declaration: ExtendedQuery = {
    text:
      'DECLARE outside NO SCROLL CURSOR FOR SELECT CASE WHEN octet_length(line) <= ' +
      `${maxBytes} THEN line END AS line FROM (SELECT row_to_json(asked)::text AS line FROM (\n${text}\n) AS asked OFFSET 0) AS lines`,
    values: [...parameters],
    queryMode: 'extended',
  };
  await client.query(declaration);
  const rows: string[] = [];
  let length = 2;
  for (;;) {
    const { rows: found } = await client.query<{ readonly line: string | null }>({
      text: `FETCH FORWARD ${OUTSIDE_SQL_FETCH_ROWS} FROM outside`,
    });
    for (const { line } of found) {
      length += (line?.length ?? maxBytes) + 1;
      if (line === null || length > maxBytes || rows.length === OUTSIDE_ROWS_MAX) throw contentTooLarge(maxBytes);
      rows.push(line);
    }
    if (found.length < OUTSIDE_SQL_FETCH_ROWS) return new TextEncoder().encode(`[${rows.join(',')}]`);
  }
}

async function release(client: PoolClient): Promise<void> {
  try {
    await client.query('ROLLBACK');
    client.release();
  } catch {
    client.release(true);
  }
}

/** What went wrong, without what a driver or a database tells of users and addresses. */
function failure(cause: unknown): TreadleError {
  if (cause instanceof TreadleError) return cause;
  const { code, severity, message } = cause as {
    readonly code?: unknown;
    readonly severity?: unknown;
    readonly message?: unknown;
  };
  // Only what the database itself says has a severity.
  const state = typeof code === 'string' && typeof severity === 'string' ? code : undefined;
  if (state === undefined || state.startsWith('08') || state.startsWith('57P') || state === '53300')
    return unreachable('the database', cause);
  if (state === '57014') return new TreadleError('OUTSIDE_TIMEOUT', { detail: 'the query took too long', cause });
  // Class 42 speaks of the query's own text.
  const why = state.startsWith('42') ? `: ${String(message)}` : '';
  return new TreadleError('OUTSIDE_REFUSED', {
    detail: `the database refused the query (${state})${why}`,
    data: { state },
    cause,
  });
}
