import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromWord, scaledInteger, wordOf } from './numbers.ts';

describe('decimal numbers', () => {
  it.each([
    ['21.5', 2, 2150n],
    ['-4.25', 1, -43n],
    ['4.25', 1, 43n],
    ['0.1', 18, 100_000_000_000_000_000n],
    ['1e3', 0, 1000n],
    ['1.5E-3', 2, 0n],
    ['5e-1', 0, 1n],
    ['+7', 0, 7n],
    ['.5', 0, undefined],
    ['', 0, undefined],
    ['0x10', 0, undefined],
    ['NaN', 0, undefined],
    ['1e999', 0, undefined],
    ['0e999', 0, 0n],
    ['1e-999', 9, 0n],
    ['9'.repeat(80), 0, undefined],
  ])('%s with %i decimals is %s', (text, decimals, expected) => {
    expect(scaledInteger(text, decimals)).toBe(expected);
  });

  it('are read exactly where binary fractions are not', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: 0, max: 20 }), (value, decimals) => {
        const digits = (value < 0n ? -value : value).toString().padStart(decimals + 1, '0');
        const text = `${value < 0n ? '-' : ''}${digits.slice(0, digits.length - decimals)}.${digits.slice(digits.length - decimals)}`;
        expect(scaledInteger(text, decimals)).toBe(value);
      }),
    );
  });

  it('keep their sign as words', () => {
    fc.assert(fc.property(fc.bigInt({ min: -(2n ** 255n), max: 2n ** 255n - 1n }), (value) => fromWord(wordOf(value)) === value));
  });
});
