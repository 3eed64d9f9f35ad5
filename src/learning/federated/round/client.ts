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
} from './messages.ts';
import { fetchWeights, MODEL_PROTOCOL, serveWeights, UPDATE_PROTOCOL } from './weight-exchange.ts';
import { WeightStore } from './weight-store.ts';

export interface ClientDependencies {
  /** The training that this client takes part in, and whose orders it follows: the coordinator may change while it goes on. */
  coordinator(training: string): NodeId | undefined;
  /** The digest of the global model after a round as it is anchored; round 0 is the model that all begin with. Undefined: not there (yet). */
  anchored(training: string, round: number): Promise<WeightsDigest | undefined>;
  readonly train: Trainer;
  /** Which loss the judge will find, where this client can know it. */
  claimLoss?(weights: Float32Array): Promise<number>;
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
  readonly coordinator: NodeId;
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
        ([, { coordinator, update }]) => coordinator === peer && update?.weights.digest === digest,
      );
      return wanted && client.#updates(wanted[0]);
    });
    environment.network.onRequest(CLIENT_PROTOCOL, async (from, body) => encodeAnswer(await client.#answer(from, body)));
    return client;
  }

  async #answer(from: NodeId, body: Uint8Array): Promise<Answer> {
    const request = decodeClientRequest(body);
    if (this.#dependencies.coordinator(request.training) !== from) {
      return { taken: false, reason: 'takes no orders of this node for this training' };
    }
    if (request.type === 'invite') return { taken: true };
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
    if (
      before?.order.round === order.round &&
      before.order.model.digest === order.model.digest &&
      before.coordinator === coordinator
    ) {
      // Asked again: what is trained already is announced again; what is under way will be.
      if (before.update !== undefined) void this.#announce(before).catch((error: unknown) => this.#failed(order, error));
      return;
    }
    const work: Work = { order, coordinator };
    this.#work.set(order.training, work);
    void this.#carryOut(work, before).catch((error: unknown) => this.#failed(order, error));
  }

  async #carryOut(work: Work, before: Work | undefined): Promise<void> {
    const { order, coordinator } = work;
    const { training, round, model } = order;
    const stop = () => this.#work.get(training) !== work;
    if (before?.update !== undefined) await this.#updates(training).delete(before.update.weights);
    const models = this.#models(training);
    const fetch = { from: coordinator, protocol: MODEL_PROTOCOL, reference: model, stop } as const;
    const weights = await fetchWeights(this.#environment, models, fetch);
    await models.delete(model);
    this.#dependencies.onModel?.({ training, round: round - 1, weights, final: false });
    const turn = { round, client: this.#environment.node };
    const trained = await this.#dependencies.train(weights, { order: order.order, turn });
    const claimedLoss = order.claim ? await this.#dependencies.claimLoss?.(trained.weights) : undefined;
    if (stop()) return;
    const reference = await this.#updates(training).put(weightsToBytes(trained.weights));
    work.update = { training, round, weights: reference, samples: trained.samples, claimedLoss: claimedLoss ?? Number.NaN };
    await this.#announce(work);
  }

  /** Until the coordinator answered, or there is something else to do. */
  async #announce(work: Work): Promise<void> {
    const { coordinator, order, update } = work;
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
