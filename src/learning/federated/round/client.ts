import { type Environment, type NodeId, sleep } from '../../../environment/index.ts';
import { hasCode, TreadleError } from '../../../errors.ts';
import { FEDERATED_ANSWER_MICROS, FEDERATED_FETCH_PAUSE_MICROS } from '../../../limits.ts';
import '../errors.ts';
import { type WeightsDigest, weightsToBytes } from '../weights.ts';
import type { Trainer } from './local-trainer.ts';
import {
  type Answer,
  CLIENT_PROTOCOL,
  COORDINATOR_PROTOCOL,
  decodeAnswer,
  decodeClientRequest,
  encodeAnswer,
  encodeUpdate,
  type FinishRequest,
  type OrderRequest,
  type UpdateRequest,
  updateDigest,
} from './messages.ts';
import { fetchWeights, MODEL_PROTOCOL, serveWeights, UPDATE_PROTOCOL } from './weight-exchange.ts';
import { WeightStore } from './weight-store.ts';

export interface ClientDependencies {
  /**
   * Whose orders this client follows in a training: the coordinator may change while it goes on. `from`: who asks; where several may
   * coordinate, whoever of them asks.
   */
  coordinator(training: string, from: NodeId): NodeId | undefined | Promise<NodeId | undefined>;
  /** The digest of the global model after a round as it is anchored; round 0 is the model that all begin with. Undefined: not there (yet). */
  anchored(training: string, round: number): Promise<WeightsDigest | undefined>;
  train(start: Float32Array, task: Parameters<Trainer>[1] & { readonly training: string }): ReturnType<Trainer>;
  /** Which loss the judge will find, where this client can know it. */
  claimLoss?(weights: Float32Array, training: string): Promise<number>;
  /** Signs an update (see `updateDigest`), where others than the coordinator are to believe it. */
  sign?(digest: Uint8Array): Uint8Array;
  /** Orders without a signature that others believe are refused. */
  isSigned?(order: OrderRequest, from: NodeId): boolean;
  /** A coordinator signed an order to train another model than the anchored one. */
  onLie?(order: OrderRequest, from: NodeId): void;
  /** Who may have an update besides those that ordered it: whoever checks them. */
  mayFetch?(training: string, peer: NodeId): boolean;
  /** Is handed every global model that was applied, the final one with `final`. */
  onModel?(model: {
    readonly training: string;
    readonly round: number;
    readonly weights: Float32Array;
    readonly final: boolean;
  }): void;
}

interface Work {
  readonly order: OrderRequest;
  /** Whoever ordered it, the first one first: one may take over from another. */
  readonly coordinators: Set<NodeId>;
  update?: UpdateRequest;
}

/**
 * A client of trainings: follows the orders of the coordinator, and of nobody else. It applies a global model only if its digest is the anchored
 * one. What it trained is kept until the next round: a coordinator that was away fetches it without its being trained again.
 */
export class FederatedClient {
  readonly #environment: Environment;
  readonly #dependencies: ClientDependencies;
  readonly #store: WeightStore;
  /** The round at hand, by training. */
  readonly #work = new Map<string, Work>();

  private constructor(environment: Environment, dependencies: ClientDependencies, store: WeightStore) {
    this.#environment = environment;
    this.#dependencies = dependencies;
    this.#store = store;
  }

  /** Begins to answer; to be called before the network starts. */
  static async open(environment: Environment, dependencies: ClientDependencies): Promise<FederatedClient> {
    const client = new FederatedClient(environment, dependencies, await WeightStore.open(environment, 'federated-client'));
    serveWeights(environment, UPDATE_PROTOCOL, (peer, digest) => {
      const wanted = [...client.#work].find(
        ([training, { coordinators, update }]) =>
          update?.weights.digest === digest && (coordinators.has(peer) || dependencies.mayFetch?.(training, peer) === true),
      );
      return wanted && client.#updates(wanted[0]);
    });
    environment.network.onRequest(CLIENT_PROTOCOL, async (from, body) => encodeAnswer(await client.#answer(from, body)));
    return client;
  }

  async #answer(from: NodeId, body: Uint8Array): Promise<Answer> {
    const request = decodeClientRequest(body);
    if ((await this.#dependencies.coordinator(request.training, from)) !== from) {
      return { taken: false, reason: 'takes no orders of this node for this training' };
    }
    if (request.type === 'invite') return { taken: true };
    if (request.type === 'order' && this.#dependencies.isSigned?.(request, from) === false) {
      return { taken: false, reason: 'takes no order that is not signed' };
    }
    const round = request.type === 'order' ? request.round - 1 : request.round;
    const anchored = await this.#dependencies.anchored(request.training, round);
    if (anchored !== request.model.digest) {
      const { log } = this.#environment;
      log.warn('refused a model that is not the anchored one', {
        from,
        training: request.training,
        round,
        given: request.model.digest,
        anchored,
      });
      if (request.type === 'order' && anchored !== undefined) this.#dependencies.onLie?.(request, from);
      throw new TreadleError('FEDERATED_MODEL_NOT_ANCHORED', {
        detail: `Model ${request.model.digest} after round ${round} is not the anchored ${anchored ?? 'one (there is none)'}`,
        data: { training: request.training, round, given: request.model.digest, anchored: anchored ?? '' },
      });
    }
    if (request.type === 'order') this.#begin(request, from);
    else void this.#finish(request, from).catch((error: unknown) => this.#failed(request, error));
    return { taken: true };
  }

  #begin(order: OrderRequest, coordinator: NodeId): void {
    const before = this.#work.get(order.training);
    if (before?.order.round === order.round && before.order.model.digest === order.model.digest) {
      // Asked again, or by another one: what is trained already is announced again; what is under way will be.
      before.coordinators.add(coordinator);
      if (before.update !== undefined)
        void this.#announce(before, coordinator).catch((error: unknown) => this.#failed(order, error));
      return;
    }
    const work: Work = { order, coordinators: new Set([coordinator]) };
    this.#work.set(order.training, work);
    void this.#carryOut(work, before).catch((error: unknown) => {
      // Whoever orders it again finds it not begun.
      if (this.#work.get(order.training) === work && work.update === undefined) this.#work.delete(order.training);
      this.#failed(order, error);
    });
  }

