import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAmount, parseQuantity, QUANTITIES, QuantityError, type QuantityName, quantityPattern } from './quantity.ts';

describe('parseQuantity', () => {
  it.each<[QuantityName, string, number]>([
    ['duration', '20 ms', 20_000],
    ['duration', '10min', 600_000_000],
    ['duration', '1.5 s', 1_500_000],
    ['duration', '0 s', 0],
    ['cost', '250 ns', 0.25],
    ['bandwidth', '50 Mbit/s', 50_000_000],
    ['size', '1 MB', 1_000_000],
    ['size', '1 MiB', 1_048_576],
    ['share', '0.5 %', 0.005],
    ['length', '2 km', 2000],
    ['frequency', '6.4 kHz', 6400],
  ])('%s: %s is %d', (name, text, value) => {
    expect(parseQuantity(name, text)).toBe(value);
    expect(text).toMatch(new RegExp(quantityPattern(name)));
  });

  it.each<[QuantityName, string, RegExp]>([
    ['duration', '20', /"20" has no unit: expected a time such as "20 ms"/],
    ['duration', '20 sec', /unknown unit "sec" in "20 sec"/],
    ['bandwidth', '50 mbit/s', /did you mean "Mbit\/s"\?/],
    ['bandwidth', '50 Mbits/s', /did you mean "Mbit\/s"\?/],
    ['duration', '-1 s', /expected a time such as/],
    ['duration', '1e3 s', /unknown unit "e3 s"/],
    ['duration', '1  s', /expected a time such as/],
    ['duration', '010 s', /expected a time such as/],
    ['duration', '1 s 500 ms', /unknown unit/],
    ['duration', '0.5 us', /not a whole number of us/],
    ['size', '0.5 B', /not a whole number of B/],
    ['duration', '99999999999999 d', /too large/],
    ['duration', `1.${'0'.repeat(60)} s`, /too many digits/],
    ['duration', '3 constructor', /unknown unit "constructor"/],
    ['duration', '', /expected a time such as/],
  ])('%s: refuses %s', (name, text, message) => {
    expect(() => parseQuantity(name, text)).toThrow(message);
    expect(() => parseQuantity(name, text)).toThrow(QuantityError);
  });

  it('reads every whole number of every unit exactly', () => {
    const names = Object.keys(QUANTITIES).filter((name) => name !== 'amount') as QuantityName[];
    const anyQuantity = fc.constantFrom(...names).chain((name) =>
      fc.record({
        name: fc.constant(name),
        unit: fc.constantFrom(...Object.keys(QUANTITIES[name].units)),
        value: fc.integer({ min: 0, max: 10_000 }),
      }),
    );
    fc.assert(
      fc.property(anyQuantity, ({ name, unit, value }) => {
        const one = parseQuantity(name, `1 ${unit}`);
        expect(parseQuantity(name, `${value} ${unit}`)).toBeCloseTo(one * value, 9);
        expect(parseQuantity(name, `${value}${unit}`)).toBe(parseQuantity(name, `${value} ${unit}`));
      }),
      { numRuns: 300 },
    );
  });
});

describe('parseAmount', () => {
  it('is exact beyond what a number holds', () => {
    expect(parseAmount('1.000000000000000001 ether')).toBe(10n ** 18n + 1n);
    expect(parseAmount('1000 gwei')).toBe(10n ** 12n);
    expect(parseAmount('7 wei')).toBe(7n);
    expect(() => parseAmount('0.1 wei')).toThrow(/not a whole number of wei/);
    expect(() => parseAmount('5 eth')).toThrow(/did you mean "ether"\?|units here/);
  });
});
