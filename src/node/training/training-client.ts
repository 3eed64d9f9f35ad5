import type { TrainingSettings } from '../../consortium/index.ts';
import { orderDigest } from '../../contracts/index.ts';
import { type NodeKey, recoverAddress, toHex } from '../../crypto/index.ts';
import type { Environment, NodeId } from '../../environment/index.ts';
import { hasCode } from '../../errors.ts';
import { FederatedClient, type KernelBytes, localTrainer, Network, type OrderRequest, orderOf } from '../../learning/index.ts';
import { TRAINING_ENROL_PAUSE_MICROS, TRAINING_TASKS_FOLLOWED_MAX, TRAINING_TASKS_PREPARED_MAX } from '../../limits.ts';
import { type LoadDataset, type PreparedTask, prepareTask } from './task-data.ts';
import type { TaskFacts, TrainingBook } from './training-book.ts';

interface Options {
  readonly environment: Environment;
  readonly settings: TrainingSettings;
  readonly key: NodeKey;
  readonly account: string;
  readonly chainId: number;
  readonly book: TrainingBook;
  readonly load: LoadDataset;
  readonly kernels?: KernelBytes;
}

/** A model that this client applied: its digest is the ledger's. */
export interface AppliedModel {
  readonly training: string;
  readonly round: number;
  readonly weights: Float32Array;
}

/** A node as a client of training tasks: takes a place in those that it has data for, and trains when a leader of the oracle orders it. */
export class TrainingClient {
  readonly #options: Options;
  readonly #prepared = new Map<string, Promise<{ readonly task: PreparedTask; readonly rows: Uint32Array }>>();
  readonly #applied = new Map<string, AppliedModel>();
  readonly #liars = new Set<NodeId>();
  /** Tasks in which a place was not to be had, and until when it is not tried again. */
  readonly #pausedUntil = new Map<bigint, number>();
  #busy = false;

  private constructor(options: Options) {
    this.#options = options;
  }

