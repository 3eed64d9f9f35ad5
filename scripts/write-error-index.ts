/** Writes `docs/reference/errors.md`, the index of all error codes, from the pages in `docs/reference/errors/`. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const REFERENCE = path.resolve(import.meta.dirname, '../docs/reference');

export interface ErrorPage {
  /** File name within `docs/reference/errors`. */
  readonly file: string;
  readonly title: string;
  readonly codes: readonly string[];
}

/** The pages and the codes that have a row in them. */
export function readErrorPages(): readonly ErrorPage[] {
  const folder = path.join(REFERENCE, 'errors');
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .sort();
  return files.map((file) => {
    const text = readFileSync(path.join(folder, file), 'utf8');
    const title = /^# (.+)$/m.exec(text)?.[1] ?? file;
    const codes = [...text.matchAll(/^\| *`?([A-Z][A-Z0-9_]+)`? *\|/gm)].map(([, code]) => code as string);
    return { file, title, codes };
  });
}

/** The text of the index. */
export function errorIndex(pages: readonly ErrorPage[]): string {
  const rows = pages.flatMap(({ file, title, codes }) =>
    codes.map((code) => ({ code, row: `| \`${code}\` | [${title}](errors/${file}) |` })),
  );
  rows.sort((left, right) => (left.code < right.code ? -1 : 1));
  return `${[
    '# Error codes',
    '',
    'Every error that reaches a user has a code that stays the same from release to release, a message that says what happened this time, and a',
    'remedy. A script can rely on the code; the words may change. Each page tells what its codes mean and what to do.',
    '',
    '| Code | Page |',
    '|---|---|',
    ...rows.map(({ row }) => row),
  ].join('\n')}\n`;
}

if (import.meta.main) writeFileSync(path.join(REFERENCE, 'errors.md'), errorIndex(readErrorPages()));
