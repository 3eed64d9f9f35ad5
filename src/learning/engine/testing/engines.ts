import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createEngine, type Engine, type KernelBytes } from '../engine.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../../../dist/kernels');

/** The compiled kernels, as the set-up of the tests built them. */
export function readKernelBytes(): KernelBytes {
  return { simd: readFileSync(path.join(FOLDER, 'simd.wasm')), relaxed: readFileSync(path.join(FOLDER, 'relaxed.wasm')) };
}

/** Plain SIMD, relaxed SIMD and the twins in TypeScript. */
export function allEngines(): { readonly simd: Engine; readonly relaxed: Engine; readonly typescript: Engine } {
  const kernels = readKernelBytes();
  return { simd: createEngine({ kernels }), relaxed: createEngine({ kernels, fastMath: true }), typescript: createEngine() };
}
