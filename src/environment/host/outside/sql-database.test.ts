import { chmod, chown, copyFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OUTSIDE_ROWS_MAX } from '../../../limits.ts';
import type { SqlParameter, SqlSource } from '../../outside.ts';
import { HAS_POSTGRES, type PostgresServer, startPostgres } from '../testing/postgres-server.ts';
import { type OutsideBench, openBench } from './testing/outside-bench.ts';
import { HAS_OPENSSL, selfSigned } from './testing/self-signed.ts';

if (!HAS_POSTGRES) console.warn('PostgreSQL is not installed: the tests of SQL sources are skipped');

const QUERIES = {
  mean: 'select machine, avg(celsius)::float8 as mean from readings where machine = $1 group by machine order by machine;',
  all: 'select * from readings order by at',
  flood: 'select n from generate_series(1, 1000000) n',
};

describe.skipIf(!HAS_POSTGRES)('a SQL source, read from a PostgreSQL server', () => {
  let server: PostgresServer;
  let bench: OutsideBench;

  beforeAll(async () => {
    server = await startPostgres();
    const owner = new pg.Client({ connectionString: server.url });
    await owner.connect();
    await owner.query(`
      create table readings (machine text, at timestamptz, celsius numeric, count bigint);
      insert into readings values ('oven', '2026-01-01T00:00:00Z', 21.50, 9007199254740993),
        ('oven', '2026-01-01T00:00:01Z', 22.5, 2), ('press', '2026-01-01T00:00:02Z', 40, 3);
      create role reader login password 'reading';
      grant select, insert on readings to reader`);
    // The server lets everybody in; the reader has to show its password.
    const { rows } = await owner.query<{ readonly hba_file: string }>('show hba_file');
    await owner.query(`
      copy (values ('host all reader 127.0.0.1/32 scram-sha-256'), ('host all all 127.0.0.1/32 trust')) to '${rows[0]?.hba_file}'`);
    await owner.query('select pg_reload_conf()');
    await owner.end();
    const port = Number(new URL(server.url).port);
    const common = { host: '127.0.0.1', port, database: 'postgres', user: 'reader', password: 'reading' };
    bench = await openBench({
      databases: {
        plant: { ...common, queries: QUERIES },
        open: { ...common, anyQuery: true },
        stranger: { ...common, password: 'guessed', anyQuery: true },
        absent: { ...common, port: 1, anyQuery: true },
      },
    });
  }, 60_000);

  afterAll(async () => {
    await bench?.close();
    await server?.stop();
  });

  const sql = (database: string, query: string, ...parameters: SqlParameter[]): SqlSource => ({
    kind: 'sql',
    database,
    query,
    parameters,
  });
  const failure = async (source: SqlSource, options = {}): Promise<unknown> =>
    bench.read(source, options).catch((error: unknown) => error);

  it('answers the rows of a named query, with all digits and parameters', async () => {
    expect(await bench.json(sql('plant', 'mean', 'oven'))).toEqual([{ machine: 'oven', mean: 22 }]);
    expect(await bench.json(sql('plant', 'mean', 'nothing'))).toEqual([]);
    const reading = await bench.read(sql('plant', 'all'));
    expect(reading.mediaType).toBe('application/json');
    expect(new TextDecoder().decode(reading.content)).toContain('"celsius":21.50,"count":9007199254740993');
  });

  it('answers any query only where the configuration says so', async () => {
    expect(await failure(sql('plant', 'select 1 as one'))).toMatchObject({ code: 'OUTSIDE_NOT_ALLOWED' });
    expect(await failure(sql('nobody', 'all'))).toMatchObject({ code: 'OUTSIDE_NOT_ALLOWED' });
    expect(
      await bench.json(sql('open', 'select $1::int + 1 as next, $2::bool as yes, $3::text as nothing -- remark', 41, true, null)),
    ).toEqual([{ next: 42, yes: true, nothing: null }]);
  });

  it('never writes, whatever the query is and its user may do', async () => {
    const attempts = [
      "insert into readings values ('oven', now(), 1, 1)",
      "with added as (insert into readings values ('oven', now(), 1, 1) returning *) select * from added",
      "select 1; insert into readings values ('oven', now(), 1, 1)",
      "select 1) as asked) as lines; commit; insert into readings values ('oven', now(), 1, 1) --",
      'commit',
      'create table mine (x int)',
      "copy readings to '/tmp/readings'",
      'select nextval(pg_get_serial_sequence($$readings$$, $$count$$)); set transaction read write',
    ];
    for (const attempt of attempts)
      expect(await failure(sql('open', attempt)), attempt).toMatchObject({ code: 'OUTSIDE_REFUSED' });
    expect(await bench.json(sql('open', 'select count(*) from readings'))).toEqual([{ count: 3 }]);
  });

  it('stops a query that takes too long, and is ready for the next', async () => {
    expect(await failure(sql('open', 'select pg_sleep(30)'), { timeoutMicros: 300_000 })).toMatchObject({
      code: 'OUTSIDE_TIMEOUT',
    });
    expect(await bench.json(sql('open', 'select 1 as one'))).toEqual([{ one: 1 }]);
  });

  it('does not take more rows or bytes than allowed', async () => {
    expect(await failure(sql('plant', 'flood'))).toMatchObject({ code: 'OUTSIDE_TOO_LARGE' });
    expect(await failure(sql('plant', 'all'), { maxBytes: 100 })).toMatchObject({ code: 'OUTSIDE_TOO_LARGE' });
    expect(await failure(sql('open', "select repeat('x', 5000000) as much"))).toMatchObject({ code: 'OUTSIDE_TOO_LARGE' });
    const rows = await bench.json(sql('open', `select n from generate_series(1, ${OUTSIDE_ROWS_MAX}) n`));
    expect(rows).toHaveLength(OUTSIDE_ROWS_MAX);
  });

  it.skipIf(!HAS_OPENSSL)('speaks TLS with a server whose certificate is trusted', async () => {
    const owner = new pg.Client({ connectionString: server.url });
    await owner.connect();
    const { rows } = await owner.query<{ readonly data_directory: string }>('show data_directory');
    await selfSigned(bench.folder);
    await giveCertificate(bench.folder, rows[0]?.data_directory as string);
    for (const setting of ["ssl_cert_file = 'cert.pem'", "ssl_key_file = 'key.pem'", 'ssl = on'])
      await owner.query(`alter system set ${setting}`);
    await owner.query('select pg_reload_conf()');
    await owner.end();
    const tls = {
      host: '127.0.0.1',
      port: Number(new URL(server.url).port),
      database: 'postgres',
      user: 'treadle',
      anyQuery: true,
      tls: true,
    };
    const databases = { known: { ...tls, caFile: 'cert.pem' }, unknown: tls, absent: { ...tls, caFile: 'absent.pem' } };
    const secure = await openBench({ databases }, { folder: bench.folder });
    const isEncrypted = sql('known', 'select ssl from pg_stat_ssl where pid = pg_backend_pid()');
    // The server takes a moment to read its new rules.
    await expect.poll(() => secure.json(isEncrypted).catch(() => undefined), { timeout: 10_000 }).toEqual([{ ssl: true }]);
    for (const name of ['unknown', 'absent'])
      await expect(secure.read(sql(name, 'select 1'))).rejects.toMatchObject({ code: 'OUTSIDE_UNREACHABLE' });
    await secure.close();
  });

  it('says what is wrong without the secrets of the configuration', async () => {
    // The server takes a moment to read its new rules.
    await expect
      .poll(() => failure(sql('stranger', 'select 1')))
      .toMatchObject({ code: 'OUTSIDE_REFUSED', data: { state: '28P01' } });
    const refused = await failure(sql('stranger', 'select 1'));
    expect(String(refused)).not.toMatch(/reader|guessed/);
    expect(await failure(sql('absent', 'select 1'))).toMatchObject({ code: 'OUTSIDE_UNREACHABLE' });
    expect(await failure(sql('open', 'select wrong'))).toMatchObject({
      code: 'OUTSIDE_REFUSED',
      detail: expect.stringContaining('"wrong"'),
    });
  });
});

/** The server takes a key of its own user only. */
async function giveCertificate(from: string, data: string): Promise<void> {
  const { uid, gid } = await stat(data);
  for (const name of ['key.pem', 'cert.pem']) {
    await copyFile(join(from, name), join(data, name));
    await chown(join(data, name), uid, gid);
    await chmod(join(data, name), 0o600);
  }
}
