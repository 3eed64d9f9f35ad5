import { openDoor } from '../../../environment/contract/index.ts';
import type { Environment, NodeId } from '../../../environment/index.ts';
import { createWorld } from '../../../environment/sim/index.ts';
import { Network } from '../../engine/index.ts';
import { allEngines } from '../../engine/testing/engines.ts';
import { STRATEGIES } from '../aggregation/catalogue.ts';
import { findPlugin, readPluginChoice } from '../plugin.ts';
import { type ClientDependencies, FederatedClient } from '../round/client.ts';
import type { CoordinatorOptions } from '../round/coordinator.ts';
import { Coordinators } from '../round/coordinators.ts';
import { localTrainer, type Trainer } from '../round/local-trainer.ts';
import type { RoundRecord } from '../round/round-record.ts';
import { digestOfWeights, type WeightsDigest } from '../weights.ts';
import { BLOB_NETWORK, blobs } from './blobs.ts';

export const SECOND = 1_000_000;
export const TRAINING = 'training of the test';
const engine = allEngines().simd;

export function nodeId(number: number): NodeId {
  return `0x${number.toString(16).padStart(40, '0')}`;
}

/** What a client of a test does differently. */
export type Twist = (trainer: Trainer, number: number) => Trainer;

export interface TrainingWorldOptions {
  readonly clients: number;
  /** Names of coordinator and clients. */
  readonly nodes?: readonly NodeId[];
  readonly coordinator?: Partial<CoordinatorOptions>;
  readonly strategy?: string;
  readonly twist?: Twist;
  /** Bits per second of every line. */
  readonly bitsPerSecond?: number;
}

/** Coordinator (the first node) and clients (the others) with an anchor that all can read, as a ledger is; they run in any environment. */
export function trainingServices(options: Omit<TrainingWorldOptions, 'clients'>, nodes: readonly NodeId[]) {
  const [master, ...ids] = nodes as [NodeId, ...NodeId[]];
  const ledger = new Map<number, RoundRecord>();
  const network = new Network(engine, BLOB_NETWORK, { seed: 7 });
  const first = network.copyWeights();
  const test = blobs(300, 'test');
  const models = new Map<number, { readonly digest: WeightsDigest; readonly final: boolean }[]>();
  const evaluate = async (weights: Float32Array) => {
    network.setWeights(weights);
    return network.evaluate(test);
  };
  const strategy = readPluginChoice(options.strategy ?? 'fedavg', STRATEGIES);

  const openClient = async (environment: Environment, number: number, change: Partial<ClientDependencies> = {}) => {
    const samples = blobs(40, `client ${number}`);
    const rows = Uint32Array.from(samples.labels.keys());
    const honest = localTrainer(environment, new Network(engine, BLOB_NETWORK, { seed: 0 }), { samples, rows });
    const seen: { digest: WeightsDigest; final: boolean }[] = [];
    models.set(number, seen);
    await FederatedClient.open(environment, {
      coordinator: () => master,
      anchored: async (_, round) => (round === 0 ? digestOfWeights(first) : ledger.get(round)?.digest),
      train: options.twist?.(honest, number) ?? honest,
      claimLoss: async (weights) => (await evaluate(weights)).loss,
      onModel: ({ weights, final }) => seen.push({ digest: digestOfWeights(weights), final }),
      ...change,
    });
  };
  const openCoordinator = async (environment: Environment) =>
    (await Coordinators.open(environment)).coordinate(
      {
        ...{ training: TRAINING, clients: ids, rounds: 3, active: ids.length, quorum: 1, deadlineMicros: 60 * SECOND },
        ...{ attemptsMax: 3, seed: 'seed', first },
        order: { epochs: 2, batchSize: 10, optimiser: { type: 'sgd', learningRate: 0.05 }, seed: 'order' },
        strategy: findPlugin(strategy.name, STRATEGIES).make(strategy.settings),
        wantsClaims: strategy.name === 'proof',
        ...options.coordinator,
      },
      {
        ...{ judge: evaluate, measure: evaluate },
        anchor: async (record) => {
          const there = ledger.get(record.round);
          if (there !== undefined && there.digest !== record.digest) throw new Error('another record of this round is there');
          ledger.set(record.round, record);
        },
      },
    );
  return { ledger, models, first, evaluate, ids, openClient, openCoordinator };
}

/** The same in a simulated world: nodes 1 (the coordinator), 2, 3, ... unless they have other names. */
export async function trainingWorld(options: TrainingWorldOptions) {
  const world = createWorld({ seed: 1, cpu: { costs: { 'learning.train': 100 } } });
  const names = options.nodes ?? Array.from({ length: options.clients + 1 }, (_, at) => nodeId(at + 1));
  const services = trainingServices(options, names);
  const line = options.bitsPerSecond ?? 1e9;
  const access = { uplinkBitsPerSecond: line, downlinkBitsPerSecond: line };
  const start = async (environment: Environment) => await environment.network.start(openDoor);
  const environment = world.addNode(names[0] as NodeId, access);
  const clients = new Map(services.ids.map((id, at) => [at + 2, world.addNode(id, access)]));
  const coordinator = await world.run(services.openCoordinator(environment));
  for (const [number, client] of clients) {
    await world.run(services.openClient(client, number));
    await world.run(start(client));
  }
  await world.run(start(environment));
  const addresses = new Map([...clients].map(([number, client]) => [number, client.network.addresses()]));
  for (const [number, client] of clients) {
    await world.run(environment.network.connect({ node: client.node, addresses: addresses.get(number) as readonly string[] }));
  }
  return { ...services, world, environment, coordinator, clients, addresses, start };
}
