import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIRST_ADDRESS, type KernelInstance, type Kernels } from './kernels.ts';
import { seededUniform } from './seeded-uniform.ts';
import { allEngines } from './testing/engines.ts';

// Every kernel against its twin: plain SIMD bit by bit, relaxed SIMD within rounding.

const RUNS = 25;
const RELAXED_TOLERANCE = 1e-4;
const engines = allEngines();
const instances = { simd: engines.simd.open(), relaxed: engines.relaxed.open(), typescript: engines.typescript.open() };
/** Numbers of an operand; every operand has this much room. */
const OPERAND = 40_000;
const OPERANDS = 7;
const ROOM = FIRST_ADDRESS + OPERAND * 4 * OPERANDS;
for (const { memory, kernels } of Object.values(instances)) memory.grow(ROOM + kernels.gemmRoom() + 100_000);

/** The address of operand 0, 1, ... */
const at = (operand: number) => FIRST_ADDRESS + operand * OPERAND * 4;

type Call = (kernels: Kernels) => unknown;

/** Runs the same call on the same numbers everywhere and compares all operands, and what is returned. */
function compare(seed: number, call: Call, prepare: (instance: KernelInstance) => void = () => undefined): void {
  const outcome = (instance: KernelInstance) => {
    const uniform = seededUniform(seed);
    const operands = instance.memory.floats.subarray(FIRST_ADDRESS >> 2, ROOM >> 2);
    for (let i = 0; i < operands.length; i++) operands[i] = uniform();
    prepare(instance);
    const value = call(instance.kernels);
    return { value, operands: operands.slice() };
  };
  const [simd, relaxed, plain] = [outcome(instances.simd), outcome(instances.relaxed), outcome(instances.typescript)];
  expect(simd.value).toBe(plain.value);
  const bits = (numbers: Float32Array) => new Int32Array(numbers.buffer);
  const [left, right] = [bits(simd.operands), bits(plain.operands)];
  let [different, furthest] = [-1, 0];
  for (let i = 0; i < left.length; i++) {
    if (left[i] !== right[i]) different = i;
    furthest = Math.max(furthest, distance(relaxed.operands[i] as number, plain.operands[i] as number));
  }
  expect({ different, operand: Math.floor(different / OPERAND) }).toEqual({ different: -1, operand: -1 });
  expect(furthest).toBeLessThan(RELAXED_TOLERANCE);
}

/** Relative where numbers are large; codes of pooling are whole numbers and look like NaN. */
function distance(left: number, right: number): number {
  if (Number.isNaN(left) && Number.isNaN(right)) return 0;
  return Math.abs(left - right) / Math.max(1, Math.abs(right));
}

const seed = fc.integer({ min: 1, max: 2 ** 31 });
const small = (max: number, min = 1) => fc.integer({ min, max });

function property<T extends [unknown, ...unknown[]]>(
  arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> },
  check: (...values: T) => void,
): void {
  fc.assert(fc.property(...arbitraries, check), { numRuns: RUNS });
}

describe('the matrix product', () => {
  it('is that of the twin for every shape, transposition and start', () => {
    property([seed, small(70), small(40), small(300), fc.boolean(), fc.boolean(), small(2, 0)], (...given) => {
      const [from, m, n, k, turnA, turnB, start] = given as [number, number, number, number, boolean, boolean, number];
      const [aRow, aColumn] = turnA ? [1, m] : [k, 1];
      const [bRow, bColumn] = turnB ? [1, k] : [n, 1];
      compare(from, (kernels) => kernels.gemm(m, n, k, at(0), aRow, aColumn, at(1), bRow, bColumn, at(2), start, at(3), ROOM));
    });
  });

  it('is right across the blocks, and near the product in double precision', () => {
    const [m, n, k] = [66, 530, 70];
    compare(1, ({ gemm }) => gemm(m, n, k, at(0), k, 1, at(1), n, 1, at(2), 0, 0, ROOM));
    const { floats } = instances.simd.memory;
    const number = (operand: number, index: number) => floats[(at(operand) >> 2) + index] as number;
    for (const [i, j] of [
      [0, 0],
      [65, 529],
      [40, 513],
    ] as const) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += number(0, i * k + p) * number(1, p * n + j);
      expect(number(2, i * n + j)).toBeCloseTo(sum, 4);
    }
  });

  it('sums rows', () => {
    property([seed, small(20), small(100)], (from, rows, columns) => {
      compare(from, (kernels) => kernels.rowSums(at(0), at(1), rows, columns));
    });
  });
});

describe('convolution', () => {
  const shapes = [seed, small(3), small(3), small(6), small(9, 2), small(5, 2), small(2)] as const;

  it('goes straight over the input, forward and back', () => {
    property([...shapes], (from, channels, batch, rows, outputs, kernel, eights) => {
      const [height, width] = [rows + kernel - 1, eights * 8 + kernel - 1];
      const shape = [channels, batch, height, width, outputs, kernel] as const;
      compare(from, (kernels) => kernels.convolve(at(0), at(1), at(2), at(3), ...shape, ROOM));
      compare(from, (kernels) => kernels.convolveWeights(at(0), at(3), at(1), ...shape));
      compare(from, (kernels) => kernels.convolveInput(at(3), at(1), at(0), ...shape, ROOM));
    });
  });

  it('lays out its columns and adds them up again', () => {
    property([seed, small(3), small(3), small(9), small(9), small(5)], (from, channels, batch, height, width, kernel) => {
      for (let padding = 0; padding < kernel; padding++) {
        if (height + 2 * padding < kernel || width + 2 * padding < kernel) continue;
        compare(from, (kernels) => kernels.im2col(at(0), at(1), channels, batch, height, width, kernel, padding));
        compare(from, (kernels) => kernels.col2im(at(1), at(0), channels, batch, height, width, kernel, padding));
      }
    });
  });
});

