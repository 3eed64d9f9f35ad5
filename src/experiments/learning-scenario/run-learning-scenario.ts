import { openDoor } from '../../environment/contract/index.ts';
import type { Environment, NodeId } from '../../environment/index.ts';
import { createWorld } from '../../environment/sim/index.ts';
import {
  ATTACKS,
  type Attack,
  bearingDataset,
  Coordinators,
  checkPlan,
  createEngine,
  digestOfWeights,
  FederatedClient,
  findPlugin,
  firstWeights,
  type KernelBytes,
  localTrainer,
  Network,
  orderOf,
  prepareRunData,
  type RoundRecord,
  type RunPlan,
  readPluginChoice,
  STRATEGIES,
  seededStream,
  type WeightsDigest,
} from '../../learning/index.ts';
import { DEFAULT_CPU_COSTS } from '../cpu-costs.ts';
import type { LearningReport } from './learning-report.ts';
import type { LearningFault, LearningScenario } from './learning-scenario.ts';

export interface LearningRunOptions {
  readonly seed: number;
  /** Real time, for the report only. */
  readonly wallSeconds: () => number;
  /** Compiled kernels; without them the bits are the same and it takes longer. */
  readonly kernels?: KernelBytes;
}

const TRAINING = 'training';
/** How often the script looks whether a round is under way. */
const LOOK_MICROS = 50_000;
/** How often a node looks for the coordinator when it is not connected. */
const REDIAL_MICROS = 1_000_000;

