import { type Engine, Network } from '../../engine/index.ts';
import { digestOfBytes } from '../weights.ts';
import type { JobRunner } from './job.ts';
import type { RunData } from './run-data.ts';
import type { RunPlan } from './run-plan.ts';
import { type RoundOutcome, runRound } from './run-round.ts';

/** The name of a training: what its plan and data decide has this name and no other. */
export function trainingName(plan: RunPlan, data: RunData): string {
  const text = JSON.stringify([plan, data.network, data.train.inputs.length, data.test.inputs.length]);
  return digestOfBytes(new TextEncoder().encode(text)).slice(2, 18);
}

/** The model that every training of a plan begins with. */
export function firstWeights(engine: Engine, plan: RunPlan, data: RunData): Float32Array {
  const seed = Number.parseInt(digestOfBytes(new TextEncoder().encode(`initial weights ${plan.seed}`)).slice(2, 10), 16);
  return new Network(engine, data.network, { seed }).copyWeights();
}

/** Where a run stands: after round 0 nothing is learnt. */
export interface RunPosition {
  readonly round: number;
  readonly weights: Float32Array;
}

/**
 * Round after round, from where the run stands to the end of the plan. Whoever stops asking can go on later from the last outcome, with the
 * same result.
 */
export async function* learn(
  { plan, data, runner }: { readonly plan: RunPlan; readonly data: RunData; readonly runner: JobRunner },
  from: RunPosition,
): AsyncGenerator<RoundOutcome, void> {
  const training = trainingName(plan, data);
  let { weights } = from;
  for (let round = from.round + 1; round <= plan.rounds; round++) {
    const outcome = await runRound({ plan, data, runner, training, round, global: weights });
    weights = outcome.weights;
    yield outcome;
  }
}
