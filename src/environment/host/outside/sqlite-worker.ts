/** The thread of one query over a database file. */
import { constants, DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { SqliteQuestion } from './sqlite-query.ts';

export interface SqliteTask extends SqliteQuestion {
  readonly maxBytes: number;
  readonly rowsMax: number;
}

export type SqliteAnswer =
  | { readonly type: 'rows'; readonly content: Uint8Array }
  | { readonly type: 'tooLarge' }
  | { readonly type: 'refused'; readonly message: string };

/** What a query may do: read, compute, recur. Not attach another file, and not change a setting. */
const ALLOWED: readonly number[] = [
  constants.SQLITE_SELECT,
  constants.SQLITE_READ,
  constants.SQLITE_FUNCTION,
  constants.SQLITE_RECURSIVE,
];

/** What a value may have whatever the answer may have: SQLite needs some room for what it works on. */
const SMALL_VALUE_BYTES = 1024 * 1024;
/** SQLITE_TOOBIG */
const TOO_BIG = 18;

function answer({ path, query, parameters, maxBytes, rowsMax }: SqliteTask): SqliteAnswer {
  if (!/^\s*(select|with|values)\b/i.test(query))
    return { type: 'refused', message: 'a query begins with SELECT, WITH or VALUES' };
  const database = new DatabaseSync(path, {
    readOnly: true,
    allowExtension: false,
    limits: { length: Math.max(maxBytes, SMALL_VALUE_BYTES), attach: 0 },
  });
  try {
    // Node.js before 24.10 has no authorizer: there, the first word of the query has to do.
    database.setAuthorizer?.((action) => (ALLOWED.includes(action) ? constants.SQLITE_OK : constants.SQLITE_DENY));
    const statement = database.prepare(query);
    statement.setReadBigInts(true);
    const rows: string[] = [];
    let length = 2;
    for (const row of statement.iterate(...parameters.map((value) => (typeof value === 'boolean' ? Number(value) : value)))) {
      const text = rowText(row);
      length += text.length + 1;
      if (length > maxBytes || rows.length === rowsMax) return { type: 'tooLarge' };
      rows.push(text);
    }
    const content = new TextEncoder().encode(`[${rows.join(',')}]`);
    return content.length > maxBytes ? { type: 'tooLarge' } : { type: 'rows', content };
  } catch (error) {
    if ((error as { readonly errcode?: unknown }).errcode === TOO_BIG) return { type: 'tooLarge' };
    return { type: 'refused', message: (error as Error).message };
  } finally {
    database.close();
  }
}

function rowText(row: Readonly<Record<string, SQLOutputValue>>): string {
  return `{${Object.entries(row)
    .map(([name, value]) => `${JSON.stringify(name)}:${valueText(value)}`)
    .join(',')}}`;
}

/** Whole numbers keep all their digits, bytes become base64. */
function valueText(value: SQLOutputValue): string {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
  return JSON.stringify(value);
}

parentPort?.postMessage(answer(workerData as SqliteTask));
