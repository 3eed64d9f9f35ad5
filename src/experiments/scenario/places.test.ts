import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPlaces } from './places.ts';

describe('readPlaces', () => {
  it('reads columns in any order and letter case, quotes, CRLF, a byte order mark and empty lines', () => {
    const text = '\ufeffid,Name,LongItude,"LATITUDE"\r\n1,"Press ""3"", hall\n2",144.9,-37.8\r\n\r\n2,, 145.0 ,"-37.9"\r\n';
    expect(readPlaces(text, 'x.csv')).toEqual([
      { name: 'Press "3", hall\n2', latitude: -37.8, longitude: 144.9 },
      { latitude: -37.9, longitude: 145 },
    ]);
  });

  it('needs no line end after the last row', () => {
    expect(readPlaces('latitude,longitude\n1,2', 'x.csv')).toEqual([{ latitude: 1, longitude: 2 }]);
  });

  it.each<[string, string, RegExp]>([
    ['an empty file', '', /x\.csv is empty/],
    ['a header alone', 'latitude,longitude\n', /no rows below its header/],
    ['a missing column', 'lat,longitude\n1,2\n', /line 1: no column LATITUDE among lat, longitude/],
    ['a column named twice', 'latitude,longitude,Latitude\n1,2,3\n', /two columns LATITUDE/],
    ['a short row', 'latitude,longitude\n1,2\n3\n', /line 3: LONGITUDE is missing/],
    ['a word for a number', 'latitude,longitude\n1,2\nnorth,2\n', /line 3: LATITUDE is "north", not a number/],
    ['a hexadecimal number', 'latitude,longitude\n0x10,2\n', /not a number/],
    ['a place beyond the pole', 'latitude,longitude\n1,2\n\n-90.5,2\n', /line 4: LATITUDE -90\.5 is outside/],
    ['an open quote', 'latitude,longitude\n1,"2\n3,4\n', /line 2: a quoted field is not closed/],
    ['a bad row after a quoted line break', 'name,latitude,longitude\n"a\nb",1,2\nc,x,2\n', /line 4: LATITUDE is "x"/],
  ])('refuses %s with the line', (_what, text, message) => {
    expect(() => readPlaces(text, 'x.csv')).toThrow(message);
    expect(() => readPlaces(text, 'x.csv')).toThrow(expect.objectContaining({ code: 'PLACES_INVALID' }));
  });
});

const data = process.env['TREADLE_DATA'] ?? path.resolve(import.meta.dirname, '../../../../shared/data');
const edgeUserAllocation = path.join(data, 'eua');
const present = existsSync(edgeUserAllocation);
if (!present)
  console.warn(`skipped: the EUA data set is not at ${edgeUserAllocation}; set TREADLE_DATA to the folder that holds eua/`);

describe.skipIf(!present)('the EUA data set', () => {
  it.each([
    ['site-optus-melbCBD.csv', 125],
    ['users-melbcbd-generated.csv', 816],
  ])('%s has %d places in the centre of Melbourne', (name, rows) => {
    const places = readPlaces(readFileSync(path.join(edgeUserAllocation, name), 'utf8'), name);
    expect(places).toHaveLength(rows);
    for (const { latitude, longitude } of places) {
      expect(Math.abs(latitude + 37.81)).toBeLessThan(0.05);
      expect(Math.abs(longitude - 144.96)).toBeLessThan(0.05);
    }
  });
});
