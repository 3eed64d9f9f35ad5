import { encodeRlp, fromHex, readRlp } from '../../../crypto/index.ts';
import { type Environment, type Micros, type NodeId, withDeadline } from '../../../environment/index.ts';
import { invariant, TreadleError } from '../../../errors.ts';
import { TASK_BUNDLE_BYTES_MAX, TASK_BUNDLE_TIMEOUT_MICROS, TASK_BUNDLES_KEPT_MAX, TASK_CLIENTS_PART } from '../../../limits.ts';
import { seededStream } from '../../datasets/index.ts';
import { aggregateOrKeep, type Contribution } from '../aggregation/strategy.ts';
import '../errors.ts';
import { COORDINATOR_PROTOCOL, decodeUpdate, encodeAnswer } from '../round/messages.ts';
import { type RoundRecord, shortText } from '../round/round-record.ts';
import { fetchWeights, MODEL_PROTOCOL, serveWeights, UPDATE_PROTOCOL, type WeightsProtocol } from '../round/weight-exchange.ts';
import { WeightStore, type WeightsReference } from '../round/weight-store.ts';
import { digestOfWeights, faultOfWeights, type WeightsDigest, weightsToBytes } from '../weights.ts';
import { checkTaskBundle, decodeTaskBundle, digestOfBundle, encodeTaskBundle, type TaskBundle } from './task-bundle.ts';
import { RoundLead } from './task-lead.ts';
import type { TaskRound, TaskWork } from './task-round.ts';

/** The request protocol by which the bundle of a round is taken, by its digest. */
export const BUNDLE_PROTOCOL = 'learning-bundle/1';

export interface TaskRoundsDependencies {
  /** Whether a node may have models, updates and bundles of a training: clients, and whoever checks. */
  mayFetch(training: string, peer: NodeId): boolean;
  /** Connects to a node. */
  reach(node: NodeId): Promise<void>;
  /** Signs an order to train a model in a round. */
  signOrder(training: string, round: number, model: WeightsDigest): Uint8Array;
}

/** What a round has come to, for whoever found the same. */
export interface TaskOutcome {
  readonly record: RoundRecord;
  readonly model: WeightsReference;
  /** Those of the rejected whose weights no strategy can use. */
  readonly unusable: readonly string[];
}

interface Kept {
  readonly bytes: Uint8Array;
  readonly training: string;
  readonly round: number;
}

/** A model, and the round that it is said to be the outcome of. */
interface KeptModel extends WeightsReference {
  readonly after: number;
}

/**
 * Rounds of tasks on a node of the computing oracle: leads them, and checks what others led. Whoever leads gathers updates that clients signed;
 * whoever checks fetches those very updates, aggregates and evaluates them again, and finds the same bits, or another result.
 */
export class TaskRounds {
  readonly #environment: Environment;
  readonly #dependencies: TaskRoundsDependencies;
  readonly #store: WeightStore;
  readonly #leads = new Map<string, RoundLead>();
  readonly #bundles = new Map<WeightsDigest, Kept>();
  readonly #outcomes = new Map<WeightsDigest, Promise<TaskOutcome>>();
  /** Models that are here, by training. */
  readonly #models = new Map<string, KeptModel[]>();

  private constructor(environment: Environment, dependencies: TaskRoundsDependencies, store: WeightStore) {
    this.#environment = environment;
    this.#dependencies = dependencies;
    this.#store = store;
  }

