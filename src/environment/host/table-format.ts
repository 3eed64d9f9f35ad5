import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { sealValue } from './checked-value.ts';
import { syncFolder } from './files.ts';

/** Lies in the folder of a table whose values carry checksums; LevelDB leaves files alone that are not its own. */
const MARK = 'CHECKSUMS-1';
const BATCH_BYTES = 1024 * 1024;

type Level = ClassicLevel<Uint8Array, Uint8Array>;

/**
 * Makes sure that the values of a table carry checksums: a new table is marked, and one that version 0.1 wrote is copied
 * with checksums and takes the place of the old one. Interrupted at any moment, it begins anew or ends at the next start.
 */
export async function ensureChecksums(folder: string): Promise<void> {
  const copied = `${folder}.new`;
  if (await exists(join(folder, MARK))) return rm(`${folder}.old`, { recursive: true, force: true });
  if (!(await exists(join(folder, 'CURRENT')))) {
    // Between the two renamings, or a table that is new.
    if (await exists(join(copied, MARK))) await rename(copied, folder);
    else await mark(folder);
    await rm(`${folder}.old`, { recursive: true, force: true });
    return;
  }
  await rm(copied, { recursive: true, force: true });
  await copyWithChecksums(folder, copied);
  await mark(copied);
  await rename(folder, `${folder}.old`);
  await rename(copied, folder);
  await syncFolder(dirname(folder));
  await rm(`${folder}.old`, { recursive: true, force: true });
}

async function copyWithChecksums(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const open = (folder: string): Level => new ClassicLevel(folder, { keyEncoding: 'view', valueEncoding: 'view' });
  const [source, target] = [open(from), open(to)];
  let batch: { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }[] = [];
  let sizeBytes = 0;
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await target.batch(batch, { sync: true });
    batch = [];
    sizeBytes = 0;
  };
  for await (const [key, value] of source.iterator()) {
    batch.push({ type: 'put', key, value: sealValue(key, value) });
    sizeBytes += value.length;
    if (sizeBytes > BATCH_BYTES) await flush();
  }
  await flush();
  await source.close();
  await target.close();
}

async function mark(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, MARK), 'every value begins with a CRC-32 of its key and itself\n');
  await syncFolder(folder);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
