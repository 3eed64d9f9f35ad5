import { mean, sharesBySamples } from './averaging.ts';
import { compareText, nameOf, needClients, type Strategy, toAggregate } from './strategy.ts';

/**
 * Pedal (SewingChain, section IV-C, equations 12 and 13): every update is tried on the coordinator's third of the test set, they are
 * sorted by accuracy, and the best third is averaged, weighted by samples. As printed, the weights are divided by the samples of all
 * nodes and do not add up to 1; here they are divided by those of the chosen. Of n updates the best ceil(n / parts) are taken. Among equal
 * accuracies the smaller loss counts, then the name.
 */
export function pedal({ parts }: { readonly parts: number }): Strategy {
  return async (contributions, { global, judge }) => {
    needClients('Pedal', contributions.length, 1);
    const judged = [];
    for (const contribution of contributions) {
      judged.push({ contribution, ...(await judge(await contribution.load())) });
    }
    const best = Math.ceil(contributions.length / parts);
    const ranked = judged.sort(
      (left, right) =>
        right.accuracy - left.accuracy ||
        compareLoss(left.loss, right.loss) ||
        compareText(nameOf(left.contribution), nameOf(right.contribution)),
    );
    const chosen = new Set(ranked.slice(0, best).map(({ contribution }) => contribution));
    // In the order of the clients, not of their rank: the sum is then the same whoever computes it.
    const accepted = sharesBySamples(contributions.filter((contribution) => chosen.has(contribution)));
    return toAggregate({
      weights: await mean(accepted, global.length),
      accepted,
      rejected: ranked.slice(best).map(({ contribution, accuracy }, at) => ({
        contribution,
        reason: `rank ${best + at + 1} of ${ranked.length} with accuracy ${accuracy.toFixed(4)}`,
      })),
      evaluations: contributions.length,
    });
  };
}

/** A loss that is no number comes last. */
function compareLoss(left: number, right: number): number {
  if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
  return left < right ? -1 : left > right ? 1 : 0;
}
