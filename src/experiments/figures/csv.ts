/** Rows as CSV text (RFC 4180, LF): the columns are those of the first row. */
export function toCsv(rows: readonly Readonly<Record<string, string | number | bigint>>[]): string {
  const first = rows[0];
  if (first === undefined) return '';
  const columns = Object.keys(first);
  const lines = rows.map((row) => columns.map((column) => cell(String(row[column] ?? ''))).join(','));
  return `${[columns.map(cell).join(','), ...lines].join('\n')}\n`;
}

function cell(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
