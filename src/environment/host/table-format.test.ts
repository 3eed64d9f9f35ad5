import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keyFrom } from '../../crypto/index.ts';
import { createHostEnvironment } from './host-environment.ts';
import { ensureChecksums } from './table-format.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'treadle-format-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const entries = Array.from({ length: 300 }, (_, at) => [Uint8Array.of(at >> 8, at), new Uint8Array(at).fill(at)] as const);

/** A table as version 0.1 wrote it. */
async function writeOld(path: string): Promise<void> {
  const level = new ClassicLevel<Uint8Array, Uint8Array>(path, { keyEncoding: 'view', valueEncoding: 'view' });
  await level.batch(entries.map(([key, value]) => ({ type: 'put', key, value })));
  await level.close();
}

async function readNew(): Promise<readonly (readonly [Uint8Array, Uint8Array])[]> {
  const env = await createHostEnvironment({ key: keyFrom(new Uint8Array(32).fill(1)), dataFolder: folder, logLevel: 'silent' });
  const read: (readonly [Uint8Array, Uint8Array])[] = [];
  for await (const entry of (await env.disk.table('chain')).entries()) read.push(entry);
  await env.close();
  return read;
}

it('takes over a table that has no checksums yet', async () => {
  await writeOld(join(folder, 'tables', 'chain'));
  expect(await readNew()).toEqual(entries);
  expect(await readNew()).toEqual(entries);
  expect(await readdir(join(folder, 'tables'))).toEqual(['chain']);
});

it('ends what was interrupted between the old table and the new one', async () => {
  const table = join(folder, 'tables', 'chain');
  await writeOld(table);
  await ensureChecksums(table);
  await rename(table, `${table}.new`);
  await writeOld(`${table}.old`);
  expect(await readNew()).toEqual(entries);
  expect(await readdir(join(folder, 'tables'))).toEqual(['chain']);
});
