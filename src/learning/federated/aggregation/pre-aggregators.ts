import { shuffled } from '../../datasets/index.ts';
import { equalShares, mean } from './averaging.ts';
import { squaredDistances } from './krum.ts';
import { compareText, nameOf, needClients, type PreAggregator, usualFaulty } from './strategy.ts';
import { distance, medianOf, towards } from './vector.ts';

/**
 * No update may be longer than the radius: it is shortened towards the global model (norm clipping, Sun et al. 2019). Without a radius
 * it is the median of the lengths, which fewer than half cannot raise; that choice is ours.
 */
export function clipping({ radius }: { readonly radius?: number }): PreAggregator {
  return async (contributions, { global }) => {
    const lengths: number[] = [];
    for (const contribution of contributions) lengths.push(distance(await contribution.load(), global));
    const limit = radius ?? (lengths.length === 0 ? 0 : medianOf(lengths));
    return contributions.map((contribution, at) => {
      const length = lengths[at] as number;
      if (length <= limit) return contribution;
      return { ...contribution, load: async () => towards(global, await contribution.load(), limit / length) };
    });
  };
}

/**
 * Updates are dealt at random into buckets of `size`, and each bucket gives its mean (Karimireddy et al. 2022, algorithm 1): what honest clients
 * differ by averages out. The last bucket may be smaller.
 */
export function bucketing({ size }: { readonly size: number }): PreAggregator {
  return async (contributions, { global, random }) => {
    const order = shuffled(contributions.length, random);
    const buckets = [];
    for (let from = 0; from < order.length; from += size) {
      const members = Array.from(order.subarray(from, from + size))
        .sort((left, right) => left - right)
        .flatMap((at) => contributions.slice(at, at + 1));
      buckets.push({
        clients: members.flatMap(({ clients }) => clients),
        samples: members.reduce((sum, { samples }) => sum + samples, 0),
        claimedLoss: Number.NaN,
        load: () => mean(equalShares(members), global.length),
      });
    }
    return buckets.sort((left, right) => compareText(nameOf(left), nameOf(right)));
  };
}

/**
 * Nearest-neighbour mixing (Allouah et al. 2023, algorithm 2): each update becomes the mean of the n - faulty that are nearest to it, itself
 * among them.
 */
export function nearestNeighbourMixing({ faulty }: { readonly faulty?: number }): PreAggregator {
  return async (contributions, { global }) => {
    const count = contributions.length;
    const bad = faulty ?? usualFaulty(count, Math.floor((count - 1) / 2));
    needClients(`Nearest-neighbour mixing with faulty=${bad}`, count, 2 * bad + 1);
    const squares = await squaredDistances(contributions.map((contribution) => () => contribution.load()));
    return contributions.map((contribution, at) => {
      const row = squares[at] as Float64Array;
      const nearest = [...contributions.keys()]
        .sort((left, right) => (row[left] as number) - (row[right] as number) || left - right)
        .slice(0, count - bad)
        .sort((left, right) => left - right);
      const parts = equalShares(nearest.flatMap((neighbour) => contributions.slice(neighbour, neighbour + 1)));
      // What is claimed is claimed of the client's own weights, not of the mixture.
      return { ...contribution, claimedLoss: Number.NaN, load: () => mean(parts, global.length) };
    });
  };
}
