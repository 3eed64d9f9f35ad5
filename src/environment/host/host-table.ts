import { ClassicLevel } from 'classic-level';
import { TreadleError } from '../../errors.ts';
import { checkOpen } from '../disk-names.ts';
import type { Table } from '../environment.ts';

type Level = ClassicLevel<Uint8Array, Uint8Array>;

/** Opens a LevelDB folder. @throws TreadleError DISK_IN_USE */
export async function openLevel(folder: string): Promise<Level> {
  const level: Level = new ClassicLevel(folder, { keyEncoding: 'view', valueEncoding: 'view' });
  try {
    await level.open();
  } catch (error) {
    if (isLocked(error))
      throw new TreadleError('DISK_IN_USE', { detail: `${folder} is in use by another process`, cause: error });
    throw error;
  }
  return level;
}

/** A table in a LevelDB folder of its own. */
export async function hostTable(folder: string, onClose: () => void): Promise<Table> {
  const level = await openLevel(folder);
  let closed = false;
  return {
    get: async (key) => {
      checkOpen(closed, folder);
      const value = await level.get(key);
      return value === undefined ? undefined : plainBytes(value);
    },
    batch: async (operations, options) => {
      checkOpen(closed, folder);
      await level.batch([...operations], { sync: options?.sync ?? false });
    },
    entries: async function* (range = {}) {
      checkOpen(closed, folder);
      const { from, to, reverse, limit } = range;
      const found = level.iterator({
        ...(from !== undefined && { gte: from }),
        ...(to !== undefined && { lt: to }),
        ...(reverse !== undefined && { reverse }),
        ...(limit !== undefined && { limit }),
      });
      for await (const [key, value] of found) yield [plainBytes(key), plainBytes(value)] as const;
    },
    close: async () => {
      if (closed) return;
      closed = true;
      await level.close();
      onClose();
    },
  };
}

/** LevelDB hands out Buffers, whose `slice` and `toString` are not those of byte arrays. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isLocked(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ((at as { code?: unknown }).code === 'LEVEL_LOCKED') return true;
  }
  return false;
}
