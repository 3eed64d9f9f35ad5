import { needClients, type Strategy, toAggregate } from './strategy.ts';
import { addScaled, distance } from './vector.ts';

/**
 * FLTrust (Cao et al. 2021, algorithm 2): the coordinator trains on a few samples of its own. An update counts as much as it points the same
 * way (the cosine, 0 below a right angle) and is made as long as the coordinator's. When none points its way, nothing changes.
 */
export function flTrust(): Strategy {
  return async (contributions, { global, trainRoot }) => {
    needClients('FLTrust', contributions.length, 1);
    const root = await trainRoot();
    const length = distance(root, global);
    const total = new Float64Array(global.length);
    const trusted = [];
    const rejected = [];
    let trust = 0;
    for (const contribution of contributions) {
      const weights = await contribution.load();
      const own = distance(weights, global);
      let product = 0;
      for (let at = 0; at < weights.length; at++) {
        const from = global[at] as number;
        product += ((weights[at] as number) - from) * ((root[at] as number) - from);
      }
      const cosine = own === 0 || length === 0 ? 0 : product / (own * length);
      if (cosine <= 0) {
        rejected.push({ contribution, reason: `points away from the coordinator's own update (cosine ${cosine.toFixed(3)})` });
        continue;
      }
      trusted.push({ contribution, share: cosine });
      trust += cosine;
      addScaled(total, weights, (cosine * length) / own, global);
    }
    const weights = Float32Array.from(global, (from, at) => (trust === 0 ? from : from + (total[at] as number) / trust));
    const accepted = trusted.map(({ contribution, share }) => ({ contribution, share: share / trust }));
    return toAggregate({ weights, accepted, rejected });
  };
}