  /** To be called before the network starts. */
  static async open(options: Options): Promise<TrainingClient> {
    const client = new TrainingClient(options);
    const { environment, book, key } = options;
    await FederatedClient.open(environment, {
      // Whoever works for the oracle may come to lead; nobody else, and none that was proven to lie.
      coordinator: (training, from) =>
        book.idOf(training) !== undefined && book.isOracle(from) && !client.#liars.has(from) ? from : undefined,
      anchored: async (training, round) => {
        const id = book.idOf(training);
        return id === undefined ? undefined : await book.digestOf(id, round);
      },
      train: async (weights, { turn, training }) => await client.#train(weights, turn, training),
      claimLoss: async (weights, training) => (await client.#held(training)).task.work.judge(weights).then(({ loss }) => loss),
      sign: (digest) => key.sign(digest),
      isSigned: (order, from) => client.#isSigned(order, from),
      onLie: (order, from) => client.#report(order, from),
      mayFetch: (_training, peer) => book.isOracle(peer),
      onModel: ({ training, round, weights }) => client.#applied.set(training, { training, round, weights }),
    });
    return client;
  }

  /** The latest models, by training. */
  get applied(): ReadonlyMap<string, AppliedModel> {
    return this.#applied;
  }

  /** Called after each block: takes places. */
  async look(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      const { book, settings } = this.#options;
      const mine = book.open.filter((facts) => this.#takesPart(facts));
      let places = settings.tasks - mine.length;
      for (const facts of book.open) {
        if (places <= 0) break;
        if (facts.task.state !== 'open' || this.#takesPart(facts) || facts.clients.length >= facts.task.spec.clients) continue;
        if (await this.#enrol(facts)) places--;
      }
    } finally {
      this.#busy = false;
    }
  }

  #takesPart({ clients }: TaskFacts): boolean {
    return clients.some(({ account }) => account === this.#options.account);
  }

  async #enrol({ task }: TaskFacts): Promise<boolean> {
    const { environment, settings, book } = this.#options;
    const held = settings.datasets.find(({ name }) => name === task.spec.dataset);
    if (held === undefined || task.spec.clientStakeWei > BigInt(settings.stakeWeiMax)) return false;
    const now = environment.clock.now();
    if ((this.#pausedUntil.get(task.id) ?? 0) > now) return false;
    try {
      const { rows } = await this.#held(book.training(task.id));
      await book.contract.enrol(task.id, { samples: rows.length, stakeWei: task.spec.clientStakeWei });
      environment.log.info('training.enrolled', { task: task.id, samples: rows.length });
      return true;
    } catch (error) {
      this.#pausedUntil.set(task.id, now + TRAINING_ENROL_PAUSE_MICROS);
      for (const old of this.#pausedUntil.keys())
        if (this.#pausedUntil.size > TRAINING_TASKS_FOLLOWED_MAX) this.#pausedUntil.delete(old);
      const level = hasCode(error, 'CONTRACT_REVERTED') ? 'debug' : 'warn';
      environment.log[level]('training.not-enrolled', { task: task.id, error: String(error) });
      return false;
    }
  }

  async #train(weights: Float32Array, turn: { readonly round: number; readonly client: string }, training: string) {
    const { environment } = this.#options;
    const { task, rows } = await this.#held(training);
    const network = new Network(task.engine, task.data.network, { seed: 0 });
    const train = localTrainer(environment, network, { samples: task.data.train, rows });
    environment.log.debug('training.trains', { training, round: turn.round });
    // As the ledger says it is to be trained, whatever the leader says.
    return await train(weights, { order: orderOf(task.plan), turn });
  }

  /** The task with this node's part of the data. */
  #held(training: string): Promise<{ readonly task: PreparedTask; readonly rows: Uint32Array }> {
    const known = this.#prepared.get(training);
    if (known !== undefined) return known;
    const preparing = this.#prepare(training);
    this.#prepared.set(training, preparing);
    preparing.catch(() => this.#prepared.delete(training));
    for (const old of this.#prepared.keys()) if (this.#prepared.size > TRAINING_TASKS_PREPARED_MAX) this.#prepared.delete(old);
    return preparing;
  }

  async #prepare(training: string) {
    const { book, settings, load, kernels } = this.#options;
    const { task } = await book.read(book.idOf(training) ?? 0n);
    const held = settings.datasets.find(({ name }) => name === task.spec.dataset);
    if (held === undefined) throw new Error(`this node has no part of ${task.spec.dataset}`);
    const { part, of, partition: kind, alpha, seed } = held;
    const prepared = await prepareTask(task.spec, { load, part: { part, of, kind, alpha, seed }, ...(kernels && { kernels }) });
    return { task: prepared, rows: prepared.data.partition[part] as Uint32Array };
  }

  // --- leaders that lie -----------------------------------------------------------------------

  #isSigned({ training, round, model, signature }: OrderRequest, from: NodeId): boolean {
    const { book, chainId } = this.#options;
    const task = book.idOf(training);
    if (task === undefined || signature === undefined) return false;
    return recoverAddress(orderDigest({ chainId, task, round, model: model.digest }), signature) === from;
  }

  /** Takes no more orders of whoever ordered another model than the ledger's, and puts the proof on the ledger. */
  #report({ training, round, model, signature }: OrderRequest, from: NodeId): void {
    const { book, environment } = this.#options;
    const task = book.idOf(training);
    if (task === undefined || signature === undefined) return;
    this.#liars.add(from);
    environment.log.warn('training.leader-lied', { task, round, leader: from, given: model.digest });
    const lie = { round, given: model.digest, signature: toHex(signature) };
    book.contract.reportModel(task, lie).catch((error: unknown) => {
      // Another client was faster.
      environment.log.debug('training.not-reported', { task, round, error: String(error) });
    });
  }
}
