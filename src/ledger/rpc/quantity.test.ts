import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../crypto/index.ts';
import {
  padLeft,
  parseAddress,
  parseData,
  parseHash,
  parseQuantity,
  parseSlot,
  parseWholeNumber,
  quantity,
  quantityOfBytes,
  safeNumber,
} from './quantity.ts';

const where = 'parameter 1 (value)';

describe('QUANTITY', () => {
  it('is the shortest hex of a number and reads back', () => {
    expect(quantity(0n)).toBe('0x0');
    expect(quantity(1024)).toBe('0x400');
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), (value) => parseQuantity(quantity(value), where) === value),
    );
  });

  it.each([
    ['0x', /zero is "0x0"/],
    ['0x0400', /without leading zeros/],
    ['ff', /a hex number/],
    ['0xxyz', /a hex number/],
    [`0x1${'0'.repeat(64)}`, /256 bits/],
    [5, /got 5/],
    [null, /got null/],
    [{}, /got an object/],
  ])('refuses %j', (text, message) => {
    expect(() => parseQuantity(text, where)).toThrow(message);
    expect(() => parseQuantity(text, where)).toThrow(where);
  });

  it('takes JSON numbers where a method says so', () => {
    expect(parseWholeNumber(7, where)).toBe(7);
    expect(parseWholeNumber('0x7', where)).toBe(7);
    expect(() => parseWholeNumber(-1, where)).toThrow(/at least 0/);
    expect(() => parseWholeNumber(1.5, where)).toThrow(/whole number/);
  });

  it('bounds numbers that do not fit', () => {
    expect(safeNumber(2n ** 200n)).toBe(Number.MAX_SAFE_INTEGER);
    expect(safeNumber(3n)).toBe(3);
  });

  it('reads big-endian bytes', () => {
    expect(quantityOfBytes(new Uint8Array(0))).toBe('0x0');
    expect(quantityOfBytes(Uint8Array.of(0, 1, 0))).toBe('0x100');
    expect(padLeft(Uint8Array.of(1), 3)).toEqual(Uint8Array.of(0, 0, 1));
  });
});

describe('DATA', () => {
  it('has two digits per byte and reads back', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => toHex(parseData(toHex(bytes), where)) === toHex(bytes)));
  });

  it.each(['0xf0f', 'f0f0', '0xgg', 4, undefined])('refuses %j', (text) => {
    expect(() => parseData(text, where)).toThrow(/expected data/);
  });

  it('has a fixed length for hashes and addresses, in any letter case', () => {
    expect(parseHash(`0x${'AB'.repeat(32)}`, where)).toBe(`0x${'ab'.repeat(32)}`);
    expect(parseAddress(`0x${'AB'.repeat(20)}`, where)).toBe(`0x${'ab'.repeat(20)}`);
    expect(() => parseHash('0x12', where)).toThrow(/64 hex digits/);
    expect(() => parseAddress(`0x${'ab'.repeat(32)}`, where)).toThrow(/40 hex digits/);
  });

  it('takes storage slots short or long', () => {
    expect(toHex(parseSlot('0x1', where))).toBe(`0x${'0'.repeat(63)}1`);
    expect(toHex(parseSlot(`0x${'0'.repeat(62)}0a`, where))).toBe(`0x${'0'.repeat(62)}0a`);
    expect(() => parseSlot(`0x${'0'.repeat(65)}`, where)).toThrow(/1 to 64/);
  });
});