  async #carryOut(work: Work, before: Work | undefined): Promise<void> {
    const { order } = work;
    const { training, round, model } = order;
    const stop = () => this.#work.get(training) !== work;
    if (before?.update !== undefined) await this.#updates(training).delete(before.update.weights);
    const models = this.#models(training);
    const weights = await this.#fetchModel(work, stop);
    await models.delete(model);
    this.#dependencies.onModel?.({ training, round: round - 1, weights, final: false });
    const turn = { round, client: this.#environment.node };
    const trained = await this.#dependencies.train(weights, { order: order.order, turn, training });
    const claimedLoss = order.claim ? await this.#dependencies.claimLoss?.(trained.weights, training) : undefined;
    if (stop()) return;
    const reference = await this.#updates(training).put(weightsToBytes(trained.weights));
    const update = { training, round, weights: reference, samples: trained.samples, claimedLoss: claimedLoss ?? Number.NaN };
    const signature = this.#dependencies.sign?.(updateDigest(update, model.digest));
    work.update = { ...update, ...(signature && { signature }) };
    await Promise.all(Array.from(work.coordinators, (each) => this.#announce(work, each)));
  }

  /** From whoever ordered it, one after the other. */
  async #fetchModel({ order, coordinators }: Work, stop: () => boolean): Promise<Float32Array> {
    let failure: unknown;
    // Those that join meanwhile are asked as well.
    for (const from of coordinators) {
      try {
        const fetch = { from, protocol: MODEL_PROTOCOL, reference: order.model, stop } as const;
        return await fetchWeights(this.#environment, this.#models(order.training), fetch);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  /** Until the coordinator answered, or there is something else to do. */
  async #announce(work: Work, coordinator: NodeId): Promise<void> {
    const { order, update } = work;
    if (update === undefined) return;
    const { network, clock, log } = this.#environment;
    const until = clock.now() + order.withinMicros;
    while (this.#work.get(order.training) === work) {
      try {
        const options = { timeoutMicros: FEDERATED_ANSWER_MICROS };
        const answer = decodeAnswer(await network.request(coordinator, COORDINATOR_PROTOCOL, encodeUpdate(update), options));
        if (!answer.taken)
          log.info('an update was not taken', { training: order.training, round: order.round, reason: answer.reason });
        return;
      } catch (error) {
        if (clock.now() >= until) throw error;
      }
      await sleep(this.#environment, FEDERATED_FETCH_PAUSE_MICROS, 'an update is announced again');
    }
  }

  async #finish({ training, round, model }: FinishRequest, from: NodeId): Promise<void> {
    const before = this.#work.get(training);
    this.#work.delete(training);
    if (before?.update !== undefined) await this.#updates(training).delete(before.update.weights);
    const models = this.#models(training);
    const weights = await fetchWeights(this.#environment, models, { from, protocol: MODEL_PROTOCOL, reference: model });
    await models.delete(model);
    this.#dependencies.onModel?.({ training, round, weights, final: true });
  }

  #models(training: string): WeightStore {
    return this.#store.of(`client models ${training}`);
  }

  #updates(training: string): WeightStore {
    return this.#store.of(`client updates ${training}`);
  }

  /** The coordinator notices by itself that nothing comes; whoever runs the client finds the reason here. */
  #failed({ training, round, type }: OrderRequest | FinishRequest, error: unknown): void {
    const code = error instanceof TreadleError ? error.code : 'INTERNAL';
    const fields = { training, round, type, code, error: error instanceof Error ? error.message : String(error) };
    if (hasCode(error, 'FEDERATED_WEIGHTS_DAMAGED')) this.#environment.log.warn('a model was damaged on its way', fields);
    else this.#environment.log.info('a turn of training came to nothing', fields);
  }
}
