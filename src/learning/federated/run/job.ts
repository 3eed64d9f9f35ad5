import { EVALUATION_BLOCK_SAMPLES } from '../../../limits.ts';
import { seededStream } from '../../datasets/index.ts';
import { type Engine, type Evaluation, Network, sizeOf, type TrainingSamples } from '../../engine/index.ts';
import type { Attack, AttackContext, ClientSamples } from '../attacks/attack.ts';
import { ATTACKS } from '../attacks/catalogue.ts';
import { findPlugin, type PluginChoice } from '../plugin.ts';
import { type TrainingOrder, trainLocally } from '../training/training-order.ts';
import type { RunData } from './run-data.ts';
import { clientName } from './run-plan.ts';

/** A piece of work that any worker can do: plain data in, plain data out. */
export type Job = TrainJob | EvaluateJob;

export interface TrainJob {
  readonly type: 'train';
  /** A client by its number, or the coordinator itself on its own few samples. */
  readonly who: number | 'root';
  readonly round: number;
  readonly start: Float32Array;
  readonly order: TrainingOrder;
  /** How the samples are spoilt first. */
  readonly poison?: PoisonChoice;
  /** Say also which loss the judge will find. */
  readonly claim: boolean;
}

export interface PoisonChoice {
  readonly attack: PluginChoice;
  readonly seed: string;
  readonly clients: number;
  readonly malicious: number;
}

export interface EvaluateJob {
  readonly type: 'evaluate';
  readonly weights: Float32Array;
  readonly rows: 'judge' | 'measure';
  /** Which block of EVALUATION_BLOCK_SAMPLES. */
  readonly block: number;
  /** Mark the samples as this attack does, and count how many are taken for its target. */
  readonly trigger?: PluginChoice;
}

export type JobResult<J extends Job> = J extends TrainJob ? TrainResult : BlockResult;

export interface TrainResult {
  readonly weights: Float32Array;
  readonly loss: number;
  readonly samples: number;
  /** NaN when it was not asked for. */
  readonly claimedLoss: number;
}

export interface BlockResult {
  readonly right: number;
  readonly lossSum: number;
  readonly samples: number;
}

/** Does jobs, now or on other threads. The outcome of a job does not depend on who does it. */
export interface JobRunner {
  run<J extends Job>(job: J): Promise<JobResult<J>>;
}

/** Does jobs one after the other on this thread. */
export class JobWorker implements JobRunner {
  readonly #data: RunData;
  readonly #network: Network;

  constructor(engine: Engine, data: RunData) {
    this.#data = data;
    this.#network = new Network(engine, data.network, { seed: 0 });
  }

  async run<J extends Job>(job: J): Promise<JobResult<J>> {
    return (job.type === 'train' ? this.#train(job) : this.#evaluate(job)) as JobResult<J>;
  }

  #train({ who, round, start, order, poison, claim }: TrainJob): TrainResult {
    const client = who === 'root' ? 'root' : clientName(who);
    let data = ownSamples(this.#data, who);
    if (poison !== undefined) {
      const attack = attackOf(poison.attack);
      const context = attackContext({ ...poison, round, client, global: start });
      if (attack.poison) data = { ...data, samples: attack.poison(data, context) };
    }
    const trained = trainLocally(this.#network, start, data, { order, turn: { round, client } });
    if (!claim) return { ...trained, claimedLoss: Number.NaN };
    const blocks = [];
    for (let block = 0; block < blocksOf(this.#data.judge.length); block++) {
      blocks.push(this.#evaluate({ type: 'evaluate', weights: trained.weights, rows: 'judge', block }));
    }
    return { ...trained, claimedLoss: joinBlocks(blocks).loss };
  }

  #evaluate({ weights, rows, block, trigger }: EvaluateJob): BlockResult {
    const from = block * EVALUATION_BLOCK_SAMPLES;
    const part = this.#data[rows].subarray(from, from + EVALUATION_BLOCK_SAMPLES);
    this.#network.setWeights(weights);
    const { samples, rows: own } =
      trigger === undefined ? { samples: this.#data.test, rows: part } : this.#triggered(trigger, part);
    const { accuracy, loss } = this.#network.evaluate(samples, own);
    return { right: Math.round(accuracy * own.length), lossSum: loss * own.length, samples: own.length };
  }

  /** Samples with the mark whose true class is another than the target. */
  #triggered(trigger: PluginChoice, part: Uint32Array): { readonly samples: TrainingSamples; readonly rows: Uint32Array } {
    const { samples, rows, ...rest } = takeRows(this.#data, this.#data.test, part);
    const marked = attackOf(trigger).trigger?.({ samples, rows, ...rest });
    const target = marked?.target ?? 0;
    const labels = new Uint8Array(rows.length).fill(target);
    return {
      samples: { inputs: marked?.inputs ?? samples.inputs, labels },
      rows: rows.filter((row) => samples.labels?.[row] !== target),
    };
  }
}

/** A client's own samples in arrays of their own: what it spoils is nobody else's. */
function ownSamples(data: RunData, who: number | 'root'): ClientSamples {
  if (who === 'root') return takeRows(data, data.test, data.root);
  return takeRows(data, data.train, data.partition[who] as Uint32Array);
}

function takeRows({ network, classes }: RunData, { inputs, labels = [] }: TrainingSamples, rows: Uint32Array): ClientSamples {
  const length = sizeOf(network.input);
  const own = new Float32Array(rows.length * length);
  for (const [to, row] of rows.entries()) own.set(inputs.subarray(row * length, (row + 1) * length), to * length);
  return {
    samples: { inputs: own, labels: Uint8Array.from(rows, (row) => labels[row] as number) },
    rows: Uint32Array.from(rows.keys()),
    classes,
    shape: network.input,
  };
}

export function attackOf({ name, settings }: PluginChoice): Attack {
  return findPlugin(name, ATTACKS).make(settings);
}

export function attackContext(
  from: Pick<AttackContext, 'round' | 'client' | 'global' | 'clients' | 'malicious'> & { readonly seed: string },
): AttackContext {
  const { seed, round, client, global, clients, malicious } = from;
  return {
    ...{ round, client, global, clients, malicious },
    random: seededStream('attack', seed, round, client),
    conspiracy: seededStream('conspiracy', seed, round),
  };
}

export function blocksOf(samples: number): number {
  return Math.ceil(samples / EVALUATION_BLOCK_SAMPLES);
}

/** One result of many blocks, added in their order. */
export function joinBlocks(blocks: readonly BlockResult[]): Evaluation {
  let [right, loss, samples] = [0, 0, 0];
  for (const block of blocks) {
    right += block.right;
    loss += block.lossSum;
    samples += block.samples;
  }
  return { accuracy: right / samples, loss: loss / samples };
}

/** Evaluates on all workers that there are. */
export async function evaluateOn(
  runner: JobRunner,
  job: Omit<EvaluateJob, 'type' | 'block'>,
  samples: number,
): Promise<Evaluation> {
  const blocks = Array.from({ length: blocksOf(samples) }, (_, block) =>
    runner.run({ ...job, type: 'evaluate', block } as const),
  );
  return joinBlocks(await Promise.all(blocks));
}
