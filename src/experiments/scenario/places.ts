import { TreadleError } from '../../errors.ts';
import { PLACES_ROWS_MAX } from '../../limits.ts';
import './errors.ts';

/** A point on the map with the name that its file gives it, if any. */
export interface Place {
  readonly name?: string;
  /** Degrees. */
  readonly latitude: number;
  readonly longitude: number;
}

/**
 * Reads places from a CSV file with the columns LATITUDE and LONGITUDE, in any letter case and any order, and
 * optionally NAME. Fields may be quoted, lines may end in CRLF, the file may begin with a byte order mark.
 *
 * @throws {@link TreadleError} PLACES_INVALID with the line number of the first bad row
 */
export function readPlaces(text: string, file: string): readonly Place[] {
  const [header, ...rows] = parseCsv(text, file);
  if (header === undefined) throw invalid(`${file} is empty`);
  const names = header.fields.map((field) => field.trim().toLowerCase());
  const columns = {
    latitude: columnOf(names, 'latitude', file),
    longitude: columnOf(names, 'longitude', file),
    name: names.indexOf('name'),
  };
  if (rows.length === 0) throw invalid(`${file} has no rows below its header`);
  return rows.map(({ line, fields }) => {
    const name = columns.name >= 0 ? fields[columns.name]?.trim() : undefined;
    return {
      ...(name ? { name } : {}),
      latitude: degrees(fields[columns.latitude], { file, line, column: 'LATITUDE', max: 90 }),
      longitude: degrees(fields[columns.longitude], { file, line, column: 'LONGITUDE', max: 180 }),
    };
  });
}

function columnOf(names: readonly string[], wanted: string, file: string): number {
  const at = names.indexOf(wanted);
  if (at < 0) throw invalid(`${file}, line 1: no column ${wanted.toUpperCase()} among ${names.join(', ').slice(0, 200)}`);
  if (names.indexOf(wanted, at + 1) >= 0) throw invalid(`${file}, line 1: two columns ${wanted.toUpperCase()}`);
  return at;
}

interface FieldPlace {
  readonly file: string;
  readonly line: number;
  readonly column: string;
  readonly max: number;
}

function degrees(field: string | undefined, { file, line, column, max }: FieldPlace): number {
  const text = field?.trim() ?? '';
  if (!/^[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?$/.test(text)) {
    throw invalid(
      `${file}, line ${line}: ${column} is ${text === '' ? 'missing' : `"${text.slice(0, 40)}", not a number of degrees`}`,
    );
  }
  const value = Number(text);
  if (!(Math.abs(value) <= max)) throw invalid(`${file}, line ${line}: ${column} ${text} is outside -${max} to ${max} degrees`);
  return value;
}

interface CsvRow {
  /** Line on which the row begins, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** Splits CSV (RFC 4180) into rows; empty lines are left out. */
function parseCsv(text: string, file: string): CsvRow[] {
  const rows: CsvRow[] = [];
  let fields: string[] = [];
  let field = '';
  let line = 1;
  let rowLine = 1;
  let quotedFrom: number | undefined;
  const endRow = () => {
    fields.push(field);
    if (fields.length > 1 || field.trim() !== '') rows.push({ line: rowLine, fields });
    if (rows.length > PLACES_ROWS_MAX + 1) throw invalid(`${file} has more than ${PLACES_ROWS_MAX} rows`);
    fields = [];
    field = '';
  };
  for (let at = text.startsWith('\ufeff') ? 1 : 0; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '\n') line++;
    if (quotedFrom !== undefined) {
      if (character !== '"') field += character;
      else if (text[at + 1] === '"') field += text[++at];
      else quotedFrom = undefined;
    } else if (character === '"' && field.trim() === '') {
      quotedFrom = line;
      field = '';
    } else if (character === ',') {
      fields.push(field);
      field = '';
    } else if (character === '\n') {
      endRow();
      rowLine = line;
    } else if (character !== '\r' || text[at + 1] !== '\n') field += character;
  }
  if (quotedFrom !== undefined) throw invalid(`${file}, line ${quotedFrom}: a quoted field is not closed`);
  endRow();
  return rows;
}

function invalid(detail: string): TreadleError {
  return new TreadleError('PLACES_INVALID', { detail });
}
