import { equalShares, mean } from './averaging.ts';
import { compareText, nameOf, needClients, type Strategy, toAggregate, usualFaulty } from './strategy.ts';
import { distance } from './vector.ts';

export interface KrumOptions {
  /** Byzantine clients to bear: n must be at least 2 faulty + 3. */
  readonly faulty?: number;
  /** How many of the best are averaged; 1 is Krum itself. */
  readonly best?: number;
}

/**
 * Krum and multi-Krum (Blanchard et al. 2017, section 4): the score of an update is the sum of its squared distances to its n - faulty - 2
 * nearest; the smallest score wins, or the mean of the `best` smallest. Among equal scores the name counts.
 */
export function krum({ faulty, best }: KrumOptions): Strategy {
  return async (contributions, { global }) => {
    const count = contributions.length;
    const bad = faulty ?? usualFaulty(count, Math.floor((count - 3) / 2));
    needClients(`Krum with faulty=${bad}`, count, 2 * bad + 3);
    const take = best ?? count - bad;
    needClients(`Multi-Krum with best=${take}`, count, take);
    const squares = await squaredDistances(contributions.map((contribution) => () => contribution.load()));
    const near = count - bad - 2;
    const ranked = contributions
      .map((contribution, at) => {
        const others = (squares[at] as Float64Array).filter((_, other) => other !== at).sort();
        return { contribution, score: others.subarray(0, near).reduce((sum, square) => sum + square, 0) };
      })
      .sort((left, right) => left.score - right.score || compareText(nameOf(left.contribution), nameOf(right.contribution)));
    const chosen = new Set(ranked.slice(0, take).map(({ contribution }) => contribution));
    const accepted = equalShares(contributions.filter((contribution) => chosen.has(contribution)));
    return toAggregate({
      weights: await mean(accepted, global.length),
      accepted,
      rejected: ranked.slice(take).map(({ contribution, score }, at) => ({
        contribution,
        reason: `rank ${take + at + 1} of ${count} with score ${score.toPrecision(4)}`,
      })),
    });
  };
}

/** |x_i - x_j|^2 of all pairs. All vectors are in memory meanwhile. */
export async function squaredDistances(loads: readonly (() => Promise<Float32Array>)[]): Promise<Float64Array[]> {
  const vectors: Float32Array[] = [];
  for (const load of loads) vectors.push(await load());
  const squares = vectors.map(() => new Float64Array(vectors.length));
  for (let one = 0; one < vectors.length; one++) {
    for (let other = one + 1; other < vectors.length; other++) {
      const away = distance(vectors[one] as Float32Array, vectors[other] as Float32Array) ** 2;
      (squares[one] as Float64Array)[other] = away;
      (squares[other] as Float64Array)[one] = away;
    }
  }
  return squares;
}
