import { type Place, readPlaces } from '../experiments/index.ts';
import { readText } from './load-setup.ts';

/** Reads a CSV of places (LATITUDE and LONGITUDE columns in any letter case). @throws TreadleError CLI_FILE_UNREADABLE | PLACES_* */
export async function loadPlaces(path: string | undefined): Promise<readonly Place[] | undefined> {
  if (path === undefined) return undefined;
  return readPlaces(await readText(path), path);
}
