import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

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
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}
