import type { LoadedNode } from './load-setup.ts';
import { decimal } from './numbers.ts';

/** More than any disk holds. */
const GB_MAX = 1_000_000_000;

/**
 * Replaces the limit of the data folder in `node.json` by one given on the command line, in GB; 0 keeps everything.
 * @throws TreadleError CLI_BAD_OPTION
 */
export function withStorageLimit(loaded: LoadedNode, text: string | undefined): LoadedNode {
  if (text === undefined) return loaded;
  const limitGb = decimal('--storage-limit', text, { min: 0, max: GB_MAX });
  const { file } = loaded.setup;
  const storage = { ...file.storage, limitGb };
  return { ...loaded, setup: { ...loaded.setup, file: { ...file, storage } } };
}
