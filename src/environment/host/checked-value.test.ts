import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openValue, sealValue } from './checked-value.ts';

const bytes = fc.uint8Array({ maxLength: 300 });

it('gives back what was sealed, under its own key only', () => {
  fc.assert(
    fc.property(bytes, bytes, bytes, (key, value, other) => {
      const stored = sealValue(key, value);
      expect(openValue(key, stored)).toEqual(value);
      if (Buffer.compare(key, other) !== 0) expect(openValue(other, stored)).toBeUndefined();
    }),
  );
});

it('notices every flipped bit and every cut', () => {
  fc.assert(
    fc.property(bytes, bytes, fc.nat(), (key, value, where) => {
      const stored = Uint8Array.from(sealValue(key, value));
      const bit = where % (stored.length * 8);
      stored[bit >> 3] = (stored[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(openValue(key, stored)).toBeUndefined();
      expect(openValue(key, sealValue(key, value).subarray(0, where % (value.length + 4)))).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});
