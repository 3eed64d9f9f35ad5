import { describe, expect, it } from 'vitest';
import { blsKeyFrom, blsKeyOfNode, keyFrom, toHex } from './index.ts';

const key = keyFrom(new Uint8Array(32).fill(7));
const publicKey = (number?: number): string => toHex(blsKeyOfNode(key, number).publicKey);

describe('the BLS key of a node', () => {
  it('is always the same, and known: whoever restores the key file has it again', () => {
    expect(publicKey()).toBe(publicKey(0));
    expect(publicKey()).toBe(KNOWN);
  });

  it('is another one for another number or node, and not that of the secret itself', () => {
    const other = toHex(blsKeyOfNode(keyFrom(new Uint8Array(32).fill(8))).publicKey);
    const keys = [publicKey(0), publicKey(1), publicKey(2), other, toHex(blsKeyFrom(key.privateKey).publicKey)];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it.each([-1, 0.5, 2 ** 32, Number.NaN])('refuses the number %s', (number) => {
    expect(() => blsKeyOfNode(key, number)).toThrow(RangeError);
  });
});

const KNOWN = '0x858d580d2de010e3380c659023689faaf758b11964c97c90841024c1f7b3a28115059e2b3983b5d138785b9976e599bb';
