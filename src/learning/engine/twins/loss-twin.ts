import type { KernelMemory, Kernels } from '../kernels.ts';

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const LOG2_E = Math.LOG2E;
const SQRT_2 = Math.SQRT2;
const SMALLEST_EXPONENT = -700;

const double = new Float64Array(1);
/** The halves of `double`: the upper one holds sign and exponent on every machine that Node runs on. */
const halves = new Uint32Array(double.buffer);

type LossKernels = Pick<Kernels, 'softmaxCrossEntropy' | 'meanSquaredError' | 'huberLoss'>;

/** The losses in plain TypeScript, in the order of the WebAssembly kernels. */
export function lossTwin(memory: KernelMemory): LossKernels {
  return {
    softmaxCrossEntropy(scores, labels, gradient, units, batch) {
      const f = memory.floats;
      const powers = new Float64Array(units);
      let loss = 0;
      for (let n = 0; n < batch; n++) {
        const scoreOf = (unit: number) => f[(scores >> 2) + unit * batch + n] as number;
        let largest = scoreOf(0);
        for (let u = 1; u < units; u++) largest = Math.max(largest, scoreOf(u));
        let sum = 0;
        for (let u = 0; u < units; u++) {
          powers[u] = exponential(scoreOf(u) - largest);
          sum += powers[u] as number;
        }
        const label = memory.integers[(labels >> 2) + n] as number;
        loss += logarithm(sum) - (scoreOf(label) - largest);
        if (gradient === 0) continue;
        for (let u = 0; u < units; u++) {
          f[(gradient >> 2) + u * batch + n] = ((powers[u] as number) / sum - (u === label ? 1 : 0)) / batch;
        }
      }
      return loss / batch;
    },
    meanSquaredError(outputs, targets, gradient, count) {
      const f = memory.floats;
      let loss = 0;
      for (let i = 0; i < count; i++) {
        const difference = (f[(outputs >> 2) + i] as number) - (f[(targets >> 2) + i] as number);
        loss += difference * difference;
        if (gradient !== 0) f[(gradient >> 2) + i] = (2 * difference) / count;
      }
      return loss / count;
    },
    huberLoss(outputs, targets, gradient, count, delta) {
      const f = memory.floats;
      let loss = 0;
      for (let i = 0; i < count; i++) {
        const difference = (f[(outputs >> 2) + i] as number) - (f[(targets >> 2) + i] as number);
        const size = Math.abs(difference);
        const within = size <= delta;
        loss += within ? 0.5 * difference * difference : delta * (size - 0.5 * delta);
        const slope = within ? difference : difference > 0 ? delta : -delta;
        if (gradient !== 0) f[(gradient >> 2) + i] = slope / count;
      }
      return loss / count;
    },
  };
}

/** e^x for x <= 0, from additions, multiplications and divisions alone: the same bits everywhere. */
export function exponential(x: number): number {
  if (x < SMALLEST_EXPONENT) return 0;
  const k = Math.floor(x * LOG2_E + 0.5);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let sum = 1;
  for (let i = 13; i >= 1; i--) sum = 1 + (sum * r) / i;
  halves[0] = 0;
  halves[1] = (k + 1023) << 20;
  return sum * (double[0] as number);
}

/** The natural logarithm of x >= 1. */
export function logarithm(x: number): number {
  double[0] = x;
  const upper = halves[1] as number;
  let exponent = (upper >>> 20) - 1023;
  halves[1] = (upper & 0x000fffff) | 0x3ff00000;
  let mantissa = double[0] as number;
  if (mantissa > SQRT_2) {
    mantissa *= 0.5;
    exponent++;
  }
  const f = (mantissa - 1) / (mantissa + 1);
  const square = f * f;
  let sum = 0;
  for (let i = 23; i >= 1; i -= 2) sum = 1 / i + sum * square;
  return exponent * LN2_HIGH + (2 * f * sum + exponent * LN2_LOW);
}
