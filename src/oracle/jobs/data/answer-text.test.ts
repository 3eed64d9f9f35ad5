import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerText, decimalText, openedText, utf8 } from './answer-text.ts';
import { scaledInteger, wordOf } from './numbers.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const spec = (fields: Record<string, unknown>): Uint8Array =>
  bytes(JSON.stringify({ source: { kind: 'http', url: 'https://a.example/b' }, ...fields }));
const words = (...values: readonly bigint[]): Uint8Array => new Uint8Array(values.flatMap((value) => [...wordOf(value)]));

describe('an answer in words', () => {
  it('is what its specification says', () => {
    const read = (fields: Record<string, unknown>, result: Uint8Array) => answerText('data', spec(fields), result);
    expect(read({ decimals: 2 }, words(-5n))).toMatchObject({ form: 'number', text: '-0.05' });
    expect(read({ as: 'text' }, bytes('läuft'))).toMatchObject({ form: 'text', text: 'läuft' });
    expect(read({ as: 'json' }, bytes('{"a":1}'))).toMatchObject({ form: 'json', text: '{"a":1}' });
    expect(read({ as: 'digest' }, words(7n, 12n))).toMatchObject({ form: 'digest', more: [['bytes', '12']] });
    expect(read({ details: true, decimals: 1 }, words(215n, 4n, 1n, 210n, 999n))).toEqual({
      form: 'outliers',
      text: '21.5',
      more: [
        ['answers', '4'],
        ['outliers', '1'],
        ['lowest', '21.0'],
        ['highest', '99.9'],
      ],
    });
  });

  it('stays bytes where it does not fit, and sealed where it is', () => {
    expect(answerText('data', spec({}), bytes('abc'))).toEqual({ form: 'bytes', text: '0x616263', more: [] });
    expect(answerText('data', bytes('no specification'), words(1n)).form).toBe('bytes');
    expect(answerText('compute', spec({}), words(1n)).form).toBe('bytes');
    expect(answerText('data', spec({ as: 'text' }), new Uint8Array([0xff])).form).toBe('bytes');
    const encryptTo = `0x02${'11'.repeat(32)}`;
    const sealed = spec({ as: 'text', encryptTo });
    expect(answerText('data', sealed, bytes('abc'))).toMatchObject({ form: 'sealed', more: [['for the key', encryptTo]] });
    expect(openedText(sealed, bytes('abc'))).toMatchObject({ form: 'text', text: 'abc' });
  });

  it('has the digits of its number, whichever', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 255n) + 1n, max: (1n << 255n) - 1n }), fc.nat(36), (value, decimals) => {
        expect(scaledInteger(decimalText(value, decimals), decimals)).toBe(value);
      }),
    );
  });

  it('shows no control characters as text', () => {
    expect(utf8(bytes('a\tb\n'))).toBe('a\tb\n');
    expect(utf8(bytes('a\u001b[31m'))).toBeUndefined();
  });
});
