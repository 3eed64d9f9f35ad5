import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRlp, SIGNATURE_BYTES, toHex } from '../crypto/index.ts';
import { HEARD_ASKED_MAX, HEARD_FRAME_BYTES_MAX, HEARD_STATEMENTS_MAX, SEALERS_MAX } from '../limits.ts';
import { decodeHearsay, encodeHearsay, fingerprintOf, type Hearsay } from './hearsay.ts';
import { contentBytes } from './signing.ts';

const type = fc.constantFrom('pre-prepare', 'prepare', 'commit', 'round-change');
const round = fc.nat(1_000);
const height = fc.nat(2 ** 40);
const signer = fc.nat(SEALERS_MAX - 1);
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const hearsay: fc.Arbitrary<Hearsay> = fc.oneof(
  fc.record({
    kind: fc.constant('heard'),
    height,
    groups: fc.array(
      fc.record({
        type,
        round,
        fingerprint: bytes(16).map((value) => toHex(value)),
        signers: fc
          .uniqueArray(signer, { minLength: 1 })
          .map((signers) => Uint8Array.from(signers.toSorted((left, right) => left - right))),
      }),
      { maxLength: 30 },
    ),
  }),
  fc.record({
    kind: fc.constant('ask'),
    height,
    places: fc.array(fc.record({ type, round, signer }), { maxLength: HEARD_ASKED_MAX }),
  }),
  fc.record({
    kind: fc.constant('show'),
    height,
    statements: fc.array(
      type.chain((of) =>
        fc.record({ type: fc.constant(of), round, signer, content: bytes(contentBytes(of)), signature: bytes(SIGNATURE_BYTES) }),
      ),
      { maxLength: HEARD_STATEMENTS_MAX },
    ),
  }),
);

describe('hearsay on the wire', () => {
  it('is what was written', () => {
    fc.assert(
      fc.property(hearsay, (value) => {
        expect(decodeHearsay(encodeHearsay(value))).toEqual(value);
      }),
      { numRuns: 200 },
    );
  });

  it('has one encoding', () => {
    fc.assert(
      fc.property(hearsay, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, change) => {
        const frame = encodeHearsay(value);
        frame[at % frame.length] = (frame[at % frame.length] ?? 0) ^ change;
        let read: Hearsay;
        try {
          read = decodeHearsay(frame);
        } catch (error) {
          expect(error).toMatchObject({ code: 'CONSENSUS_MALFORMED' });
          return;
        }
        expect(encodeHearsay(read)).toEqual(frame);
      }),
      { numRuns: 300 },
    );
  });

  const print = new Uint8Array(16);
  it.each([
    ['an unknown kind', [3, 1, []]],
    ['no height', [0, []]],
    ['an unknown type', [0, 1, [[5, 0, print, Uint8Array.of(1)]]]],
    ['a short fingerprint', [0, 1, [[1, 0, print.subarray(1), Uint8Array.of(1)]]]],
    ['nobody', [0, 1, [[1, 0, print, new Uint8Array(0)]]]],
    ['somebody twice', [0, 1, [[1, 0, print, Uint8Array.of(1, 1)]]]],
    ['somebody there is not', [0, 1, [[1, 0, print, Uint8Array.of(SEALERS_MAX)]]]],
    ['a question about somebody there is not', [1, 1, [[1, 0, SEALERS_MAX]]]],
    ['too many questions', [1, 1, Array.from({ length: HEARD_ASKED_MAX + 1 }, () => [1, 0, 1])]],
    ['a digest that is too long', [2, 1, [[1, 0, 1, new Uint8Array(41), new Uint8Array(SIGNATURE_BYTES)]]]],
  ])('with %s is refused', (_, items) => {
    expect(() => decodeHearsay(encodeRlp(items))).toThrow(expect.objectContaining({ code: 'CONSENSUS_MALFORMED' }));
  });

  it('that is too long is refused before it is read', () => {
    expect(() => decodeHearsay(new Uint8Array(HEARD_FRAME_BYTES_MAX + 1))).toThrow(/allowed/);
  });

  it('fits its frame when as many statements as there can be are shown', () => {
    const statement = {
      type: 'round-change',
      round: 2 ** 40,
      signer: 99,
      content: new Uint8Array(41),
      signature: new Uint8Array(65),
    } as const;
    const frame = encodeHearsay({
      kind: 'show',
      height: 2 ** 40,
      statements: Array.from({ length: HEARD_STATEMENTS_MAX }, () => statement),
    });
    expect(decodeHearsay(frame)).toMatchObject({ kind: 'show' });
  });

  it('tells contents apart by a fingerprint of 16 bytes', () => {
    expect(fingerprintOf(Uint8Array.of(1))).toHaveLength(2 + 32);
    expect(fingerprintOf(Uint8Array.of(1))).not.toBe(fingerprintOf(Uint8Array.of(2)));
  });
});