/** Runs a training over simulated nodes, with what goes wrong in it, to its end. The same scenario and seed give the same report but for `wallSeconds`. */
export async function runLearningScenario(scenario: LearningScenario, options: LearningRunOptions): Promise<LearningReport> {
  const started = options.wallSeconds();
  const { clients: cast, network: lines } = scenario;
  const plan = planOf(scenario, options.seed);
  const { machines, windows } = scenario.data;
  const data = prepareRunData(bearingDataset({ seed: options.seed, machines, windowsEach: windows }), plan);
  const engine = createEngine(options.kernels === undefined ? {} : { kernels: options.kernels });
  const first = firstWeights(engine, plan, data);
  const judge = new Network(engine, data.network, { seed: 0 });
  const evaluate = async (weights: Float32Array, rows: Uint32Array) => {
    judge.setWeights(weights);
    return judge.evaluate(data.test, rows);
  };
  const world = createWorld({
    seed: options.seed,
    links: { latency: lines.latencyMicros, loss: lines.loss },
    cpu: { costs: DEFAULT_CPU_COSTS },
  });
  const access = { uplinkBitsPerSecond: lines.uplinkBitsPerSecond, downlinkBitsPerSecond: lines.downlinkBitsPerSecond };
  const master = nodeId(0);
  const ids = Array.from({ length: cast.count }, (_, at) => nodeId(at + 1));
  const anchored = new Map<number, RoundRecord>();
  const models = { applied: 0, differing: 0 };
  const attacks = new Map<number, Attack>();
  for (const { attack, clients } of scenario.attackers) {
    const { settings } = readPluginChoice(attack, ATTACKS);
    for (const number of clients) attacks.set(number, findPlugin(attack, ATTACKS).make(settings));
  }
  const strategy = readPluginChoice(scenario.training.strategy, STRATEGIES);
  const plugin = findPlugin(strategy.name, STRATEGIES);
  const digestAt = (round: number): WeightsDigest | undefined =>
    round === 0 ? digestOfWeights(first) : anchored.get(round)?.digest;

  const openClient = async (environment: Environment, number: number): Promise<void> => {
    const attack = attacks.get(number);
    const own = { samples: data.train, rows: data.partition[number - 1] as Uint32Array };
    const contextOf = (round: number, global: Float32Array) => ({
      ...{ round, global, client: clientName(number), clients: cast.active, malicious: attacks.size },
      random: seededStream('attack', options.seed, round, number),
      conspiracy: seededStream('conspiracy', options.seed, round),
    });
    const network = new Network(engine, data.network, { seed: 0 });
    const honest = localTrainer(environment, network, own);
    await FederatedClient.open(environment, {
      coordinator: () => master,
      anchored: async (_, round) => digestAt(round),
      train: async (global, task) => {
        if (attack === undefined) return await honest(global, task);
        const context = contextOf(task.turn.round, global);
        if (attack.instead) return { weights: attack.instead(context), loss: 0, samples: own.rows.length };
        const spoilt = attack.poison?.({ ...own, classes: data.classes, shape: data.network.input }, context);
        const trainer = spoilt === undefined ? honest : localTrainer(environment, network, { samples: spoilt, rows: own.rows });
        const trained = await trainer(global, task);
        return { ...trained, weights: attack.change?.(trained.weights, context) ?? trained.weights };
      },
      claimLoss: async (weights) => (await evaluate(weights, data.judge)).loss,
      onModel: ({ round, weights }) => {
        models.applied++;
        if (digestOfWeights(weights) !== digestAt(round)) models.differing++;
      },
    });
  };
  const openCoordinator = async (environment: Environment) =>
    (await Coordinators.open(environment)).coordinate(
      {
        ...{ training: TRAINING, clients: ids, rounds: plan.rounds, active: cast.active, quorum: cast.quorum },
        ...{ deadlineMicros: cast.deadlineMicros, attemptsMax: cast.attempts, seed: plan.seed, first, order: orderOf(plan) },
        strategy: plugin.make(strategy.settings),
        wantsClaims: plugin.wantsClaims === true,
      },
      {
        judge: (weights) => evaluate(weights, data.judge),
        measure: (weights) => evaluate(weights, data.measure),
        trainRoot: async (global, round) =>
          (
            await localTrainer(coordinatorNode, new Network(engine, data.network, { seed: 0 }), {
              samples: data.test,
              rows: data.root,
            })(global, { order: orderOf(plan), turn: { round, client: 'root' } })
          ).weights,
        anchor: async (record) => void anchored.set(record.round, record),
      },
    );

  let coordinatorNode = world.addNode(master, access);
  let addresses: readonly string[] = [];
  const nodes = ids.map((id) => world.addNode(id, access));
  const boot = async (environment: Environment): Promise<void> => {
    await environment.network.start(openDoor);
    addresses = environment.network.addresses();
  };
  let coordinator = await world.run(openCoordinator(coordinatorNode));
  for (const [at, node] of nodes.entries()) {
    await world.run(openClient(node, at + 1));
    await world.run(node.network.start(openDoor));
  }
  await world.run(boot(coordinatorNode));
  let over = false;
  for (const node of nodes) keepConnected(node, master, { addresses: () => addresses, over: () => over });

  let finished = false;
  let failure: string | undefined;
  let life = 0;
  const run = (): void => {
    const own = ++life;
    coordinator.run().then(
      () => {
        finished ||= own === life;
      },
      (error: unknown) => {
        // The life that was cut off by a crash ends with an error as well.
        if (own === life) failure = String((error as Error).message);
      },
    );
  };
  run();
  const waiting = [...scenario.faults];
  const deadline = world.now + scenario.durationMicros;
  const begun = world.now;
  let restarts = 0;
  while (!finished && failure === undefined && world.now < deadline) {
    const at = waiting.findIndex(({ duringRound }) => anchored.size === duringRound - 1);
    if (at < 0) {
      await world.runFor(LOOK_MICROS * 4);
      continue;
    }
    // Half of the pause after the round began: it is under way.
    await world.runFor(LOOK_MICROS);
    const [fault] = waiting.splice(at, 1) as [LearningFault];
    if (fault.what.type === 'crash') {
      life++;
      world.crash(master);
      await world.runFor(fault.forMicros);
      coordinatorNode = world.restart(master);
      coordinator = await world.run(openCoordinator(coordinatorNode));
      await world.run(boot(coordinatorNode));
      restarts++;
      run();
    } else {
      const cut = fault.what.clients.map(nodeId);
      for (const id of cut)
        for (const [from, to] of [
          [master, id],
          [id, master],
        ] as const)
          world.block(from, to);
      world.at(fault.forMicros, () => {
        for (const id of cut)
          for (const [from, to] of [
            [master, id],
            [id, master],
          ] as const)
            world.unblock(from, to);
      });
    }
  }
  over = true;
  const liars = [...attacks.keys()].sort((left, right) => left - right).map(clientName);
  const rounds = [...anchored.values()].map((record) => roundOf(record));
  const given = rounds.flatMap(({ accepted, rejected }) => [...accepted, ...rejected.map(({ client }) => client)]);
  const lies = {
    updates: given.filter((name) => liars.includes(name)).length,
    taken: rounds.flatMap(({ accepted }) => accepted).filter((name) => liars.includes(name)).length,
  };
  const accuracy = rounds.at(-1)?.accuracy ?? 0;
  const rejectedClients: Record<string, number> = {};
  for (const { client } of rounds.flatMap(({ rejected }) => rejected))
    rejectedClients[client] = (rejectedClients[client] ?? 0) + 1;
  const failures = [
    ...(failure === undefined ? [] : [failure]),
    ...(finished || failure !== undefined ? [] : [`only ${rounds.length} of ${plan.rounds} rounds ended in time`]),
    ...waiting.map(({ duringRound }) => `the fault of round ${duringRound} did not come about`),
    ...(accuracy < scenario.checks.accuracy ? [`the accuracy is ${accuracy.toFixed(4)}, below ${scenario.checks.accuracy}`] : []),
    ...(models.differing > 0 ? [`${models.differing} models that clients applied are not the anchored ones`] : []),
    ...(lies.taken > scenario.checks.liarsTaken * lies.updates
      ? [`${lies.taken} of ${lies.updates} updates of liars were taken`]
      : []),
  ];
  return {
    ...{ scenario: scenario.name, seed: options.seed, traceHash: world.traceHash() },
    virtualSeconds: (world.now - begun) / 1e6,
    wallSeconds: options.wallSeconds() - started,
    accuracy,
    rounds,
    rejectedClients: Object.fromEntries(
      Object.entries(rejectedClients).sort(([left], [right]) => numberOf(left) - numberOf(right)),
    ),
    digests: rounds.map(({ digest }) => digest),
    anchoring: 'memory',
    models,
    liars: { names: liars, ...lies },
    coordinatorRestarts: restarts,
    ioBytes: world.stats().messageBytes,
    failures,
  };
}

