import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Integer micro-degrees. */
export interface Place {
  readonly latitudeE6: number;
  readonly longitudeE6: number;
}

const FOLDER = 'eua';
const SITES = 'site-optus-melbCBD.csv';
const USERS = 'users-melbcbd-generated.csv';

/** The 125 base stations and 816 users of central Melbourne (EUA data set), or where they were looked for. */
export function loadMelbourne():
  | { readonly sites: readonly Place[]; readonly users: readonly Place[] }
  | { readonly missing: string } {
  const folder = join(process.env['TREADLE_DATA'] ?? join(import.meta.dirname, '../../../shared/data'), FOLDER);
  if (!existsSync(join(folder, SITES)) || !existsSync(join(folder, USERS))) return { missing: folder };
  return { sites: readPlaces(join(folder, SITES)), users: readPlaces(join(folder, USERS)) };
}

function readPlaces(file: string): readonly Place[] {
  const [head = '', ...lines] = readFileSync(file, 'utf8').trim().split(/\r?\n/);
  const columns = head.split(',').map((name) => name.trim().toLowerCase());
  const [latitude, longitude] = [columns.indexOf('latitude'), columns.indexOf('longitude')];
  return lines.map((line) => {
    const cells = line.split(',');
    return { latitudeE6: Math.round(Number(cells[latitude]) * 1e6), longitudeE6: Math.round(Number(cells[longitude]) * 1e6) };
  });
}
