import { type Environment, sleep } from '../../../environment/index.ts';
import { FEDERATED_SLICE_STEPS } from '../../../limits.ts';
import type { Network, TrainingSamples } from '../../engine/index.ts';
import { beginTraining, type Trained, type TrainingOrder, type TrainingTurn, trainEpoch } from '../training/training-order.ts';

/** Trains weights as an order says; may run anywhere. */
export type Trainer = (
  start: Float32Array,
  task: { readonly order: TrainingOrder; readonly turn: TrainingTurn },
) => Promise<Trained>;

/**
 * Trains on the node's own thread, in slices: between two of them the node looks after its other business. The outcome is that of
 * `trainLocally`.
 */
export function localTrainer(
  environment: Pick<Environment, 'clock' | 'cpu'>,
  network: Network,
  data: { readonly samples: TrainingSamples; readonly rows: Uint32Array },
): Trainer {
  return async (start, { order, turn }) => {
    beginTraining(network, start, order);
    let loss = 0;
    for (let epoch = 1; epoch <= order.epochs; epoch++) {
      const steps = trainEpoch(network, data, { order, turn, epoch });
      const slice = () => {
        for (let step = 0; step < FEDERATED_SLICE_STEPS; step++) {
          const { done, value } = steps.next();
          if (done === true) return value;
        }
        return undefined;
      };
      for (;;) {
        const units = FEDERATED_SLICE_STEPS * order.batchSize;
        const value = await environment.cpu.run({ operation: 'learning.train', units }, slice);
        await sleep(environment, 0, 'training goes on');
        if (value === undefined) continue;
        loss = value;
        break;
      }
    }
    return { weights: network.copyWeights(), loss, samples: data.rows.length };
  };
}
