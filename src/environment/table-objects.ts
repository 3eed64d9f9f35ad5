import type { Table } from './environment.ts';
import { checkObjectPath, type Objects } from './objects.ts';

const encoder = new TextEncoder();

/** Objects in a table of the node's disk: in the simulator, and wherever nobody has to see them as files. */
export function tableObjects(table: Table): Objects {
  const keyOf = (path: string): Uint8Array => {
    checkObjectPath(path);
    return encoder.encode(path);
  };
  return {
    get: async (path) => table.get(keyOf(path)),
    put: async (objects) => {
      const operations = [...objects].map(([path, value]) => ({ type: 'put', key: keyOf(path), value }) as const);
      await table.batch(operations, { sync: true });
    },
    delete: async (paths) => {
      await table.batch(paths.map((path) => ({ type: 'del', key: keyOf(path) }) as const));
    },
  };
}
