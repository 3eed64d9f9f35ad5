import { describe, expect, it } from 'vitest';
import { rememberByContent, rememberByIdentity } from './remember.ts';

describe('what is remembered', () => {
  it('by identity is computed once per object', () => {
    let computed = 0;
    const lengthOf = rememberByIdentity((bytes: Uint8Array) => {
      computed++;
      return bytes.length;
    });
    const [left, right] = [new Uint8Array(3), new Uint8Array(3)];
    expect([lengthOf(left), lengthOf(left), lengthOf(right)]).toEqual([3, 3, 3]);
    expect(computed).toBe(2);
  });

  it('by content is computed once per content, of which the older ones are forgotten', () => {
    const computed: number[] = [];
    const first = rememberByContent(2, (bytes) => {
      computed.push(bytes[0] as number);
      return bytes[0];
    });
    for (const byte of [1, 1, 2, 2, 3, 1]) expect(first(Uint8Array.of(byte))).toBe(byte);
    expect(computed).toEqual([1, 2, 3, 1]);
  });

  it('is no failure: it is computed again', () => {
    let calls = 0;
    const fails = rememberByContent(4, () => {
      calls++;
      throw new Error('no');
    });
    for (let call = 0; call < 2; call++) expect(() => fails(Uint8Array.of(1))).toThrow('no');
    expect(calls).toBe(2);
  });
});