  /** Begins to answer; to be called before the network starts. */
  static async open(environment: Environment, dependencies: TaskRoundsDependencies): Promise<TaskRounds> {
    const rounds = new TaskRounds(environment, dependencies, await WeightStore.open(environment, 'federated-tasks'));
    const { network } = environment;
    serveWeights(environment, MODEL_PROTOCOL, (peer, digest) => rounds.#findFor(peer, digest));
    network.onRequest(BUNDLE_PROTOCOL, async (from, body) => {
      const reader = readRlp(body, 'bundle request');
      const kept = rounds.#bundles.get(reader.hash('digest'));
      reader.end();
      if (kept !== undefined && dependencies.mayFetch(kept.training, from)) return kept.bytes;
      throw new TreadleError('FEDERATED_WEIGHTS_MISSING', { detail: 'There is no such bundle here' });
    });
    network.onRequest(COORDINATOR_PROTOCOL, async (from, body) => {
      const update = decodeUpdate(body);
      const answer = rounds.#leads.get(update.training)?.announced(from, update);
      return encodeAnswer(answer ?? { taken: false, reason: 'nobody waits for it' });
    });
    return rounds;
  }

  /**
   * Leads a round: gathers the updates of its clients.
   *
   * @returns the digest of the bundle, for those who check
   * @throws TreadleError FEDERATED_QUORUM_MISSED | FEDERATED_WEIGHTS_MISSING when nobody has the model that it begins with
   */
  async lead(task: TaskRound, work: TaskWork, options: { readonly holders: readonly NodeId[]; readonly deadlineMicros: Micros }) {
    const { training, round, previous } = task;
    await this.#model(task, work, options.holders);
    const lead = new RoundLead(this.#environment, task, {
      updates: this.#updates(training),
      signature: this.#dependencies.signOrder(training, round, previous.digest),
      deadlineMicros: Math.floor(options.deadlineMicros * TASK_CLIENTS_PART),
      reach: this.#dependencies.reach,
    });
    this.#leads.get(training)?.stop();
    this.#leads.set(training, lead);
    try {
      return this.#keep(encodeTaskBundle(await lead.gather()), { training, round });
    } finally {
      if (this.#leads.get(training) === lead) this.#leads.delete(training);
    }
  }

  /**
   * Does the rest of a round from what was gathered, wherever that was: the same on every node.
   *
   * @throws TreadleError FEDERATED_BUNDLE_INVALID | FEDERATED_WEIGHTS_MISSING | FEDERATED_WEIGHTS_DAMAGED
   */
  check(task: TaskRound, work: TaskWork, bundle: WeightsDigest, holders: readonly NodeId[]): Promise<TaskOutcome> {
    const known = this.#outcomes.get(bundle);
    if (known !== undefined) return known;
    const outcome = this.#check(task, work, bundle, holders);
    this.#outcomes.set(bundle, outcome);
    // What failed may work when it is tried again.
    outcome.catch(() => this.#outcomes.delete(bundle));
    for (const old of this.#outcomes.keys()) if (this.#outcomes.size > TASK_BUNDLES_KEPT_MAX) this.#outcomes.delete(old);
    return outcome;
  }

  /**
   * A round is on the ledger with this model: what was kept for it and before goes, but for its model and the one before, with which those who are
   * behind still begin. Attempts at the next round stay.
   */
  async settled(training: string, round: number, digest: WeightsDigest): Promise<void> {
    for (const [name, kept] of this.#bundles) {
      if (kept.training !== training || kept.round >= round) continue;
      this.#bundles.delete(name);
      this.#outcomes.delete(name);
      for (const { weights } of decodeTaskBundle(kept.bytes).updates) await this.#updates(training).delete(weights);
    }
    const isOld = (model: KeptModel): boolean => model.after < round - 1 || (model.after === round && model.digest !== digest);
    const models = this.#models.get(training) ?? [];
    const old = models.filter(isOld);
    if (old.length === 0) return;
    const kept = models.filter((model) => !isOld(model));
    this.#models.set(training, kept);
    for (const model of old)
      if (!kept.some((other) => other.digest === model.digest)) await this.#modelsOf(training).delete(model);
  }

  // --- checking -------------------------------------------------------------------------------

  async #check(task: TaskRound, work: TaskWork, digest: WeightsDigest, holders: readonly NodeId[]): Promise<TaskOutcome> {
    const { bundle, from } = await this.#bundle(task, digest, holders);
    checkTaskBundle(bundle, task);
    const global = await this.#model(task, work, from === undefined ? holders : [from, ...holders]);
    for (const { client, weights } of bundle.updates) {
      const sources = [...(from === undefined ? [] : [from]), ...holders];
      await this.#fetch(this.#updates(task.training), weights, [
        ...sources.map((node) => ({ node, protocol: MODEL_PROTOCOL }) as const),
        // Those who led may be gone; whoever trained it has it until the next round.
        { node: client as NodeId, protocol: UPDATE_PROTOCOL },
      ]);
    }
    return await this.#aggregate(task, work, { bundle, global });
  }

