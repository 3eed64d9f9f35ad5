import type { NodeId } from '../../../environment/index.ts';
import type { Evaluation } from '../../engine/index.ts';
import type { PreAggregator, Strategy } from '../aggregation/strategy.ts';
import type { WeightsReference } from '../round/weight-store.ts';
import type { TrainingOrder } from '../training/training-order.ts';

/** A client of a task, in the order of their enrolment. */
export interface TaskClient {
  readonly node: NodeId;
  /** It may not claim more. */
  readonly samples: number;
}

/** One round of a task as the ledger says it is to be: the same for everybody who leads or checks it. */
export interface TaskRound {
  readonly training: string;
  /** From 1. */
  readonly round: number;
  /** The global model that it begins with. */
  readonly previous: WeightsReference;
  readonly clients: readonly TaskClient[];
  /** Updates without which it does not count. */
  readonly quorum: number;
  readonly seed: string;
  readonly order: TrainingOrder;
  readonly strategy: Strategy;
  readonly before: readonly PreAggregator[];
  /** Clients say which loss the judge will find. */
  readonly wantsClaims: boolean;
}

/** What it takes to aggregate and evaluate: deterministic, so that whoever has the data finds the same. */
export interface TaskWork {
  /** The model that a task begins with. */
  readonly first: Float32Array;
  judge(weights: Float32Array): Promise<Evaluation>;
  measure(weights: Float32Array): Promise<Evaluation>;
  trainRoot(global: Float32Array, round: number): Promise<Float32Array>;
}
