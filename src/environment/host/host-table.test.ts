import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keyFrom } from '../../crypto/index.ts';
import { createHostEnvironment } from './host-environment.ts';

const ENTRIES = 20_000;
const READS = 3_000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'treadle-table-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Keys as those of the state: nothing of their order is that in which they come. */
const keyOf = (at: number): Uint8Array => Uint8Array.from(createHash('sha256').update(`${at}`).digest());
const contentOf = (at: number): Uint8Array => Uint8Array.from(createHash('sha512').update(`${at}`).digest());
const put = (at: number) => ({ type: 'put', key: keyOf(at), value: contentOf(at) }) as const;

const open = () => createHostEnvironment({ key: keyFrom(new Uint8Array(32).fill(1)), dataFolder: folder, logLevel: 'silent' });

it('does not write a table anew because it is read', async () => {
  const first = await open();
  const written = await first.disk.table('chain');
  await written.batch(Array.from({ length: ENTRIES }, (_, at) => put(at)));
  await written.compact();
  // What comes after that lies in a file of its own, over all of the others: most reads have to look into both.
  await written.batch(Array.from({ length: ENTRIES / 10 }, (_, at) => put(ENTRIES + at)));
  await first.close();
  const second = await open();
  const table = await second.disk.table('chain');
  for (let at = 0; at < READS; at++) expect(await table.get(keyOf(at))).toEqual(contentOf(at));
  expect(await table.get(keyOf(ENTRIES))).toEqual(contentOf(ENTRIES));
  expect(await table.get(keyOf(2 * ENTRIES))).toBeUndefined();
  // It closes when its background thread has ended what it was about.
  await second.close();
  const log = await readFile(join(folder, 'tables', 'chain', 'LOG'), 'utf8');
  expect(log).toContain('Recovering log');
  expect(log).not.toContain('Compacting');
});
