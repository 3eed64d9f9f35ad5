import { TreadleError } from '../errors.ts';
import './errors.ts';

/**
 * Objects by path, each whole or absent: what a folder that a web server shows holds, or a bucket. Paths are relative, their
 * elements of letters, digits, `.`, `_` and `-`.
 */
export interface Objects {
  /** @throws TreadleError OBJECTS_NAME_INVALID | OBJECTS_UNREACHABLE | OBJECTS_REFUSED | OBJECTS_TOO_LARGE */
  get(path: string): Promise<Uint8Array | undefined>;
  /**
   * Stores them, in place of what is there under their paths; durable when it resolves. When it rejects, any of them may have been
   * stored. The arrays are taken over: they must not be changed.
   * @throws TreadleError DISK_FULL | OBJECTS_NAME_INVALID | OBJECTS_UNREACHABLE | OBJECTS_REFUSED
   */
  put(objects: ReadonlyMap<string, Uint8Array>): Promise<void>;
  /** Removes those that are there. @throws TreadleError OBJECTS_NAME_INVALID | OBJECTS_UNREACHABLE | OBJECTS_REFUSED */
  delete(paths: readonly string[]): Promise<void>;
}

const ELEMENT = '[A-Za-z0-9_-][A-Za-z0-9._-]*';
const PATH = new RegExp(`^(?=.{1,512}$)${ELEMENT}(/${ELEMENT})*$`);

/** @throws TreadleError OBJECTS_NAME_INVALID */
export function checkObjectPath(path: string): void {
  if (PATH.test(path)) return;
  throw new TreadleError('OBJECTS_NAME_INVALID', { detail: `"${path.slice(0, 80)}" cannot name an object` });
}
