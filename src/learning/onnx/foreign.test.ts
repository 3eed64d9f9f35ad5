import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createEngine } from '../engine/index.ts';
import { readKernelBytes } from '../engine/testing/engines.ts';
import { loadOnnx } from './onnx-model.ts';

const FOLDER = new URL('./testing/foreign/', import.meta.url);
const cases = JSON.parse(readFileSync(new URL('foreign.json', FOLDER), 'utf8')) as Record<
  string,
  { readonly inputs: readonly number[]; readonly outputs: readonly number[] }
>;

describe.each(Object.entries(cases))('%s, made by another tool', (name, { inputs, outputs }) => {
  it.each([
    ['SIMD', createEngine({ kernels: readKernelBytes() })],
    ['TypeScript', createEngine()],
  ])('predicts what another runtime does, with %s', (_kind, engine) => {
    const model = loadOnnx(engine, readFileSync(new URL(`${name}.onnx`, FOLDER)));
    const scores = model.predict(Float32Array.from(inputs));
    expect(scores).toHaveLength(outputs.length);
    for (const [at, expected] of outputs.entries()) expect(scores[at]).toBeCloseTo(expected, 4);
  });
});
