import { equalShares } from './averaging.ts';
import { type Contribution, needClients, type Strategy, toAggregate, usualFaulty } from './strategy.ts';

/** The median of each weight by itself (Yin et al. 2018, option I). Of an even number of clients the mean of the two in the middle. */
export function coordinateMedian(): Strategy {
  return async (contributions) => {
    needClients('The median', contributions.length, 1);
    const trim = Math.floor((contributions.length - 1) / 2);
    return await trimmed(contributions, trim);
  };
}

/**
 * The mean of each weight without its `faulty` smallest and `faulty` largest values (Yin et al. 2018, option II). Every client counts the
 * same: numbers of samples are only claims.
 */
export function trimmedMean({ faulty }: { readonly faulty?: number }): Strategy {
  return async (contributions) => {
    const count = contributions.length;
    const trim = faulty ?? usualFaulty(count, Math.floor((count - 1) / 2));
    needClients(`The trimmed mean with faulty=${trim}`, count, 2 * trim + 1);
    return await trimmed(contributions, trim);
  };
}

async function trimmed(contributions: readonly Contribution[], trim: number) {
  const vectors: Float32Array[] = [];
  for (const contribution of contributions) vectors.push(await contribution.load());
  const length = (vectors[0] as Float32Array).length;
  const weights = new Float32Array(length);
  const column = new Float32Array(vectors.length);
  const kept = vectors.length - 2 * trim;
  for (let at = 0; at < length; at++) {
    for (let of = 0; of < vectors.length; of++) column[of] = (vectors[of] as Float32Array)[at] as number;
    column.sort();
    let sum = 0;
    for (let of = trim; of < trim + kept; of++) sum += column[of] as number;
    weights[at] = sum / kept;
  }
  return toAggregate({ weights, accepted: equalShares(contributions) });
}
