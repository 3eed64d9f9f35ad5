import { describe, expect, it } from 'vitest';
import { toCsv } from './csv.ts';

describe('CSV', () => {
  it('has the columns of the first row, and a line per row', () => {
    expect(
      toCsv([
        { way: 'channels', n: 1, gas: 82_000n },
        { way: 'transfers', n: 2, gas: 42_000n },
      ]),
    ).toBe('way,n,gas\nchannels,1,82000\ntransfers,2,42000\n');
    expect(toCsv([])).toBe('');
    expect(toCsv([{ a: 1, b: 2 }, { b: 3 }] as never)).toBe('a,b\n1,2\n,3\n');
  });

  it('quotes what would break the line, as RFC 4180 says', () => {
    expect(toCsv([{ 'a,b': 'x "y"', c: 'two\nlines', d: 'plain; text', e: 'tail\r' }])).toBe(
      '"a,b",c,d,e\n"x ""y""","two\nlines",plain; text,"tail\r"\n',
    );
  });
});
