import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fifo } from './fifo.ts';

describe('Fifo', () => {
  it('does what an array does', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3000), { maxLength: 12 }), (bursts) => {
        const fifo = new Fifo<number>();
        const reference: number[] = [];
        for (const [at, burst] of bursts.entries()) {
          for (let count = 0; count < burst; count++) {
            if (at % 2 === 0) {
              fifo.push(count);
              reference.push(count);
            } else {
              if (fifo.shift() !== reference.shift()) expect.fail('the queues differ');
            }
          }
          if (fifo.length !== reference.length || fifo.peek() !== reference[0]) expect.fail('the queues differ');
        }
      }),
      { numRuns: 50 },
    );
  });
});
