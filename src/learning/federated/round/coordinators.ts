import type { Environment } from '../../../environment/index.ts';
import { TreadleError } from '../../../errors.ts';
import '../errors.ts';
import { Coordinator, type CoordinatorDependencies, type CoordinatorOptions } from './coordinator.ts';
import { COORDINATOR_PROTOCOL, decodeUpdate, encodeAnswer } from './messages.ts';
import { MODEL_PROTOCOL, serveWeights } from './weight-exchange.ts';
import { WeightStore } from './weight-store.ts';

/** The trainings that a node coordinates, one after the other or at once; a node has one of these, and may be a client besides. */
export class Coordinators {
  readonly #environment: Environment;
  readonly #store: WeightStore;
  readonly #byTraining = new Map<string, Coordinator>();

  private constructor(environment: Environment, store: WeightStore) {
    this.#environment = environment;
    this.#store = store;
  }

  /** Begins to answer; to be called before the network starts. */
  static async open(environment: Environment): Promise<Coordinators> {
    const coordinators = new Coordinators(environment, await WeightStore.open(environment, 'federated-coordinator'));
    serveWeights(environment, MODEL_PROTOCOL, (peer, digest) => {
      for (const coordinator of coordinators.#byTraining.values()) {
        const store = coordinator.modelFor(peer, digest);
        if (store !== undefined) return store;
      }
      return undefined;
    });
    environment.network.onRequest(COORDINATOR_PROTOCOL, async (from, body) => {
      const update = decodeUpdate(body);
      const coordinator = coordinators.#byTraining.get(update.training);
      return encodeAnswer(coordinator?.announced(from, update) ?? { taken: false, reason: 'another training' });
    });
    return coordinators;
  }

  /**
   * Opens what is on disk of a training; `run` then goes on with it.
   *
   * @throws TreadleError FEDERATED_PLAN_INVALID when it is open already, FEDERATED_STATE_INVALID when the disk holds another training of this name, or
   *   one that does not fit together
   */
  async coordinate(options: CoordinatorOptions, dependencies: CoordinatorDependencies): Promise<Coordinator> {
    const { training } = options;
    if (this.#byTraining.has(training)) {
      throw new TreadleError('FEDERATED_PLAN_INVALID', {
        detail: `The training ${training} is coordinated by this node already`,
      });
    }
    const coordinator = await Coordinator.open(this.#environment, this.#store, options, dependencies);
    this.#byTraining.set(training, coordinator);
    return coordinator;
  }
}
