import type { KernelMemory, Kernels } from '../kernels.ts';
import { sumInLanes } from './matrix-twin.ts';

const round = Math.fround;
const SUM_BLOCK = 4096;

type VectorKernels = Pick<
  Kernels,
  'pull' | 'stepSgd' | 'stepAdam' | 'addScaled' | 'scale' | 'dotProduct' | 'squaredDistance' | 'trimmedMean'
>;

/** Optimiser steps and aggregation in plain TypeScript, in the order of the WebAssembly kernels. */
export function vectorTwin(memory: KernelMemory): VectorKernels {
  return {
    pull(weights, anchor, gradients, count, factorGiven) {
      const f = memory.floats;
      const factor = round(factorGiven);
      for (let i = 0; i < count; i++) {
        const anchored = anchor === 0 ? 0 : (f[(anchor >> 2) + i] as number);
        const away = round((f[(weights >> 2) + i] as number) - anchored);
        f[(gradients >> 2) + i] = (f[(gradients >> 2) + i] as number) + round(factor * away);
      }
    },
    stepSgd(weights, gradients, velocity, count, rateGiven, momentumGiven) {
      const f = memory.floats;
      const [rate, momentum] = [round(rateGiven), round(momentumGiven)];
      for (let i = 0; i < count; i++) {
        let step = f[(gradients >> 2) + i] as number;
        if (velocity !== 0) {
          step = round(round(momentum * (f[(velocity >> 2) + i] as number)) + step);
          f[(velocity >> 2) + i] = step;
        }
        f[(weights >> 2) + i] = (f[(weights >> 2) + i] as number) - round(rate * step);
      }
    },
    stepAdam(weights, gradients, first, second, count, rateGiven, beta1Given, beta2Given, epsilonGiven) {
      const f = memory.floats;
      const [rate, beta1, beta2, epsilon] = [round(rateGiven), round(beta1Given), round(beta2Given), round(epsilonGiven)];
      const [take1, take2] = [round(1 - beta1), round(1 - beta2)];
      for (let i = 0; i < count; i++) {
        const g = f[(gradients >> 2) + i] as number;
        const m = round(round(beta1 * (f[(first >> 2) + i] as number)) + round(take1 * g));
        const v = round(round(beta2 * (f[(second >> 2) + i] as number)) + round(round(take2 * g) * g));
        f[(first >> 2) + i] = m;
        f[(second >> 2) + i] = v;
        const step = round(round(rate * m) / round(round(Math.sqrt(v)) + epsilon));
        f[(weights >> 2) + i] = (f[(weights >> 2) + i] as number) - step;
      }
    },
    addScaled(to, from, count, factorGiven) {
      const f = memory.floats;
      const factor = round(factorGiven);
      for (let i = 0; i < count; i++) {
        f[(to >> 2) + i] = (f[(to >> 2) + i] as number) + round(factor * (f[(from >> 2) + i] as number));
      }
    },
    scale(vector, count, factorGiven) {
      const f = memory.floats;
      const factor = round(factorGiven);
      for (let i = vector >> 2; i < (vector >> 2) + count; i++) f[i] = factor * (f[i] as number);
    },
    dotProduct(a, b, count) {
      const f = memory.floats;
      return sumOfBlocks(count, (i) => round((f[(a >> 2) + i] as number) * (f[(b >> 2) + i] as number)));
    },
    squaredDistance(a, b, count) {
      const f = memory.floats;
      return sumOfBlocks(count, (i) => {
        const away = round((f[(a >> 2) + i] as number) - (f[(b >> 2) + i] as number));
        return round(away * away);
      });
    },
    trimmedMean(from, stride, vectors, count, trim, to) {
      const f = memory.floats;
      const values = new Float32Array(vectors);
      for (let i = 0; i < count; i++) {
        for (let v = 0; v < vectors; v++) values[v] = f[(from >> 2) + v * stride + i] as number;
        values.sort();
        let sum = 0;
        for (let v = trim; v < vectors - trim; v++) sum = round(sum + (values[v] as number));
        f[(to >> 2) + i] = sum / (vectors - 2 * trim);
      }
    },
  };
}

/** Blocks are summed in single precision, in lanes, and added in double precision. */
function sumOfBlocks(count: number, at: (index: number) => number): number {
  let total = 0;
  for (let from = 0; from < count; from += SUM_BLOCK) {
    total += sumInLanes(Math.min(SUM_BLOCK, count - from), (i) => at(from + i));
  }
  return total;
}
