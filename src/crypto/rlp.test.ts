import { RLP } from '@ethereumjs/rlp';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRlp, EncodedRlp, encodeRlp, fromHex, type RlpInput, type RlpItem, toHex } from './index.ts';

const bytes = fc.uint8Array({ maxLength: 80 });
const { item } = fc.letrec<{ item: RlpItem; list: RlpItem[] }>((tie) => ({
  item: fc.oneof({ maxDepth: 5 }, bytes, tie('list')),
  list: fc.array(tie('item'), { maxLength: 6 }),
}));

describe('RLP', () => {
  it('goes there and back', () => {
    fc.assert(fc.property(item, (value) => void expect(decodeRlp(encodeRlp(value))).toEqual(value)));
  });

  it('encodes as @ethereumjs does, numbers of all sizes and long contents among it', () => {
    const number = fc.oneof(fc.maxSafeNat(), fc.nat(300), fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }));
    const long = fc.nat(70_000).map((length) => new Uint8Array(length).fill(7));
    const value = fc.oneof(item, number, long, fc.array(fc.oneof(number, item, long), { maxLength: 5 }));
    fc.assert(
      fc.property(
        value,
        (input) => void expect(toHex(encodeRlp(input))).toBe(toHex(RLP.encode(input as Parameters<typeof RLP.encode>[0]))),
      ),
      { numRuns: 300 },
    );
  });

  it('takes what was encoded before as it is', () => {
    fc.assert(
      fc.property(item, item, (one, other) => {
        expect(toHex(encodeRlp([new EncodedRlp(one), other, [new EncodedRlp(other)]]))).toBe(
          toHex(encodeRlp([one, other, [other]])),
        );
      }),
    );
  });

  it('decodes what @ethereumjs decodes, and refuses what it refuses', () => {
    const theirs = (encoded: Uint8Array): unknown => {
      try {
        return RLP.decode(encoded);
      } catch {
        return 'refused';
      }
    };
    const ours = (encoded: Uint8Array): unknown => {
      try {
        return decodeRlp(encoded);
      } catch {
        return 'refused';
      }
    };
    const changed = fc.tuple(item, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
      const encoded = encodeRlp(value as RlpInput);
      encoded[at % encoded.length] = byte;
      return encoded;
    });
    const any = fc.oneof(changed, fc.uint8Array({ minLength: 1, maxLength: 80 }));
    fc.assert(
      fc.property(any, (encoded) => void expect(ours(encoded)).toEqual(theirs(encoded))),
      { numRuns: 2000 },
    );
  });

  it('is that of the Ethereum wiki', () => {
    const text = (word: string): Uint8Array => new TextEncoder().encode(word);
    expect(toHex(encodeRlp([text('cat'), text('dog')]))).toBe('0xc88363617483646f67');
    expect(toHex(encodeRlp(1024))).toBe('0x820400');
    expect(toHex(encodeRlp([0, 15n, []]))).toBe('0xc3800fc0');
    expect(() => encodeRlp(-1)).toThrow(RangeError);
    expect(() => encodeRlp([-1n])).toThrow(RangeError);
    expect(() => encodeRlp(1.5)).toThrow(RangeError);
    expect(() => encodeRlp(2 ** 53)).toThrow(RangeError);
  });

  it('refuses cut, lengthened, nothing and what is not canonical', () => {
    fc.assert(
      fc.property(item, fc.nat(), (value, seed) => {
        const encoded = encodeRlp(value);
        expect(() => decodeRlp(encoded.subarray(0, seed % encoded.length))).toThrow(RangeError);
        expect(() => decodeRlp(Uint8Array.from([...encoded, seed & 0xff]))).toThrow(RangeError);
      }),
    );
    for (const wrong of ['', '8105', 'b80105', 'b90001']) expect(() => decodeRlp(fromHex(wrong)), wrong).toThrow(RangeError);
  });

  it('survives lists within lists without end', () => {
    let nested: Uint8Array = new Uint8Array([0xc0]);
    for (let depth = 0; depth < 20_000; depth++) nested = Uint8Array.from([...header(nested.length), ...nested.subarray(0, 60)]);
    expect(() => decodeRlp(nested)).toThrow(RangeError);
  });
});

/** The header of a list of this many bytes. */
function header(length: number): readonly number[] {
  return length < 56 ? [0xc0 + length] : [0xf8, length & 0xff];
}
