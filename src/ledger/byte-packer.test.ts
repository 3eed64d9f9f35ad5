import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BytePacker } from './byte-packer.ts';

const step = fc.record({ sizeBytes: fc.nat(90), isGivenBack: fc.boolean() });

describe('packed bytes', () => {
  it('belong to one holder, however they were taken and given back', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const packer = new BytePacker(64);
        const held: { readonly bytes: Uint8Array; readonly mark: number }[] = [];
        for (const [at, { sizeBytes, isGivenBack }] of steps.entries()) {
          const bytes = packer.take(sizeBytes);
          expect(bytes).toHaveLength(sizeBytes);
          bytes.fill(at + 1);
          if (isGivenBack) packer.giveBack(bytes);
          else held.push({ bytes, mark: at + 1 });
        }
        for (const { bytes, mark } of held) expect(bytes.every((byte) => byte === mark)).toBe(true);
      }),
    );
  });

  it('are zero, and what was not taken last is not taken back', () => {
    const packer = new BytePacker(64);
    const [first, second] = [packer.take(20), packer.take(20)];
    first.fill(1);
    packer.giveBack(first);
    expect([...packer.take(20)]).toEqual(new Array(20).fill(0));
    expect([...second]).toEqual(new Array(20).fill(0));
    expect(packer.take(100).every((byte) => byte === 0)).toBe(true);
  });
});
