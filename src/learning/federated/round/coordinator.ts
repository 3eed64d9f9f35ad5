import { type AppendLog, type Environment, type NodeId, sleep, type Timer } from '../../../environment/index.ts';
import { invariant, TreadleError } from '../../../errors.ts';
import { FEDERATED_ANCHOR_ATTEMPTS, FEDERATED_ANCHOR_PAUSE_MICROS, FEDERATED_ANSWER_MICROS } from '../../../limits.ts';
import { seededStream } from '../../datasets/index.ts';
import type { Evaluation } from '../../engine/index.ts';
import { aggregateOrKeep, type Contribution, type PreAggregator, type Strategy } from '../aggregation/strategy.ts';
import '../errors.ts';
import type { TrainingOrder } from '../training/training-order.ts';
import { digestOfBytes, digestOfWeights, faultOfWeights, type WeightsDigest, weightsToBytes } from '../weights.ts';
import {
  type Answer,
  CLIENT_PROTOCOL,
  type ClientRequest,
  decodeAnswer,
  encodeClientRequest,
  type UpdateRequest,
} from './messages.ts';
import { checkRecordChain } from './record-chain.ts';
import { type AnnouncedUpdate, RoundCore, type RoundEffect, type RoundEvent, type RoundRules } from './round-core.ts';
import { decodeRoundRecord, encodeRoundRecord, type RoundRecord, shortText } from './round-record.ts';
import { fetchWeights, UPDATE_PROTOCOL } from './weight-exchange.ts';
import type { WeightStore, WeightsReference } from './weight-store.ts';

export interface CoordinatorOptions extends RoundRules {
  readonly clients: readonly NodeId[];
  readonly rounds: number;
  /** How clients train. */
  readonly order: TrainingOrder;
  readonly first: Float32Array;
  readonly strategy: Strategy;
  readonly before?: readonly PreAggregator[];
  /** Ask clients which loss the judge will find. */
  readonly wantsClaims?: boolean;
}

/** What a coordinator needs besides its node. */
export interface CoordinatorDependencies {
  /** How weights do on the samples that judge, and on those that measure. */
  judge(weights: Float32Array): Promise<Evaluation>;
  measure(weights: Float32Array): Promise<Evaluation>;
  /** The coordinator's own training, for strategies that want it. */
  trainRoot?(global: Float32Array, round: number): Promise<Float32Array>;
  /**
   * Puts the record of a round where all clients can read its digest. Called again with the very same record until it succeeds, also after a
   * restart; a record that is there already counts as success.
   */
  anchor(record: RoundRecord): Promise<void>;
  /** Is told of every round once it is anchored. */
  onRound?(record: RoundRecord): void;
}

/**
 * The coordinator of a training: asks clients, takes their updates, aggregates, anchors, round after round. What is finished is on its disk: after
 * a restart it goes on from the last round.
 */
export class Coordinator {
  readonly #environment: Environment;
  readonly #options: CoordinatorOptions;
  readonly #dependencies: CoordinatorDependencies;
  readonly #store: WeightStore;
  readonly #log: AppendLog;
  #records: RoundRecord[] = [];
  #core: RoundCore | undefined;
  #round = 0;
  #model: WeightsReference | undefined;
  #deadline: Timer | undefined;
  /** Of the round at hand: their weights are deleted with it. At most one for each client and attempt. */
  readonly #announcements: { readonly client: string; readonly weights: WeightsReference }[] = [];
  #dispatch: (event: RoundEvent) => void = () => undefined;

  private constructor(
    environment: Environment,
    options: CoordinatorOptions,
    dependencies: CoordinatorDependencies,
    disk: { readonly store: WeightStore; readonly log: AppendLog },
  ) {
    this.#environment = environment;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#store = disk.store;
    this.#log = disk.log;
  }

  /** See {@link Coordinators.coordinate}. */
  static async open(
    environment: Environment,
    store: WeightStore,
    options: CoordinatorOptions,
    dependencies: CoordinatorDependencies,
  ): Promise<Coordinator> {
    const log = await environment.disk.log(logName(options.training));
    const coordinator = new Coordinator(environment, options, dependencies, { store, log });
    await coordinator.#restore();
    return coordinator;
  }

  /** Where the global model is, for a client of this training that asks for it. */
  modelFor(peer: NodeId, digest: WeightsDigest): WeightStore | undefined {
    return this.#options.clients.includes(peer) && digest === this.#model?.digest ? this.#models : undefined;
  }

  /** The rounds that are finished, each checked against the one before. */
  get records(): readonly RoundRecord[] {
    return this.#records;
  }

