import { seededStream } from '../../datasets/index.ts';
import type { Contribution, RoundContext } from '../aggregation/strategy.ts';

export interface Given {
  readonly weights: readonly number[];
  readonly samples?: number;
  readonly claimedLoss?: number;
}

/** Contributions of clients a, b, c, ... that count how often they are loaded. */
export function contributionsOf(given: readonly Given[]): (Contribution & { readonly loads: { count: number } })[] {
  return given.map(({ weights, samples = 1, claimedLoss = Number.NaN }, at) => {
    const loads = { count: 0 };
    return {
      clients: [String.fromCharCode(97 + at)],
      samples,
      claimedLoss,
      loads,
      load: async () => {
        loads.count++;
        return Float32Array.from(weights);
      },
    };
  });
}

/** A round over weights for which the first number says all: its accuracy is that number, its loss one minus it. */
export function contextOf(options: Partial<RoundContext> & { readonly length: number }): RoundContext {
  return {
    round: 1,
    global: new Float32Array(options.length),
    judge: async (weights) => ({ accuracy: weights[0] as number, loss: 1 - (weights[0] as number) }),
    trainRoot: async () => new Float32Array(options.length).fill(1),
    random: seededStream('test of strategies'),
    ...options,
  };
}
