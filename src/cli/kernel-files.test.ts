import { describe, expect, it } from 'vitest';
import { createEngine } from '../learning/index.ts';
import { ensureKernels } from './kernel-files.ts';

describe('the compiled kernels', () => {
  it('are read without compiling them again, and can be used', async () => {
    const told: string[] = [];
    const kernels = await ensureKernels((text) => told.push(text));
    expect(told).toEqual([]);
    expect(createEngine({ kernels }).flavour).toBe('simd');
    expect(createEngine({ kernels, fastMath: true }).flavour).toBe('relaxed');
  });
});
