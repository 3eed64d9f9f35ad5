import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TreadleError } from '../../errors.ts';
import { checkDiskName, diskFull } from '../disk-names.ts';
import type { Blobs, Disk, Logger, Metrics } from '../environment.ts';
import { folderBytes, isDiskFull, replaceFile, syncFolder } from './files.ts';
import { type FreeRoom, freeBytes, freeRoom } from './free-room.ts';
import { HostAppendLog } from './host-append-log.ts';
import { hostTable, openLevel } from './host-table.ts';

export interface HostDisk extends Disk {
  /** Closes what is open and lets go of the folder. */
  close(): Promise<void>;
}

export interface HostDiskOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** How many bytes may still be written; by default what the file system says. */
  readonly freeBytes?: () => Promise<number>;
}

interface Closable {
  close(): Promise<void>;
}

/**
 * The data folder of one node: `logs/NAME.log`, `tables/NAME/`, `blobs/HH/HASH`.
 * @throws TreadleError DISK_IN_USE when another process has it
 */
export async function hostDisk(folder: string, { log, metrics, ...options }: HostDiskOptions): Promise<HostDisk> {
  const room = freeRoom(options.freeBytes ?? (() => freeBytes(folder)));
  for (const part of ['logs', 'tables', 'blobs']) await mkdir(join(folder, part), { recursive: true });
  // An empty LevelDB serves as the lock of the folder: its lock dies with the process, which a lock file would not.
  const lock = await openLevel(join(folder, 'lock'));
  const open = new Map<string, Closable | undefined>();
  const openOnce = async <T extends Closable>(key: string, make: (onClose: () => void) => Promise<T>): Promise<T> => {
    if (open.has(key)) throw new TreadleError('DISK_CLOSED', { detail: `${key} is open already` });
    open.set(key, undefined);
    try {
      const made = await make(() => open.delete(key));
      open.set(key, made);
      return made;
    } catch (error) {
      open.delete(key);
      throw error;
    }
  };
  return {
    log: async (name, settings) => {
      checkDiskName(name);
      const salvage = settings?.salvage ?? false;
      return openOnce(`log ${name}`, (onClose) =>
        HostAppendLog.open(join(folder, 'logs', `${name}.log`), { log, metrics, room, salvage, onClose }),
      );
    },
    table: async (name) => {
      checkDiskName(name);
      return openOnce(`table ${name}`, (onClose) => hostTable(join(folder, 'tables', name), { room, metrics, onClose }));
    },
    blobs: async () => hostBlobs(join(folder, 'blobs'), { log, metrics, room }),
    usedBytes: () => folderBytes(folder),
    close: async () => {
      await Promise.all([...open.values()].map((part) => part?.close()));
      await lock.close();
    },
  };
}

interface BlobDependencies {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly room: FreeRoom;
}

function hostBlobs(folder: string, { log, metrics, room }: BlobDependencies): Blobs {
  const pathOf = (hash: string) => (/^[0-9a-f]{64}$/.test(hash) ? join(folder, hash.slice(0, 2), hash) : undefined);
  /** The 256 subfolders, as far as they are there; who comes second waits as well until they are there for good. */
  const made = new Map<string, Promise<void>>();
  const make = async (subfolder: string): Promise<void> => {
    if ((await mkdir(subfolder, { recursive: true })) !== undefined) await syncFolder(folder);
  };
  const makeOnce = (subfolder: string): Promise<void> => {
    const known = made.get(subfolder);
    if (known !== undefined) return known;
    const making = make(subfolder);
    made.set(subfolder, making);
    making.catch(() => made.delete(subfolder));
    return making;
  };
  return {
    put: async (content) => {
      const hash = sha256Hex(content);
      const path = pathOf(hash) as string;
      // Whether it is there already, and sound, only reading all of it would tell: to write it once more costs no more.
      await room.check(path);
      try {
        await makeOnce(dirname(path));
        await replaceFile(path, [content]);
      } catch (error) {
        throw isDiskFull(error) ? diskFull(path, error) : error;
      }
      return hash;
    },
    get: async (hash) => {
      const path = pathOf(hash);
      const content = path === undefined ? undefined : await readFile(path).catch(ignoreMissing);
      if (path === undefined || content === undefined) return undefined;
      if (sha256Hex(content) === hash) return new Uint8Array(content);
      // A spoilt blob counts as missing: whoever needs it fetches it again and stores it anew.
      await rm(path, { force: true });
      metrics.count('disk_blobs_damaged_total');
      log.error('blob_damaged', { hash });
      return undefined;
    },
    delete: async (hash) => {
      const path = pathOf(hash);
      if (path !== undefined) await rm(path, { force: true });
    },
  };
}

function sha256Hex(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
