import { describe, expect, it } from 'vitest';
import { createEngine } from './engine.ts';
import { readKernelBytes } from './testing/engines.ts';

describe('an engine', () => {
  it('says which kernels it has', () => {
    const kernels = readKernelBytes();
    expect(createEngine().flavour).toBe('typescript');
    expect(createEngine({ kernels }).flavour).toBe('simd');
    expect(createEngine({ kernels, fastMath: true }).flavour).toBe('relaxed');
  });

  it('refuses what are no kernels', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect(() => createEngine({ kernels: { simd: bytes } })).toThrow(
      expect.objectContaining({ code: 'LEARNING_KERNELS_INVALID' }),
    );
    const unsupported = expect.objectContaining({ code: 'LEARNING_FAST_MATH_UNSUPPORTED' });
    expect(() => createEngine({ kernels: { simd: bytes, relaxed: bytes }, fastMath: true })).toThrow(unsupported);
    expect(() => createEngine({ fastMath: true })).toThrow(unsupported);
  });

  it('keeps what is in memory when it grows', () => {
    for (const engine of [createEngine(), createEngine({ kernels: readKernelBytes() })]) {
      const { memory } = engine.open();
      memory.floats[200] = 42;
      memory.grow(1_000_000);
      expect([memory.floats[200], memory.floats.length >= 250_000]).toEqual([42, true]);
    }
  });
});
