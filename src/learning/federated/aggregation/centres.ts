import { equalShares } from './averaging.ts';
import { type Contribution, needClients, type Strategy, toAggregate } from './strategy.ts';
import { addScaled, distance, medianOf } from './vector.ts';

export interface GeometricMedianOptions {
  readonly passes: number;
  /** Distances below count as this much: the method does not divide by 0. */
  readonly smoothing: number;
}

/**
 * The point with the smallest sum of distances, by Weiszfeld's method with smoothing (RFA, Pillutla et al. 2022, algorithm 2), begun at the
 * mean. Every client counts the same. Vectors are loaded once in each pass, one at a time.
 */
export function geometricMedian({ passes, smoothing }: GeometricMedianOptions): Strategy {
  return async (contributions, { global }) => {
    needClients('The geometric median', contributions.length, 1);
    let factors = contributions.map(() => 1 / contributions.length);
    let centre = await weightedSum(contributions, factors, global.length);
    for (let pass = 0; pass < passes; pass++) {
      const inverse = [];
      for (const contribution of contributions) {
        inverse.push(1 / Math.max(smoothing, distance(await contribution.load(), centre)));
      }
      const total = inverse.reduce((sum, each) => sum + each, 0);
      factors = inverse.map((each) => each / total);
      centre = await weightedSum(contributions, factors, global.length);
    }
    return toAggregate({
      weights: Float32Array.from(centre),
      accepted: contributions.map((contribution, at) => ({ contribution, share: factors[at] as number })),
    });
  };
}

async function weightedSum(parts: readonly Contribution[], factors: readonly number[], length: number): Promise<Float64Array> {
  const total = new Float64Array(length);
  for (const [at, part] of parts.entries()) addScaled(total, await part.load(), factors[at] as number);
  return total;
}

export interface CentredClippingOptions {
  /** Most that an update may pull in one pass, as a distance of weights; the median of the distances when absent. */
  readonly radius?: number;
  readonly passes: number;
}

/**
 * Centred clipping (Karimireddy et al. 2021, equation 11), begun at the global model: the centre moves by the mean of the differences to it,
 * none of them longer than the radius. That the radius follows the median distance when none is given is ours.
 */
export function centredClipping({ radius, passes }: CentredClippingOptions): Strategy {
  return async (contributions, { global }) => {
    needClients('Centred clipping', contributions.length, 1);
    let centre = Float64Array.from(global);
    for (let pass = 0; pass < passes; pass++) {
      const distances = [];
      for (const contribution of contributions) distances.push(distance(await contribution.load(), centre));
      const limit = radius ?? medianOf(distances);
      const next = centre.slice();
      for (const [at, contribution] of contributions.entries()) {
        const away = distances[at] as number;
        const factor = (away > limit ? limit / away : 1) / contributions.length;
        addScaled(next, await contribution.load(), factor, centre);
      }
      centre = next;
    }
    return toAggregate({ weights: Float32Array.from(centre), accepted: equalShares(contributions) });
  };
}
