import { mean, sharesBySamples } from './averaging.ts';
import { compareText, nameOf, needClients, type Strategy, toAggregate } from './strategy.ts';

export interface ProofOptions {
  /** Most by which the loss found may differ from the loss claimed: absolute, and as a share of the larger. */
  readonly tolerance: number;
  readonly relativeTolerance: number;
  /** 0: everybody adopts the model of the winner; 1: the mean of all whose claim holds. */
  readonly average: number;
}

/**
 * Proof of learning (AI-Chain, Qiu et al. 2020), reconstructed from what SewingChain's section V-C says of it: the node that claims the
 * smallest loss wins the round, all others evaluate its parameters on the same samples, and adopt them when the claim holds. Our reading of
 * what is left open: a claim fails when it is off by more than both tolerances, then the next smallest claim is checked; when none holds,
 * there is no update. Every node checks for itself, so that one check costs as many evaluations as there are nodes.
 *
 * SewingChain measured "the parameters of honest nodes" instead of the winner's: `average=1` does that.
 */
export function proofOfLearning({ tolerance, relativeTolerance, average }: ProofOptions): Strategy {
  return async (contributions, { global, judge }) => {
    needClients('Proof of learning', contributions.length, 1);
    const claims = contributions
      .filter(({ claimedLoss }) => Number.isFinite(claimedLoss))
      .sort((left, right) => left.claimedLoss - right.claimedLoss || compareText(nameOf(left), nameOf(right)));
    const rejected = contributions
      .filter((contribution) => !claims.includes(contribution))
      .map((contribution) => ({ contribution, reason: 'claims no loss' }));
    const valid = [];
    let checks = 0;
    for (const contribution of claims) {
      if (average === 0 && valid.length > 0) {
        rejected.push({
          contribution,
          reason: `a smaller loss than ${contribution.claimedLoss.toFixed(4)} was claimed and found`,
        });
        continue;
      }
      checks++;
      const { loss } = await judge(await contribution.load());
      const away = Math.abs(loss - contribution.claimedLoss);
      const larger = Math.max(Math.abs(loss), Math.abs(contribution.claimedLoss));
      if (away <= tolerance || away <= relativeTolerance * larger) valid.push(contribution);
      else
        rejected.push({
          contribution,
          reason: `claims a loss of ${contribution.claimedLoss.toFixed(4)}, it is ${loss.toFixed(4)}`,
        });
    }
    const evaluations = checks * contributions.length;
    if (valid.length === 0) return toAggregate({ weights: global.slice(), accepted: [], rejected, evaluations });
    const accepted = sharesBySamples(valid.sort((left, right) => compareText(nameOf(left), nameOf(right))));
    return toAggregate({ weights: await mean(accepted, global.length), accepted, rejected, evaluations });
  };
}
