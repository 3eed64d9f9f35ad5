import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Makes the entries of a folder durable: a new or renamed file is safe only once its folder is. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open folders; its file system journals the entries by itself.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

let temporaries = 0;

/** Writes a whole file so that after a crash either the old or the new content is there. */
export async function replaceFile(path: string, parts: readonly Uint8Array[]): Promise<void> {
  // A name of its own, because two writers may store the same blob at once.
  const temporary = `${path}.${temporaries++}.new`;
  const handle = await open(temporary, 'w');
  try {
    for (const part of parts) await handle.writeFile(part);
    await handle.sync();
  } catch (error) {
    // On a full disk the half of a file would keep others from their room.
    await handle.close();
    await rm(temporary, { force: true });
    throw error;
  }
  await handle.close();
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Bytes of all files in a folder and below. Files that vanish meanwhile do not count. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  let sizeBytes = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    sizeBytes += (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0;
  }
  return sizeBytes;
}

/** True when an error, or one that caused it, says that the disk (or the user's part of it) has no room left. */
export function isDiskFull(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    // LevelDB hands the text of the operating system through.
    if (code === 'DISK_FULL' || code === 'ENOSPC' || code === 'EDQUOT' || /no space left|disk quota exceeded/i.test(at.message))
      return true;
  }
  return false;
}
