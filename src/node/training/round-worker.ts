import { orderDigest } from '../../contracts/index.ts';
import type { Hex, NodeKey } from '../../crypto/index.ts';
import type { Environment, NodeId } from '../../environment/index.ts';
import { hasCode } from '../../errors.ts';
import { digestOfRoundRecord, type KernelBytes, type TaskOutcome, type TaskRound, TaskRounds } from '../../learning/index.ts';
import { TRAINING_TASKS_PREPARED_MAX } from '../../limits.ts';
import { type ComputeQuery, partsPerMillion, RequestRefused, type RoundAnswer, type RoundWorker } from '../../oracle/index.ts';
import { type LoadDataset, type PreparedTask, prepareTask } from './task-data.ts';
import type { TaskFacts, TrainingBook } from './training-book.ts';

interface Options {
  readonly environment: Environment;
  readonly key: NodeKey;
  readonly chainId: number;
  readonly book: TrainingBook;
  readonly load: LoadDataset;
  readonly kernels?: KernelBytes;
  readonly reach: (node: NodeId) => Promise<void>;
}

/** An oracle node at rounds of training: what the job `compute` asks is done by the learning services of this node. */
export class NodeRoundWorker implements RoundWorker {
  readonly #options: Options;
  readonly #rounds: TaskRounds;
  readonly #prepared = new Map<bigint, Promise<PreparedTask>>();

  private constructor(options: Options, rounds: TaskRounds) {
    this.#options = options;
    this.#rounds = rounds;
  }

  /** To be called before the network starts. */
  static async open(options: Options): Promise<NodeRoundWorker> {
    const { environment, book, reach, key, chainId } = options;
    const rounds = await TaskRounds.open(environment, {
      mayFetch: (training, peer) => book.isOracle(peer) || book.isClient(training, peer),
      reach,
      signOrder: (training, round, model) => key.sign(orderDigest({ chainId, task: book.idOf(training) ?? 0n, round, model })),
    });
    return new NodeRoundWorker(options, rounds);
  }

  async lead(query: ComputeQuery, deadlineMicros: number): Promise<Hex> {
    const { task, prepared } = await this.#task(query);
    const holders = this.#options.book.oracles;
    return this.#rounds.lead(task, prepared.work, { holders, deadlineMicros });
  }

  async check(query: ComputeQuery, gathered: Hex): Promise<RoundAnswer> {
    const { task, prepared } = await this.#task(query);
    const outcome = await this.#rounds.check(task, prepared.work, gathered, this.#options.book.oracles);
    return answerOf(task, outcome);
  }

  /** Forgets what was kept for rounds that are over. */
  async settled({ task }: TaskFacts): Promise<void> {
    const { book } = this.#options;
    const digest = task.roundsDone === 0 ? undefined : await book.digestOf(task.id, task.roundsDone);
    if (digest !== undefined) await this.#rounds.settled(book.training(task.id), task.roundsDone, digest);
  }

  /** @throws RequestRefused when nobody could work on it */
  async #task({
    task: id,
    round,
    previous,
  }: ComputeQuery): Promise<{ readonly task: TaskRound; readonly prepared: PreparedTask }> {
    const { book } = this.#options;
    const facts = await book.read(id);
    const { task } = facts;
    if (task.state !== 'running' || round !== task.roundsDone + 1)
      throw new RequestRefused('notAllowed', 'this round is not due');
    if ((await book.digestOf(id, round - 1)) !== previous) throw new RequestRefused('notAllowed', 'it begins with another model');
    try {
      const prepared = await this.#prepare(id, facts);
      return { task: prepared.round(round, previous, facts, book.training(id)), prepared };
    } catch (error) {
      if (hasCode(error, 'TRAINING_TASK_INVALID') || hasCode(error, 'DATASET_UNKNOWN'))
        throw new RequestRefused('invalidSpec', error.detail);
      throw error;
    }
  }

  #prepare(id: bigint, { task }: TaskFacts): Promise<PreparedTask> {
    const known = this.#prepared.get(id);
    if (known !== undefined) return known;
    const { load, kernels } = this.#options;
    const preparing = prepareTask(task.spec, { load, ...(kernels && { kernels }) });
    this.#prepared.set(id, preparing);
    // What is missing on this node may come.
    preparing.catch(() => this.#prepared.delete(id));
    for (const old of this.#prepared.keys()) if (this.#prepared.size > TRAINING_TASKS_PREPARED_MAX) this.#prepared.delete(old);
    return preparing;
  }
}

const PPM_MAX = 0xffff_ffff;
const LOSS_PPM_MAX = Number.MAX_SAFE_INTEGER;

function answerOf({ clients, previous }: TaskRound, { record, unusable }: TaskOutcome): RoundAnswer {
  const places = new Map<string, number>(clients.map(({ node }, place) => [node, place]));
  const place = (client: string): number => places.get(client) as number;
  const out = new Set(unusable);
  const byPlace = (left: { readonly place: number }, right: { readonly place: number }): number => left.place - right.place;
  return {
    round: record.round,
    digest: record.digest,
    record: digestOfRoundRecord(record),
    sizeBytes: previous.sizeBytes,
    accuracyPpm: partsPerMillion(record.metrics.accuracy, PPM_MAX),
    lossPpm: BigInt(partsPerMillion(record.metrics.loss, LOSS_PPM_MAX)),
    accepted: record.accepted.map(({ client, samples }) => ({ place: place(client), samples })).sort(byPlace),
    rejected: [
      ...record.rejected.map(({ client }) => ({
        place: place(client),
        why: out.has(client) ? ('unusable' as const) : ('outvoted' as const),
      })),
      ...record.absent.map(({ client }) => ({ place: place(client), why: 'absent' as const })),
    ].sort(byPlace),
  };
}