describe('layers', () => {
  it('rectify', () => {
    property([seed, small(100)], (from, count) => {
      compare(from, (kernels) => kernels.relu(at(0), at(1), count));
      compare(from, (kernels) => kernels.reluBackward(at(0), at(1), at(2), count));
    });
  });

  it('pool, with and without the rectifier', () => {
    property([seed, small(4), small(11, 2), small(23, 2), small(1, 0)], (from, planes, height, width, rectify) => {
      compare(from, (kernels) => {
        kernels.maxPool(at(0), at(1), at(2), planes, height, width, rectify);
        kernels.maxPoolBackward(at(3), at(2), at(4), planes, height, width);
      });
    });
  });

  it('flatten', () => {
    property([seed, small(5), small(7), small(9)], (from, outer, rows, columns) => {
      compare(from, (kernels) => kernels.swapAxes(at(0), at(1), outer, rows, columns));
    });
  });

  it('normalise, in training and after', () => {
    property([seed, small(5), small(90, 2), small(1, 0)], (from, channels, count, training) => {
      const positiveVariances = ({ memory }: KernelInstance) => {
        const running = memory.floats.subarray(at(4) >> 2, (at(4) >> 2) + 2 * channels);
        for (let i = 0; i < running.length; i++) running[i] = Math.abs(running[i] as number);
      };
      const call: Call = (kernels) => {
        kernels.batchNorm(at(0), at(1), at(2), at(3), at(4), at(5), channels, count, 0.1, 1e-5, training);
      };
      compare(from, call, positiveVariances);
      compare(from, (kernels) => {
        kernels.batchNormBackward(at(0), at(1), at(2), at(3), at(4), at(4) + 400, at(5), channels, count);
      });
    });
  });
});

describe('losses', () => {
  it('are those of the twins', () => {
    property([seed, small(12, 2), small(20)], (from, units, batch) => {
      const label = ({ memory }: KernelInstance) => {
        for (let n = 0; n < batch; n++) memory.integers[(at(1) >> 2) + n] = (from + n) % units;
      };
      compare(from, (kernels) => kernels.softmaxCrossEntropy(at(0), at(1), at(2), units, batch, ROOM), label);
      compare(from, (kernels) => kernels.meanSquaredError(at(0), at(1), at(2), units * batch));
      compare(from, (kernels) => kernels.huberLoss(at(0), at(1), at(2), units * batch, 0.5));
    });
  });

  it('take the exponential and the logarithm to the last digits', () => {
    const { kernels, memory } = instances.simd;
    for (const gap of [0, 1e-3, 0.5, 1, 3, 20, 60, 200, 5000].map(Math.fround)) {
      memory.floats.set([0, -gap], at(0) >> 2);
      memory.integers[at(1) >> 2] = 1;
      const wanted = gap + Math.log1p(Math.exp(-gap));
      const given = kernels.softmaxCrossEntropy(at(0), at(1), 0, 2, 1, ROOM);
      expect(Math.abs(given - wanted) / wanted).toBeLessThan(4e-15);
    }
  });
});

describe('vectors', () => {
  it('follow their gradients', () => {
    property([seed, small(100), fc.boolean()], (from, count, withMomentum) => {
      compare(from, (kernels) => kernels.pull(at(0), withMomentum ? at(2) : 0, at(1), count, 0.1));
      compare(from, (kernels) => kernels.stepSgd(at(0), at(1), withMomentum ? at(2) : 0, count, 0.1, 0.9));
      const positive = ({ memory }: KernelInstance) => {
        for (let i = at(3) >> 2; i < (at(3) >> 2) + count; i++) memory.floats[i] = Math.abs(memory.floats[i] as number);
      };
      compare(from, (kernels) => kernels.stepAdam(at(0), at(1), at(2), at(3), count, 1e-3, 0.9, 0.999, 1e-8), positive);
    });
  });

  it('are added, scaled and compared', () => {
    property([seed, small(9_000)], (from, count) => {
      compare(from, (kernels) => kernels.addScaled(at(0), at(1), count, 0.3));
      compare(from, (kernels) => kernels.scale(at(0), count, 0.3));
      compare(from, (kernels) => kernels.dotProduct(at(0), at(1), count));
      compare(from, (kernels) => kernels.squaredDistance(at(0), at(1), count));
    });
  });

  it('are trimmed coordinate by coordinate', () => {
    property([seed, small(12), small(50), small(5, 0)], (from, vectors, count, wanted) => {
      const trim = Math.min(wanted, (vectors - 1) >> 1);
      compare(from, (kernels) => kernels.trimmedMean(at(0), count + 3, vectors, count, trim, at(2), ROOM));
    });
  });
});
