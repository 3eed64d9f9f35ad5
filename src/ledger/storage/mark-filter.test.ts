import fc from 'fast-check';
import { expect, it } from 'vitest';
import { keccak256, toHex } from '../../crypto/index.ts';
import { MarkFilter } from './mark-filter.ts';

const hashOf = (number: number): string => toHex(keccak256(Uint8Array.of(number, number >> 8, number >> 16))).slice(2);

it('has everything that was added', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1 << 20), { maxLength: 500 }), (numbers) => {
      const filter = new MarkFilter(1_000);
      for (const number of numbers) filter.add(hashOf(number));
      return numbers.every((number) => filter.has(hashOf(number)));
    }),
    { numRuns: 50 },
  );
});

it('denies nearly everything else, at the fill that it is made for', () => {
  const nodes = 20_000;
  const filter = new MarkFilter(nodes * 100);
  for (let number = 0; number < nodes; number++) filter.add(hashOf(number));
  let taken = 0;
  for (let number = nodes; number < 2 * nodes; number++) if (filter.has(hashOf(number))) taken += 1;
  expect(taken / nodes).toBeLessThan(0.03);
});
