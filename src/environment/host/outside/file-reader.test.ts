import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FileSource, SqlParameter } from '../../outside.ts';
import { type OutsideBench, openBench } from './testing/outside-bench.ts';

let bench: OutsideBench;
const file = (name: string, query?: string, ...parameters: SqlParameter[]): FileSource =>
  query === undefined ? { kind: 'file', name } : { kind: 'file', name, query, parameters };
const failure = (source: FileSource, options = {}) => bench.read(source, options).catch((error: unknown) => error);

beforeAll(async () => {
  const queries = { hottest: 'select machine, celsius from readings where celsius > ?1 order by celsius desc' };
  bench = await openBench({ files: { folder: 'data', anyQuery: true, queries } });
  const data = join(bench.folder, 'data');
  await mkdir(join(data, 'line 1'), { recursive: true });
  await mkdir(join(bench.folder, 'data-of-others'));
  await writeFile(join(data, 'oven.json'), '{"celsius":21}');
  await writeFile(join(data, 'line 1', 'oven.csv'), 'at,celsius\n1,21\n');
  await writeFile(join(data, 'key.pem'), 'secret');
  await writeFile(join(bench.folder, 'secret.txt'), 'secret');
  await writeFile(join(bench.folder, 'data-of-others', 'secret.txt'), 'secret');
  await symlink(join(bench.folder, 'secret.txt'), join(data, 'linked.txt'));
  await symlink(join(bench.folder, 'data-of-others'), join(data, 'others'));
  await symlink(join(data, 'oven.json'), join(data, 'inside.json'));
  await mkdir(join(data, 'folder.txt'));
  await promisify(execFile)('mkfifo', [join(data, 'pipe.txt')]);
  const database = new DatabaseSync(join(data, 'plant.sqlite'));
  database.exec(`create table readings (machine text, celsius real, count integer, raw blob);
    insert into readings values ('oven', 21.5, 9007199254740993, x'0102'), ('press', 40, 2, null)`);
  database.close();
  const other = new DatabaseSync(join(bench.folder, 'other.sqlite'));
  other.exec("create table secrets (word text); insert into secrets values ('secret')");
  other.close();
});

afterAll(() => bench.close());

describe('a file', () => {
  it('is read below the folder of the configuration, as what it is', async () => {
    expect(await bench.json(file('oven.json'))).toEqual({ celsius: 21 });
    expect(await bench.json(file('inside.json'))).toEqual({ celsius: 21 });
    const csv = await bench.read(file('line 1/oven.csv'));
    expect(csv.mediaType).toBe('text/csv');
    expect(new TextDecoder().decode(csv.content)).toBe('at,celsius\n1,21\n');
    expect(await failure(file('oven.json'), { maxBytes: 13 })).toMatchObject({ code: 'OUTSIDE_TOO_LARGE' });
  });

  it('is never one outside of that folder, by whatever path', async () => {
    for (const name of ['linked.txt', 'others/secret.txt'])
      expect(await failure(file(name)), name).toMatchObject({ code: 'OUTSIDE_NOT_ALLOWED' });
    const names = [
      '../secret.txt',
      'x/../../secret.txt',
      '/etc/hosts.txt',
      '..\\secret.txt',
      'a//b.txt',
      './oven.json',
      '.hidden.txt',
      'key.pem',
      'oven.json\0.txt',
      '',
    ];
    for (const name of names) expect(await failure(file(name)), name).toMatchObject({ code: 'OUTSIDE_SOURCE_INVALID' });
  });

  it('is a file', async () => {
    for (const name of ['absent.txt', 'folder.txt', 'pipe.txt'])
      expect(await failure(file(name)), name).toMatchObject({ code: 'OUTSIDE_REFUSED' });
    const none = await openBench({});
    await expect(none.read(file('oven.json'))).rejects.toMatchObject({ code: 'OUTSIDE_NOT_ALLOWED' });
    await none.close();
    const absent = await openBench({ files: { folder: 'nowhere' } });
    await expect(absent.read(file('oven.json'))).rejects.toMatchObject({ code: 'OUTSIDE_UNREACHABLE' });
    await absent.close();
  });
});

describe('a database file', () => {
  it('answers named and other queries with all digits, bytes as base64', async () => {
    expect(await bench.json(file('plant.sqlite', 'hottest', 30))).toEqual([{ machine: 'press', celsius: 40 }]);
    const { content, mediaType } = await bench.read(file('plant.sqlite', 'select count, raw, celsius > 30 as hot from readings'));
    expect(new TextDecoder().decode(content)).toBe(
      '[{"count":9007199254740993,"raw":"AQI=","hot":0},{"count":2,"raw":null,"hot":1}]',
    );
    expect(mediaType).toBe('application/json');
    expect(await failure(file('plant.sqlite'))).toMatchObject({ code: 'OUTSIDE_SOURCE_INVALID' });
    expect(await failure(file('oven.json', 'select 1'))).toMatchObject({ code: 'OUTSIDE_SOURCE_INVALID' });
  });

  it('is not changed, and leads to no other file', async () => {
    const other = join(bench.folder, 'other.sqlite');
    const attempts = [
      'delete from readings',
      `attach '${other}' as other`,
      'pragma journal_mode = off',
      'with gone as (select 1) delete from readings',
      "select load_extension('x')",
      "select writefile('x', 'y')",
      `vacuum into '${other}.copy'`,
      'select * from nothing',
    ];
    for (const attempt of attempts)
      expect(await failure(file('plant.sqlite', attempt)), attempt).toMatchObject({ code: 'OUTSIDE_REFUSED' });
    expect(await bench.json(file('plant.sqlite', 'select count(*) as left from readings; delete from readings'))).toEqual([
      { left: 2 },
    ]);
    expect(await bench.json(file('plant.sqlite', 'select count(*) as left from readings'))).toEqual([{ left: 2 }]);
  });

  it('does not hold the node up: a query without end is stopped, a large answer refused', async () => {
    const endless = 'with recursive t(n) as (select 1 union all select n + 1 from t) select max(n) from t';
    expect(await failure(file('plant.sqlite', endless), { timeoutMicros: 500_000 })).toMatchObject({ code: 'OUTSIDE_TIMEOUT' });
    const many = 'with recursive t(n) as (select 1 union all select n + 1 from t) select n from t';
    expect(await failure(file('plant.sqlite', many))).toMatchObject({ code: 'OUTSIDE_TOO_LARGE' });
    expect(await failure(file('plant.sqlite', 'select hex(zeroblob(900000000)) as much'))).toMatchObject({
      code: 'OUTSIDE_TOO_LARGE',
    });
    expect(await bench.json(file('plant.sqlite', 'hottest', 100))).toEqual([]);
  });
});
