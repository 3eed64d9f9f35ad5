import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OBJECT_WRITES_AT_ONCE } from '../../../limits.ts';
import { diskFull } from '../../disk-names.ts';
import { checkObjectPath, type Objects } from '../../objects.ts';
import { isDiskFull, replaceFile, syncFolder } from '../files.ts';

/** Objects as files below a folder, which is made when something is stored. */
export function folderObjects(folder: string): Objects {
  const fileOf = (path: string): string => {
    checkObjectPath(path);
    return join(folder, ...path.split('/'));
  };
  const write = async (path: string, content: Uint8Array): Promise<void> => {
    const file = fileOf(path);
    try {
      const made = await mkdir(dirname(file), { recursive: true });
      await replaceFile(file, [content]);
      // Of folders that were made on the way, each stands in the one above it.
      for (let at = dirname(file); made !== undefined && at.length >= made.length; at = dirname(at))
        await syncFolder(dirname(at));
    } catch (error) {
      throw isDiskFull(error) ? diskFull(file, error) : error;
    }
  };
  return {
    get: async (path) => {
      try {
        return new Uint8Array(await readFile(fileOf(path)));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined;
        throw error;
      }
    },
    put: async (objects) => {
      const waiting = [...objects];
      const writer = async (): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await write(...next);
      };
      await Promise.all(Array.from({ length: OBJECT_WRITES_AT_ONCE }, writer));
    },
    delete: async (paths) => {
      for (const path of paths) await rm(fileOf(path), { force: true });
    },
  };
}
