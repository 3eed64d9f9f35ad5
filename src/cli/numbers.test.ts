import { describe, expect, it } from 'vitest';
import { decimal, microDegrees, wholeNumber } from './numbers.ts';
import { amountWei, durationMs } from './quantities.ts';

const refused = (words: RegExp) => expect.objectContaining({ code: 'CLI_BAD_OPTION', detail: expect.stringMatching(words) });

describe('numbers of options', () => {
  it.each(['0', '7', '65535'])('takes %s as a whole number', (text) => {
    expect(wholeNumber('--port', text, { min: 0, max: 65_535 })).toBe(Number(text));
  });

  it.each(['', ' 7', '-1', '1.5', '1e3', '0x10', '65536', '9'.repeat(400), 'seven'])(
    'refuses "%s" with the option and what it takes',
    (text) => {
      expect(() => wholeNumber('--port', text, { min: 0, max: 65_535 })).toThrow(
        refused(/^--port is ".*", expected a whole number from 0 to 65535$/),
      );
    },
  );

  it('takes decimals and degrees within their range', () => {
    expect(decimal('--share', '0.25', { min: 0, max: 1 })).toBe(0.25);
    expect(microDegrees('--latitude', '-37.8136', 90)).toBe(-37_813_600);
    expect(microDegrees('--longitude', '144.9631005', 180)).toBe(144_963_101);
    for (const text of [undefined, '', ' ', '91', '-90.1', 'NaN', 'Infinity', 'north']) {
      expect(() => microDegrees('--latitude', text, 90)).toThrow(
        refused(/^--latitude is ".*", expected a number from -90 to 90$/),
      );
    }
  });
});

describe('quantities of options', () => {
  it('are times and amounts with their unit', () => {
    expect(durationMs('--interval', '5 s')).toBe(5_000);
    expect(durationMs('--interval', '2 min')).toBe(120_000);
    expect(amountWei('--deposit', '1.5 ether')).toBe(1_500_000_000_000_000_000n);
    expect(amountWei('--deposit', '2000 gwei')).toBe(2_000_000_000_000n);
  });

  it('and anything else is refused with the option and a reason', () => {
    for (const text of ['5', '5 apples', '', '-1 s', '5 ether'])
      expect(() => durationMs('--interval', text)).toThrow(refused(/^--interval: /));
    for (const text of ['5', '1.5 wei', '1 s', 'ether', '-1 gwei'])
      expect(() => amountWei('--deposit', text)).toThrow(refused(/^--deposit: /));
  });
});
