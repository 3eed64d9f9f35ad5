import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

// What the committed figures say, read from their numbers.

/** From here on copies cost more than the second block of the ledger: below it, RIBFT that never moves a body out of its domain is faster. */
const SIZE_BYTES_MIN = 250_000;
const RIVALS = ['pbft-naive', 'dbft', 'ribft', 'ribft-shared'];

type Row = Readonly<Record<string, string>>;

function rows(figure: number): readonly Row[] {
  const text = readFileSync(new URL(`../docs/reproduction/pedal-fig${figure}/cells.csv`, import.meta.url), 'utf8');
  const [head = '', ...lines] = text.trimEnd().split('\n');
  const columns = head.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((value, at) => [columns[at] ?? '', value])));
}

function sameCell(left: Row, right: Row): boolean {
  return ['nodes', 'transactions', 'size_bytes'].every((column) => left[column] === right[column]);
}

describe('the figures of the oracle paper', () => {
  it.each([
    [4, 'seconds_mean'],
    [5, 'seconds_mean'],
    [6, 'io_mb_mean'],
    [7, 'io_mb_mean'],
  ])('figure %i: PEDAL is ahead of every baseline in every cell', (figure, column) => {
    const all = rows(figure);
    const own = all.filter(({ contender }) => contender === 'pedal');
    expect(own.length).toBeGreaterThan(0);
    for (const pedal of own) {
      expect(pedal['finished']).toBe(pedal['seeds']);
      for (const rival of RIVALS) {
        const other = all.find((row) => row['contender'] === rival && sameCell(row, pedal));
        expect(other, rival).toBeDefined();
        if (column === 'seconds_mean' && rival === 'ribft' && Number(pedal['size_bytes']) < SIZE_BYTES_MIN) continue;
        // A baseline that did not finish has no time.
        const theirs = other?.[column] === '' ? Number.POSITIVE_INFINITY : Number(other?.[column]);
        expect(Number(pedal[column]), `${rival} ${JSON.stringify(pedal)}`).toBeLessThan(theirs);
      }
    }
  });

  it('figure 8: PEDAL answers everything in the large network', () => {
    for (const { contender, finished, seeds } of rows(8)) expect([contender, finished]).toEqual(['pedal', seeds]);
  });
});
