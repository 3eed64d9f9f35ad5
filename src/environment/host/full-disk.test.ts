import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const FILLER = fileURLToPath(new URL('./testing/fill-disk.ts', import.meta.url));

/** A shell in which file systems may be mounted that nobody else sees; needs user namespaces, which not every machine allows. */
const inNamespace = (script: string): [string, string[]] => ['unshare', ['--map-root-user', '--mount', 'sh', '-c', script]];
const canMount = spawnSync(...inNamespace('mount -t tmpfs -o size=1m none /mnt')).status === 0;

it.skipIf(!canMount)('keeps what was acknowledged when the file system fills up, and goes on when there is room', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'treadle-full-'));
  const script = `mount -t tmpfs -o size=12m none ${folder} && exec ${process.execPath} ${FILLER} ${folder}`;
  const told = execFileSync(...inNamespace(script), { encoding: 'utf8', timeout: 60_000, stdio: ['ignore', 'pipe', 'inherit'] });
  const { appended, records, stored, whole } = JSON.parse(told) as Record<'appended' | 'stored' | 'whole', number> & {
    readonly records: readonly number[];
  };
  expect(appended).toBeGreaterThan(20);
  expect(records).toEqual(Array.from({ length: appended + 2 }, (_, number) => number));
  expect(stored).toBeGreaterThan(10);
  expect(whole).toBe(stored + 1);
  await rm(folder, { recursive: true, force: true });
});
