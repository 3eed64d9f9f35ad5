import { checkObjectPath, type Objects } from '../../environment/index.ts';

export interface MemoryObjects extends Objects {
  readonly content: Map<string, Uint8Array>;
}

/** Objects in a map, which tests may alter. */
export function memoryObjects(): MemoryObjects {
  const content = new Map<string, Uint8Array>();
  return {
    content,
    get: async (path) => content.get(path),
    put: async (objects) => {
      for (const [path, bytes] of objects) {
        checkObjectPath(path);
        content.set(path, bytes.slice());
      }
    },
    delete: async (paths) => {
      for (const path of paths) content.delete(path);
    },
  };
}
