import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TreadleError } from '../../errors.ts';
import type { Sight } from '../job.ts';
import {
  decodeObserveAnswer,
  decodeObserveCall,
  decodeProposedAnswer,
  decodeProposedCall,
  decodeSignAnswer,
  decodeSignCall,
  encodeObserveAnswer,
  encodeObserveCall,
  encodeProposedAnswer,
  encodeProposedCall,
  encodeSignAnswer,
  encodeSignCall,
  OBJECTIONS,
} from './wire.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const some = fc.uint8Array({ maxLength: 60 });
const number = fc.nat();
const id = fc.bigInt({ min: 0n, max: 2n ** 64n });
const sight: fc.Arbitrary<Sight> = fc.oneof(
  some.map((value) => ({ kind: 'value' as const, value })),
  fc
    .constantFrom('sourceUnreachable' as const, 'invalidData' as const, 'resultTooLarge' as const)
    .map((reason) => ({ kind: 'failure' as const, reason })),
);
const item = fc.record({
  outcome: fc.record({ id, reason: fc.constantFrom('none' as const, 'notAllowed' as const), observedAt: number, result: some }),
  nonce: bytes(32),
  sights: fc.array(fc.record({ member: fc.nat(127), sight, observedAt: number, signature: bytes(65) }), { maxLength: 5 }),
  signature: fc.oneof(bytes(96), bytes(0)),
});
const MESSAGES = {
  observeCall: [
    fc.record({ height: number, term: number, ids: fc.array(id, { maxLength: 64 }) }),
    encodeObserveCall,
    decodeObserveCall,
  ],
  observeAnswer: [
    fc.record({ sights: fc.array(fc.record({ id, sight, observedAt: number, signature: bytes(65) }), { maxLength: 8 }) }),
    encodeObserveAnswer,
    decodeObserveAnswer,
  ],
  signCall: [
    fc.record({ height: number, term: number, attempt: number, items: fc.array(item, { maxLength: 5 }) }),
    encodeSignCall,
    decodeSignCall,
  ],
  signAnswer: [
    fc.oneof(
      bytes(96).map((signature) => ({ signed: true as const, signature })),
      fc
        .array(fc.record({ id, why: fc.constantFrom(...OBJECTIONS) }), { maxLength: 8 })
        .map((objections) => ({ signed: false as const, objections })),
    ),
    encodeSignAnswer,
    decodeSignAnswer,
  ],
  proposedCall: [fc.record({ term: number, id, attempt: number }), encodeProposedCall, decodeProposedCall],
  proposedAnswer: [
    fc.option(fc.record({ content: bytes(32).map((hash) => `0x${Buffer.from(hash).toString('hex')}`), signature: bytes(96) }), {
      nil: undefined,
    }),
    encodeProposedAnswer,
    decodeProposedAnswer,
  ],
} as unknown as Record<string, [fc.Arbitrary<unknown>, (message: unknown) => Uint8Array, (encoded: Uint8Array) => unknown]>;

describe.each(Object.entries(MESSAGES))('the message %s', (_name, [arbitrary, encode, decode]) => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(arbitrary, (message) => {
        expect(decode(encode(message))).toEqual(message);
      }),
      { numRuns: 50 },
    );
  });

  it('is refused with a code when it is damaged, and never read as something that it is not', () => {
    fc.assert(
      fc.property(arbitrary, fc.nat(), fc.nat(255), (message, at, byte) => {
        const encoded = encode(message);
        const damaged = Uint8Array.from(encoded);
        damaged[at % damaged.length] = byte;
        try {
          // Whatever is read has exactly one form.
          expect(encode(decode(damaged))).toEqual(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(TreadleError);
          expect((error as TreadleError).code).toBe('MESSAGE_MALFORMED');
        }
      }),
      { numRuns: 200 },
    );
  });
});
