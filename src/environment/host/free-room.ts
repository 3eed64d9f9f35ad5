import { statfs } from 'node:fs/promises';
import { DISK_PROBE_INTERVAL_MS, DISK_RESERVE_BYTES } from '../../limits.ts';
import { diskFull } from '../disk-names.ts';

/** Whether there is room to write. */
export interface FreeRoom {
  /** @throws TreadleError DISK_FULL when writing `what` would use up the reserve */
  check(what: string): Promise<void>;
}

/** Bytes that a program may still write to the file system of a folder. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/**
 * Stops writing while a reserve is left: a disk that is full to the last byte could not even be tidied up, because
 * deleting from a table writes first. `probe` tells the free bytes; it is asked again only after a pause.
 */
export function freeRoom(probe: () => Promise<number>): FreeRoom {
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let enough = true;
  return {
    async check(what) {
      const nowMs = performance.now();
      if (!enough || nowMs - askedAtMs >= DISK_PROBE_INTERVAL_MS) {
        askedAtMs = nowMs;
        enough = (await probe()) >= DISK_RESERVE_BYTES;
      }
      if (!enough) throw diskFull(what);
    },
  };
}