  async #bundle(
    { training, round }: TaskRound,
    digest: WeightsDigest,
    holders: readonly NodeId[],
  ): Promise<{ readonly bundle: TaskBundle; readonly from: NodeId | undefined }> {
    const kept = this.#bundles.get(digest);
    if (kept !== undefined) return { bundle: decodeTaskBundle(kept.bytes), from: undefined };
    const { network } = this.#environment;
    const others = holders.filter((node) => node !== this.#environment.node);
    const ask = async (node: NodeId) => {
      await this.#dependencies.reach(node);
      const timeoutMicros = TASK_BUNDLE_TIMEOUT_MICROS;
      const bytes = await network.request(node, BUNDLE_PROTOCOL, encodeRlp([fromHex(digest)]), { timeoutMicros });
      if (bytes.length > TASK_BUNDLE_BYTES_MAX || digestOfBundle(bytes) !== digest)
        throw new TreadleError('FEDERATED_WEIGHTS_DAMAGED', { detail: 'What came is not the bundle that was asked for' });
      return { bytes: bytes.slice(), from: node };
    };
    const { bytes, from } = await Promise.any(others.map(ask)).catch(() => {
      throw new TreadleError('FEDERATED_WEIGHTS_MISSING', { detail: `Nobody has the bundle ${digest}` });
    });
    this.#keep(bytes, { training, round });
    return { bundle: decodeTaskBundle(bytes), from };
  }

  async #aggregate(
    task: TaskRound,
    work: TaskWork,
    { bundle, global }: { readonly bundle: TaskBundle; readonly global: Float32Array },
  ): Promise<TaskOutcome> {
    const { training, round, previous, seed, strategy, before } = task;
    const updates = this.#updates(training);
    const faults = new Map<string, string>();
    const contributions: Contribution[] = [];
    for (const { client, weights, samples, claimedLoss } of bundle.updates) {
      const fault = faultOfWeights(await updates.load(weights), global.length);
      if (fault !== undefined) faults.set(client, fault);
      else contributions.push({ clients: [client], samples, claimedLoss, load: () => updates.load(weights) });
    }
    const context = {
      ...{ round, global, judge: work.judge, trainRoot: () => work.trainRoot(global, round) },
      random: seededStream('strategy', seed, round),
    };
    const result = await aggregateOrKeep(contributions, context, { strategy, before });
    const metrics = await work.measure(result.weights);
    const sent = new Map(bundle.updates.map((update) => [update.client, update]));
    const given = (client: string) => {
      const update = sent.get(client);
      invariant(update !== undefined, 'a strategy names only clients that gave something');
      return { client, digest: update.weights.digest, samples: update.samples };
    };
    const rejected = [...faults].map(([client, reason]) => ({ client, reason })).concat(result.rejected);
    const record: RoundRecord = {
      ...{ training, round, previous: previous.digest, digest: digestOfWeights(result.weights) },
      accepted: result.accepted.map(({ client, share }) => ({ ...given(client), share })).sort(byClient),
      rejected: rejected.map(({ client, reason }) => ({ ...given(client), reason: shortText(reason) })).sort(byClient),
      absent: bundle.absent,
      metrics: { accuracy: metrics.accuracy, loss: metrics.loss, evaluations: result.evaluations },
    };
    const model = await this.#modelsOf(training).put(weightsToBytes(result.weights));
    this.#has(training, model, round);
    return { record, model, unusable: [...faults.keys()] };
  }

  // --- weights --------------------------------------------------------------------------------

  /** The model that a round begins with: made from the seed, from the own disk, or from whoever has it. */
  async #model({ training, round, previous }: TaskRound, work: TaskWork, holders: readonly NodeId[]): Promise<Float32Array> {
    const models = this.#modelsOf(training);
    if (round === 1 && (await models.missing(previous)).length > 0) await models.put(weightsToBytes(work.first));
    const weights = await this.#fetch(
      models,
      previous,
      holders.map((node) => ({ node, protocol: MODEL_PROTOCOL })),
    );
    this.#has(training, previous, round - 1);
    return weights;
  }

  async #fetch(
    store: WeightStore,
    reference: WeightsReference,
    sources: readonly { readonly node: NodeId; readonly protocol: WeightsProtocol }[],
  ): Promise<Float32Array> {
    if ((await store.missing(reference)).length === 0) return await store.load(reference);
    let failure: unknown = new TreadleError('FEDERATED_WEIGHTS_MISSING', { detail: `Nobody has ${reference.digest}` });
    for (const { node, protocol } of sources) {
      if (node === this.#environment.node) continue;
      try {
        const reaching = this.#dependencies.reach(node);
        await withDeadline(this.#environment, reaching, TASK_BUNDLE_TIMEOUT_MICROS, 'whoever has weights of a task');
        return await fetchWeights(this.#environment, store, { from: node, protocol, reference });
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  /** Models and updates go by their digests: what one may have of a training, it may have all of. */
  #findFor(peer: NodeId, digest: WeightsDigest): WeightStore | undefined {
    for (const [training, models] of this.#models) {
      if (models.some((model) => model.digest === digest) && this.#dependencies.mayFetch(training, peer))
        return this.#modelsOf(training);
    }
    for (const { bytes, training } of this.#bundles.values()) {
      const has = decodeTaskBundle(bytes).updates.some(({ weights }) => weights.digest === digest);
      if (has && this.#dependencies.mayFetch(training, peer)) return this.#updates(training);
    }
    return undefined;
  }

  #has(training: string, model: WeightsReference, after: number): void {
    const models = this.#models.get(training) ?? [];
    this.#models.set(training, models);
    if (!models.some((known) => known.digest === model.digest && known.after === after)) models.push({ ...model, after });
  }

  #keep(bytes: Uint8Array, { training, round }: Pick<Kept, 'training' | 'round'>): WeightsDigest {
    const digest = digestOfBundle(bytes);
    this.#bundles.set(digest, { bytes, training, round });
    for (const old of this.#bundles.keys()) if (this.#bundles.size > TASK_BUNDLES_KEPT_MAX) this.#bundles.delete(old);
    return digest;
  }

  #modelsOf(training: string): WeightStore {
    return this.#store.of(`models ${training}`);
  }

  #updates(training: string): WeightStore {
    return this.#store.of(`updates ${training}`);
  }
}

function byClient(left: { readonly client: string }, right: { readonly client: string }): number {
  return left.client < right.client ? -1 : left.client > right.client ? 1 : 0;
}