  /** Finished rounds from disk; of the last one nobody knows whether it was anchored. */
  async #restore(): Promise<void> {
    const { training, first } = this.#options;
    const start = digestOfWeights(first);
    this.#records = (await this.#log.records()).map(decodeRoundRecord);
    checkRecordChain(this.#records, { training, first: start });
    const last = this.#records.at(-1);
    if (last === undefined) this.#model = await this.#models.put(weightsToBytes(first));
    else this.#model = { digest: last.digest, sizeBytes: first.length * Float32Array.BYTES_PER_ELEMENT };
    await this.#models.load(this.#model);
  }

  /**
   * Runs the training to its end.
   *
   * @returns the final model
   * @throws TreadleError FEDERATED_QUORUM_MISSED | FEDERATED_TOO_FEW_CLIENTS, or what the anchor rejects with in the end
   */
  async run(): Promise<Float32Array> {
    const last = this.#records.at(-1);
    if (last !== undefined) await this.#anchor(last);
    while (this.#records.length < this.#options.rounds) await this.#runRound(this.#records.length + 1);
    const model = this.#model as WeightsReference;
    const { training, rounds: round } = this.#options;
    await Promise.all(
      this.#options.clients.map((client) =>
        this.#ask(client, { type: 'finish', training, round, model }).catch((error: unknown) =>
          this.#environment.log.info('the end of a training was not heard', { client, error: reasonOf(error) }),
        ),
      ),
    );
    return await this.#models.load(model);
  }

  async #runRound(round: number): Promise<void> {
    const outcome = await this.#collect(round);
    if (outcome.type === 'fail') {
      throw new TreadleError('FEDERATED_QUORUM_MISSED', {
        detail: `Round ${round}: ${outcome.received} updates came, ${this.#options.quorum} are needed`,
        data: { round, received: outcome.received, quorum: this.#options.quorum, absent: outcome.absent },
      });
    }
    const { record, model } = await this.#aggregate(round, outcome);
    // The record is on disk before it is anchored: a restart in between anchors the same one again, never another of the same round.
    this.#log.append(encodeRoundRecord(record));
    await this.#log.sync();
    this.#records.push(record);
    await this.#anchor(record);
    const before = this.#model as WeightsReference;
    this.#model = model;
    for (const { client, weights } of this.#announcements.splice(0)) await this.#updates(client).delete(weights);
    if (before.digest !== model.digest) await this.#models.delete(before);
    this.#dependencies.onRound?.(record);
  }

  /** Drives the state machine until it says what the round has come to. */
  #collect(round: number): Promise<Extract<RoundEffect, { type: 'aggregate' | 'fail' }>> {
    const core = new RoundCore(this.#options, round);
    this.#core = core;
    this.#round = round;
    const environment = this.#environment;
    return environment.track(
      `round ${round} of training ${this.#options.training}`,
      new Promise((resolve) => {
        this.#dispatch = (event) => {
          for (const effect of core.handle(event)) {
            if (effect.type !== 'aggregate' && effect.type !== 'fail') {
              this.#carryOut(effect, core);
              continue;
            }
            if (this.#deadline) environment.clock.cancel(this.#deadline);
            resolve(effect);
          }
        };
        this.#dispatch({ type: 'begin' });
      }),
    );
  }

  #carryOut(effect: Exclude<RoundEffect, { type: 'aggregate' | 'fail' }>, core: RoundCore): void {
    const environment = this.#environment;
    if (effect.type === 'timer') {
      const { attempt, delayMicros } = effect;
      const handler = () => this.#tell(core, { type: 'deadline', attempt });
      this.#deadline = environment.clock.set(delayMicros, handler, 'end of a round of training');
      return;
    }
    const client = effect.client as NodeId;
    const lost = (error: unknown) => this.#tell(core, { type: 'lost', client, reason: reasonOf(error) });
    const { training, order, deadlineMicros: withinMicros, wantsClaims: claim = false } = this.#options;
    const round = this.#round;
    if (effect.type === 'invite') {
      this.#ask(client, { type: 'invite', training, round }).then(() => this.#tell(core, { type: 'accepted', client }), lost);
    } else if (effect.type === 'order') {
      const model = this.#model as WeightsReference;
      this.#ask(client, { type: 'order', training, round, model, order, claim, withinMicros }).catch(lost);
    } else {
      this.#receive(client, effect.update, core).then(() => this.#tell(core, { type: 'received', client }), lost);
    }
  }

  /** Events of a round that is over are not those of the next. */
  #tell(core: RoundCore, event: RoundEvent): void {
    if (core === this.#core) this.#dispatch(event);
  }

  async #ask(client: NodeId, request: ClientRequest): Promise<void> {
    const { network } = this.#environment;
    const timeoutMicros = FEDERATED_ANSWER_MICROS;
    const answer = decodeAnswer(await network.request(client, CLIENT_PROTOCOL, encodeClientRequest(request), { timeoutMicros }));
    if (!answer.taken) throw new Error(answer.reason);
  }

  /** An update that came, or what came of it, is deleted when the round is over: nobody asks for it any more. */
  async #receive(client: NodeId, update: AnnouncedUpdate, core: RoundCore): Promise<void> {
    const stop = () => core.isOver;
    const updates = this.#updates(client);
    const fetch = { from: client, protocol: UPDATE_PROTOCOL, reference: update.weights, stop } as const;
    let fault: string | undefined;
    try {
      fault = faultOfWeights(await fetchWeights(this.#environment, updates, fetch), this.#options.first.length);
    } finally {
      if (fault !== undefined || core.isOver) await updates.delete(update.weights);
    }
    if (fault !== undefined) throw new Error(fault);
  }

  /** An update that a client announces: taken when the round waits for it. */
  announced(from: NodeId, { round, weights, samples, claimedLoss }: UpdateRequest): Answer {
    const { sizeBytes } = this.#model as WeightsReference;
    if (weights.sizeBytes !== sizeBytes) return { taken: false, reason: `weights have ${sizeBytes} bytes` };
    if (round !== this.#round || this.#core?.expects(from) !== true) return { taken: false, reason: 'late' };
    this.#announcements.push({ client: from, weights });
    this.#tell(this.#core, { type: 'announced', client: from, update: { weights, samples, claimedLoss } });
    return { taken: true };
  }

  async #aggregate(round: number, { updates, absent }: Extract<RoundEffect, { type: 'aggregate' }>) {
    const { training, strategy, before = [], seed } = this.#options;
    const { judge, measure, trainRoot } = this.#dependencies;
    const previous = this.#model as WeightsReference;
    const global = await this.#models.load(previous);
    const contributions = updates.map(
      ({ client, weights, samples, claimedLoss }): Contribution => ({
        ...{ clients: [client], samples, claimedLoss },
        load: () => this.#updates(client).load(weights),
      }),
    );
    const context = {
      ...{ round, global, judge },
      trainRoot: async () => {
        if (trainRoot) return await trainRoot(global, round);
        throw new TreadleError('FEDERATED_PLAN_INVALID', { detail: 'This coordinator has no samples of its own to train on' });
      },
      random: seededStream('strategy', seed, round),
    };
    const result = await aggregateOrKeep(contributions, context, { strategy, before });
    const metrics = await measure(result.weights);
    const model = await this.#models.put(weightsToBytes(result.weights));
    const sent = new Map<string, (typeof updates)[number]>(updates.map((update) => [update.client, update]));
    const given = (client: string) => {
      const update = sent.get(client);
      invariant(update !== undefined, 'a strategy names only clients that gave something');
      return { client, digest: update.weights.digest, samples: update.samples };
    };
    const record: RoundRecord = {
      ...{ training, round, previous: previous.digest, digest: model.digest },
      accepted: result.accepted.map(({ client, share }) => ({ ...given(client), share })).sort(byClient),
      rejected: result.rejected.map(({ client, reason }) => ({ ...given(client), reason: shortText(reason) })).sort(byClient),
      absent,
      metrics: { accuracy: metrics.accuracy, loss: metrics.loss, evaluations: result.evaluations },
    };
    return { record, model };
  }

  get #models(): WeightStore {
    return this.#store.of(`coordinator models ${this.#options.training}`);
  }

  #updates(client: string): WeightStore {
    return this.#store.of(`coordinator updates ${this.#options.training} ${client}`);
  }

  async #anchor(record: RoundRecord): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#dependencies.anchor(record);
      } catch (error) {
        this.#environment.log.warn('a round of training is not anchored yet', {
          round: record.round,
          attempt,
          error: reasonOf(error),
        });
        if (attempt === FEDERATED_ANCHOR_ATTEMPTS) throw error;
      }
      await sleep(this.#environment, FEDERATED_ANCHOR_PAUSE_MICROS, 'a round is anchored again');
    }
  }
}

/** A training may have any name, a log only a short one of few signs. */
function logName(training: string): string {
  return `federated-${digestOfBytes(new TextEncoder().encode(training)).slice(2, 34)}`;
}

function reasonOf(error: unknown): string {
  if (error instanceof TreadleError) return `${error.code}: ${error.detail}`;
  return error instanceof Error ? error.message : String(error);
}

function byClient(left: { readonly client: string }, right: { readonly client: string }): number {
  return left.client < right.client ? -1 : left.client > right.client ? 1 : 0;
}
