import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearestName } from './suggestion.ts';

describe('nearestName', () => {
  it('finds a slip of the keyboard', () => {
    expect(nearestName('latitud', ['latitude', 'longitude'])).toBe('latitude');
    expect(nearestName('blockIntreval', ['blockInterval', 'heartbeat'])).toBe('blockInterval');
    expect(nearestName('SEED', ['seed', 'speed'])).toBe('seed');
  });

  it('says nothing when no name is near', () => {
    expect(nearestName('colour', ['seed', 'duration'])).toBeUndefined();
    expect(nearestName('x'.repeat(10_000), ['seed'])).toBeUndefined();
  });
});

describe('editDistance', () => {
  it('is symmetric, zero only for equal names, and never above the longer length', () => {
    const name = fc.string({ maxLength: 20 });
    fc.assert(
      fc.property(name, name, (left, right) => {
        const distance = editDistance(left, right);
        expect(distance).toBe(editDistance(right, left));
        expect(distance === 0).toBe(left === right);
        expect(distance).toBeLessThanOrEqual(Math.max(left.length, right.length));
      }),
      { numRuns: 200 },
    );
  });
});