function planOf({ clients, data, training }: LearningScenario, seed: number): RunPlan {
  const { rounds, epochs, batchSize, learningRate, strategy } = training;
  return checkPlan({
    ...{ dataset: 'bearing', network: 'bearing', clients: clients.count, active: clients.active, rounds },
    partition: { kind: data.partition, alpha: 0.5 },
    training: { epochs, batchSize, optimiser: { type: 'sgd', learningRate } },
    strategy: readPluginChoice(strategy, STRATEGIES),
    ...{ before: [], maliciousShare: 0, judgeShare: 1 / 3, rootSamples: 50, seed: String(seed), fastMath: false },
  });
}

/** A client looks for its coordinator as long as it is not connected with it. */
function keepConnected(
  environment: Environment,
  node: NodeId,
  { addresses, over }: { readonly addresses: () => readonly string[]; readonly over: () => boolean },
): void {
  const dial = (): void => {
    if (over()) return;
    if (!environment.network.peers().includes(node))
      environment.network.connect({ node, addresses: addresses() }).catch(() => undefined);
    environment.clock.set(REDIAL_MICROS, dial, 'look for the coordinator');
  };
  dial();
}

function roundOf({ round, metrics, accepted, rejected, absent, digest }: RoundRecord): LearningReport['rounds'][number] {
  const named = ({ client, reason }: { readonly client: string; readonly reason: string }) => ({
    client: clientName(Number(BigInt(client) - 1n)),
    reason,
  });
  return {
    ...{ round, accuracy: metrics.accuracy, loss: metrics.loss, digest },
    accepted: accepted.map(({ client }) => named({ client, reason: '' }).client),
    rejected: rejected.map(named),
    absent: absent.map(named),
  };
}

/** Node 0 is the coordinator. */
function nodeId(number: number): NodeId {
  return `0x${(number + 1).toString(16).padStart(40, '0')}`;
}

function clientName(number: number): string {
  return `client-${number}`;
}

function numberOf(name: string): number {
  return Number(name.slice('client-'.length));
}
