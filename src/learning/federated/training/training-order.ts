import { TreadleError } from '../../../errors.ts';
import '../errors.ts';
import { seededStream, shuffled } from '../../datasets/index.ts';
import type { Network, OptimiserDescription, TrainingSamples } from '../../engine/index.ts';

/** How clients train in every round. Together with the samples and the global model it says every bit of the outcome. */
export interface TrainingOrder {
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimiser: OptimiserDescription;
  /** Seed of the order of samples. */
  readonly seed: string;
}

export interface TrainingTurn {
  /** From 1. */
  readonly round: number;
  readonly client: string;
}

export interface Trained {
  readonly weights: Float32Array;
  /** Mean loss of the last epoch, each batch before its step. */
  readonly loss: number;
  readonly samples: number;
}

/**
 * A client's work in one round: begins with the global model, goes through its samples `epochs` times in an order that seed, round, client and
 * epoch determine, and gives its weights. Whoever has the samples can do it again and gets the same bits.
 *
 * @param rows - the client's samples, in ascending order
 * @throws TreadleError FEDERATED_PLAN_INVALID when there is no sample, LEARNING_BATCH_INVALID when weights or samples do not fit the network
 */
export function trainLocally(
  network: Network,
  start: Float32Array,
  data: { readonly samples: TrainingSamples; readonly rows: Uint32Array },
  { order, turn }: { readonly order: TrainingOrder; readonly turn: TrainingTurn },
): Trained {
  beginTraining(network, start, order);
  let loss = 0;
  for (let epoch = 1; epoch <= order.epochs; epoch++) {
    const steps = trainEpoch(network, data, { order, turn, epoch });
    let step = steps.next();
    while (step.done !== true) step = steps.next();
    loss = step.value;
  }
  return { weights: network.copyWeights(), loss, samples: data.rows.length };
}

/** Puts the global model in place and forgets what earlier training left. */
export function beginTraining(network: Network, start: Float32Array, { optimiser }: TrainingOrder): void {
  network.setWeights(start);
  network.resetOptimiser();
  if (optimiser.proximal !== undefined && optimiser.proximal !== 0) network.setAnchor();
}

/**
 * One pass over the samples, a step after the other, for whoever has to do something else in between.
 *
 * @returns the mean loss
 */
export function* trainEpoch(
  network: Network,
  { samples, rows }: { readonly samples: TrainingSamples; readonly rows: Uint32Array },
  { order, turn, epoch }: { readonly order: TrainingOrder; readonly turn: TrainingTurn; readonly epoch: number },
): Generator<void, number> {
  if (rows.length === 0) throw new TreadleError('FEDERATED_PLAN_INVALID', { detail: `Client ${turn.client} has no sample` });
  const random = seededStream('batches', order.seed, turn.round, turn.client, epoch);
  const sequence = Uint32Array.from(shuffled(rows.length, random), (at) => rows[at] as number);
  let loss = 0;
  for (let from = 0; from < sequence.length; from += order.batchSize) {
    const batch = sequence.subarray(from, from + order.batchSize);
    loss += network.train(samples, batch, { optimiser: order.optimiser }) * batch.length;
    yield;
  }
  return loss / sequence.length;
}
