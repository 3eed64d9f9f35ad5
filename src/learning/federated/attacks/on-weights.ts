import { distance } from '../aggregation/vector.ts';
import type { Attack, AttackContext } from './attack.ts';

/** Numbers that have nothing to do with the data: the attack of SewingChain's section V-C. The loss that is claimed is drawn too. */
export function randomWeights({ deviation }: { readonly deviation: number }): Attack {
  return {
    instead: ({ global, random }) => Float32Array.from(global, () => random.normal(0, deviation)),
    claim: ({ samples }, { random }) => ({ samples, claimedLoss: random.float() }),
  };
}

/** Goes as far in the opposite direction (Allen-Zhu et al. 2020): global - factor * (trained - global). */
export function signFlip({ factor }: { readonly factor: number }): Attack {
  return { change: (trained, { global }) => along(global, trained, -factor) };
}

/** Goes further than it was trained, so that it replaces the mean (Bagdasaryan et al. 2020). */
export function scaledUpdate({ factor }: { readonly factor: number }): Attack {
  return { change: (trained, { global }) => along(global, trained, factor) };
}

function along(global: Float32Array, trained: Float32Array, factor: number): Float32Array {
  return Float32Array.from(global, (from, at) => from + factor * ((trained[at] as number) - from));
}

/**
 * A little is enough (Baruch et al. 2019, algorithm 3): the malicious clients estimate mean and deviation of each weight from what they
 * trained themselves, and all send mean - z * deviation, which looks like an honest outlier. Without a `z` it is the largest at which
 * enough honest clients are expected to lie further out: the normal quantile of (n - m - s) / (n - m) with s = floor(n/2 + 1) - m.
 */
export function aLittleIsEnough({ z }: { readonly z?: number }): Attack {
  return {
    conspire: (trained, { clients, malicious }) => {
      const factor = z ?? usualZ(clients, malicious);
      const count = trained.length;
      return Float32Array.from(trained[0] as Float32Array, (_, at) => {
        const mean = trained.reduce((sum, vector) => sum + (vector[at] as number), 0) / count;
        const variance = trained.reduce((sum, vector) => sum + ((vector[at] as number) - mean) ** 2, 0) / count;
        return mean - factor * Math.sqrt(variance);
      });
    },
  };
}

/** See {@link aLittleIsEnough}; 0 when the malicious are so many that they need no help. */
export function usualZ(clients: number, malicious: number): number {
  const supporters = Math.floor(clients / 2 + 1) - malicious;
  const share = (clients - malicious - supporters) / (clients - malicious);
  if (!(share > 0.5)) return 0;
  return share >= 1 ? 3 : normalQuantile(share);
}

/** By bisection on the distribution function: slow, exact enough, and without a table of constants. */
function normalQuantile(share: number): number {
  let [low, high] = [0, 8];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (normalBelow(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The normal distribution function for x >= 0: 1/2 + phi(x) (x + x^3/3 + x^5/15 + ...). */
function normalBelow(x: number): number {
  let [term, sum] = [x, x];
  for (let odd = 3; Math.abs(term) > 1e-17 * Math.abs(sum) && odd < 400; odd += 2) {
    term *= (x * x) / odd;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

/**
 * Does not train and wants its reward: sends the global model with a little noise (Fraboni et al. 2021, disguised free riders), and claims
 * that it has `samples` times as many samples.
 */
export function freeRider({ deviation, samples: times }: { readonly deviation: number; readonly samples: number }): Attack {
  return {
    instead: ({ global, random }) => Float32Array.from(global, (weight) => weight + random.normal(0, deviation)),
    claim: ({ samples, claimedLoss }) => ({ samples: Math.round(samples * times), claimedLoss }),
  };
}

/** All send the very same vector: a random direction, as long as the mean of what they trained, times `factor`. Nearness counts for them. */
export function colluders({ factor }: { readonly factor: number }): Attack {
  return {
    conspire: (trained, { global, conspiracy }) => {
      const length = trained.reduce((sum, vector) => sum + distance(vector, global), 0) / trained.length;
      const direction = Float64Array.from(global, () => conspiracy.normal(0, 1));
      const own = Math.sqrt(direction.reduce((sum, each) => sum + each * each, 0));
      return Float32Array.from(global, (from, at) => from + (factor * length * (direction[at] as number)) / own);
    },
  };
}

/** Bytes are changed between the client and the coordinator, one in `every`. */
export function tamperUpload({ every }: { readonly every: number }): Attack {
  return { upload: (bytes, context) => flipBits(bytes, every, context) };
}

/** The same on the way of the global model to the client. */
export function tamperDownload({ every }: { readonly every: number }): Attack {
  return { download: (bytes, context) => flipBits(bytes, every, context) };
}

/** At least one bit; never the highest ones of a number, so that what arrives still looks like weights. */
function flipBits(bytes: Uint8Array, every: number, { random }: AttackContext): Uint8Array {
  const changed = bytes.slice();
  const count = Math.max(1, Math.floor(bytes.length / every));
  for (let done = 0; done < count; done++) {
    const at = random.integer(bytes.length / 4) * 4 + random.integer(3);
    changed[at] = (changed[at] as number) ^ (1 << random.integer(8));
  }
  // Two flips may undo each other.
  if (changed.every((byte, at) => byte === bytes[at])) changed[0] = (changed[0] as number) ^ 1;
  return changed;
}
