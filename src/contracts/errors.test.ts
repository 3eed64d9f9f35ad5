import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { contractErrors } from './errors.ts';

it('the page of error codes says what the code says', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/reference/errors/contracts.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| (.+) \| (.+) \|$/gm)].map(([, code, summary, action]) => [
    code,
    { summary, action },
  ]);
  expect(Object.fromEntries(rows)).toEqual(contractErrors);
});
