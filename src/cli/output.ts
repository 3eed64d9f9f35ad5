import { TreadleError } from '../errors.ts';

/** How one command speaks: for people, or as one JSON document on standard output. */
export interface Output {
  readonly json: boolean;
  /** A line for people; silent with --json. */
  line(text?: string): void;
  /** A table for people; silent with --json. */
  table(rows: readonly Readonly<Record<string, string | number | bigint | undefined>>[]): void;
  /** The command's result: printed with --json only. */
  result(value: unknown): void;
}

/** Texts of other nodes (names, reasons, results) must not steer the terminal: control characters but the line's are shown as one sign. */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '\ufffd');
}

export function createOutput(json: boolean): Output {
  return {
    json,
    line(text = '') {
      if (!json) process.stdout.write(`${printable(text)}\n`);
    },
    table(rows) {
      if (!json) process.stdout.write(printable(renderTable(rows)));
    },
    result(value) {
      if (json) process.stdout.write(`${JSON.stringify(value, jsonValue, 2)}\n`);
    },
  };
}

/** Big integers as decimal strings: JSON has no type for them. */
export function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** Prints a failure as the command should: text on standard error, or a JSON document, always with its code. */
export function printFailure(error: unknown, json: boolean): void {
  const code = error instanceof TreadleError ? error.code : 'INTERNAL';
  const message = error instanceof Error ? error.message : String(error);
  if (json) {
    const data = error instanceof TreadleError ? error.data : {};
    process.stdout.write(`${JSON.stringify({ error: { code, message, data } }, jsonValue, 2)}\n`);
    return;
  }
  process.stderr.write(`treadle: ${printable(message)} [${code}]\n`);
  if (!(error instanceof TreadleError) && error instanceof Error && error.stack !== undefined) {
    process.stderr.write(`${error.stack}\n`);
  }
}

function renderTable(rows: readonly Readonly<Record<string, string | number | bigint | undefined>>[]): string {
  const first = rows[0];
  if (first === undefined) return '(none)\n';
  const columns = Object.keys(first);
  const cells = rows.map((row) => columns.map((column) => String(row[column] ?? '')));
  const widths = columns.map((column, at) => Math.max(column.length, ...cells.map((row) => (row[at] as string).length)));
  const render = (row: readonly string[]): string =>
    row
      .map((cell, at) => cell.padEnd(widths[at] as number))
      .join('  ')
      .trimEnd();
  return `${[render(columns), ...cells.map(render)].join('\n')}\n`;
}
