import type { KernelInstance } from '../engine/index.ts';

/** Where a step works during one batch. Addresses are byte addresses; samples lie one after the other. */
export interface StepRun extends KernelInstance {
  readonly batch: number;
  readonly inputs: readonly number[];
  readonly output: number;
  /** The constants of the step, in its order. */
  readonly constants: readonly number[];
  readonly room: number;
}

/** One node of a graph, ready to be run. Shapes are those of one sample. */
export interface Step {
  readonly shape: readonly number[];
  /** Numbers that lie in memory for good: weights, tables. */
  readonly constants: readonly Float32Array[];
  /** Bytes of shared room for this many samples. */
  readonly roomBytes: (batch: number, instance: KernelInstance) => number;
  /** Multiplications for one sample. */
  readonly products: number;
  readonly run: (run: StepRun) => void;
}

/** Bytes of a number. */
export const NUMBER_BYTES = 4;

/** A step that writes each number of a sample without room of its own. */
export function plainStep(
  shape: readonly number[],
  run: (run: StepRun) => void,
  constants: readonly Float32Array[] = [],
  products = 0,
): Step {
  return { shape, constants, roomBytes: () => 0, products, run };
}

/** A step that makes each number from one number. */
export function eachNumber(shape: readonly number[], count: number, of: (x: number) => number): Step {
  return plainStep(shape, ({ memory, batch, inputs, output }) => {
    const f = memory.floats;
    const [from, to] = [(inputs[0] as number) >> 2, output >> 2];
    for (let i = 0; i < batch * count; i++) f[to + i] = of(f[from + i] as number);
  });
}
