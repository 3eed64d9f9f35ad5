import {
  certificateFromJson,
  genesisDomain,
  type NodeFile,
  planConsortium,
  readKeyFile,
  readNodeFile,
} from '../consortium/index.ts';
import type { CrossLedgerConfig } from '../contracts/index.ts';
import type { NodeKey } from '../crypto/index.ts';
import type { Environment, NodeId } from '../environment/index.ts';
import { createWorld, type LinkParameters, type World } from '../environment/sim/index.ts';
import { invariant } from '../errors.ts';
import { createMemoryStateStore, EvmExecutor, type Executor, type Genesis, SharedExecutor } from '../ledger/index.ts';
import {
  createNode,
  type DeviceNode,
  type EdgeNode,
  type LedgerNode,
  type NodeSetup,
  type OracleNode,
  type Platform,
  type ProxyNode,
  type Siblings,
  type TreadleNode,
} from '../node/index.ts';
import { DEFAULT_CPU_COSTS } from './cpu-costs.ts';
import { placeNodes } from './place-nodes.ts';
import type { LinkSettings, Scenario } from './scenario/index.ts';
import { createSeededRandom } from './seeded-random.ts';

/** The date on which every simulation begins: 2026-01-01T00:00:00Z. */
export const START_MICROS = 1_767_225_600_000_000;
export const CHAIN_ID = 7331;
const SIMULATED_VERSION = 'sim';

/** One seat of a simulated consortium: the node that sits there now, if it is up. */
export interface Seat {
  readonly name: string;
  readonly setup: NodeSetup;
  node: TreadleNode | undefined;
}

/** What the nodes of each role are. */
export interface NodeOf {
  readonly proxy: ProxyNode;
  readonly company: LedgerNode;
  readonly centre: LedgerNode;
  readonly edge: EdgeNode;
  readonly device: DeviceNode;
  readonly oracle: OracleNode;
}

/** A consortium in a simulated world: the nodes are those of real machines, only their environment is not. */
export interface Cluster {
  readonly world: World;
  readonly genesis: Genesis;
  readonly seats: ReadonlyMap<string, Seat>;
  /** The nodes of a role that are up. */
  running<R extends NodeFile['role']>(role: R): readonly NodeOf[R][];
  /** Starts everybody: the centre and the sealers first, then edge nodes and oracle nodes, then devices. */
  start(): Promise<void>;
  crash(name: string): void;
  restart(name: string): void;
  /** Crashes a node and starts it with another setup (a renewed certificate, another release's wire versions) on its old disk. */
  replace(name: string, setup: NodeSetup): void;
  /** Adds a machine and starts a node on it. */
  join(name: string, setup: NodeSetup): Promise<void>;
  id(name: string): NodeId;
  /** Errors that made a node give up. */
  readonly failures: readonly { readonly name: string; readonly error: unknown }[];
}

export interface ClusterOptions {
  /** Every node executes for itself and keeps the state on its own disk, where it can be lost; slower. */
  readonly ownState?: boolean;
  /** The setup of a seat as it was laid out, or another one: for nodes of another release. */
  readonly setup?: (seat: Seat) => NodeSetup;
  /** Stands between a node and its environment, on every start of the node: a node whose messages are watched or changed there may lie. */
  readonly between?: (environment: Environment, seat: Seat) => Environment;
  /** What nodes get from the world besides their environment, such as data sets. */
  readonly platform?: (seat: Seat) => Pick<Platform, 'kernels' | 'datasets'>;
  /** A node was made and is about to start; after a restart it is another one. */
  readonly onNode?: (node: TreadleNode, seat: Seat) => void;
  /** One of several ledgers of one consortium: in a world that the others are in too. */
  readonly part?: LedgerPart;
}

/** What makes a cluster one ledger among several. */
export interface LedgerPart {
  readonly world: World;
  readonly chainId: number;
  /** Keys of its seats by folder; all others are drawn. */
  readonly keys: ReadonlyMap<string, NodeKey>;
  readonly crossLedger: CrossLedgerConfig;
  /** The full nodes of the process that a seat belongs to. */
  readonly siblings: (name: string) => Siblings | undefined;
}

/** Lays out the consortium of a scenario in a new world. The same scenario and seed give the same world, keys included. */
export function createCluster(scenario: Scenario, seed: number, options: ClusterOptions = {}): Cluster {
  const { genesis, seats } = layOut(scenario, seed, options.part);
  const world = options.part?.world ?? createScenarioWorld(scenario, seed);
  return new SimulatedCluster({ scenario, options }, world, genesis, seats);
}

/** The world of a scenario, with nobody in it. */
export function createScenarioWorld(scenario: Scenario, seed: number): World {
  return createWorld({
    seed,
    startMicros: START_MICROS,
    links: linkOf(scenario.network),
    cpu: { costs: { ...DEFAULT_CPU_COSTS, ...scenario.cpu.costMicros } },
    ...(scenario.cpu.syncMicros !== undefined && { disk: { syncMicros: scenario.cpu.syncMicros } }),
  });
}

class SimulatedCluster implements Cluster {
  readonly failures: { readonly name: string; readonly error: unknown }[] = [];
  readonly world: World;
  readonly genesis: Genesis;
  readonly #seats: Map<string, Seat>;
  readonly #scenario: Scenario;
  readonly #options: ClusterOptions;
  /** A block is executed once and the outcome shared: every node would compute the same, and the trace cannot tell. */
  readonly #executor: Executor;

  constructor(
    { scenario, options }: { readonly scenario: Scenario; readonly options: ClusterOptions },
    world: World,
    genesis: Genesis,
    seats: ReadonlyMap<string, Seat>,
  ) {
    this.#scenario = scenario;
    this.#options = options;
    this.world = world;
    this.genesis = genesis;
    const setupOf = options.setup ?? ((seat: Seat): NodeSetup => seat.setup);
    this.#seats = new Map([...seats].map(([name, seat]) => [name, { ...seat, setup: setupOf(seat) }]));
    const store = createMemoryStateStore();
    const { chainId, governance } = genesis;
    this.#executor = new SharedExecutor(new EvmExecutor({ chainId, governance, store, domain: genesisDomain(genesis) }));
  }

  get seats(): ReadonlyMap<string, Seat> {
    return this.#seats;
  }

  running<R extends NodeFile['role']>(role: R): readonly NodeOf[R][] {
    // The role of a node says which kind it is: `createNode` makes nothing else.
    return [...this.seats.values()].flatMap((seat) => (seat.node?.role === role ? [seat.node as NodeOf[R]] : []));
  }

  id(name: string): NodeId {
    return this.#seat(name).setup.key.address;
  }

  async start(): Promise<void> {
    for (const roles of [['centre', 'proxy', 'company'], ['edge', 'oracle'], ['device']]) {
      const stage = [...this.seats.values()].filter((seat) => roles.includes(seat.setup.file.role));
      const environments = stage.map((seat) => this.world.addNode(seat.setup.key.address, this.#nodeOptions(seat)));
      this.#setDeviceLinks(stage);
      await this.world.run(Promise.all(stage.map((seat, at) => this.#boot(seat, environments[at]))));
    }
  }

  crash(name: string): void {
    const seat = this.#seat(name);
    this.world.crash(seat.setup.key.address);
    seat.node = undefined;
  }

  restart(name: string): void {
    const seat = this.#seat(name);
    const environment = this.world.restart(seat.setup.key.address);
    void this.#boot(seat, environment).catch((error: unknown) => this.failures.push({ name, error }));
  }

  replace(name: string, setup: NodeSetup): void {
    invariant(setup.key.address === this.id(name), 'a machine keeps its node', { name });
    this.crash(name);
    this.#seats.set(name, { name, setup, node: undefined });
    this.restart(name);
  }

  async join(name: string, setup: NodeSetup): Promise<void> {
    invariant(!this.#seats.has(name), 'seats have different names', { name });
    const seat: Seat = { name, setup, node: undefined };
    this.#seats.set(name, seat);
    const environment = this.world.addNode(setup.key.address, this.#nodeOptions(seat));
    this.#setDeviceLinks([seat]);
    await this.world.run(this.#boot(seat, environment));
  }

  async #boot(seat: Seat, environment: Environment | undefined): Promise<void> {
    invariant(environment !== undefined, 'every seat of a stage has an environment');
    const siblings = this.#options.part?.siblings(seat.name);
    const node = await createNode(this.#options.between?.(environment, seat) ?? environment, seat.setup, {
      version: SIMULATED_VERSION,
      ...this.#options.platform?.(seat),
      ...(this.#options.ownState !== true && { executor: this.#executor }),
      ...(siblings !== undefined && { siblings }),
      fatal: (error) => this.failures.push({ name: seat.name, error }),
    });
    seat.node = node;
    this.#options.onNode?.(node, seat);
    await node.start();
  }

  #nodeOptions(seat: Seat): Parameters<World['addNode']>[1] {
    const { cpu, network, oracle } = this.#scenario;
    const role = seat.setup.file.role;
    const link = role === 'device' ? network.devices : network;
    const coresOf: Partial<Record<typeof role, number>> = { device: cpu.deviceCores, edge: cpu.edgeCores, oracle: oracle.cores };
    const cores = coresOf[role] ?? cpu.sealerCores;
    return { cores, uplinkBitsPerSecond: link.bandwidthBitsPerSecond, downlinkBitsPerSecond: link.bandwidthBitsPerSecond };
  }

  /** A device's radio is the slow part of every link that it has. */
  #setDeviceLinks(stage: readonly Seat[]): void {
    const link = linkOf(this.#scenario.network.devices);
    for (const seat of stage) {
      if (seat.setup.file.role !== 'device') continue;
      for (const other of this.seats.values()) {
        if (other.setup.file.role === 'device') continue;
        this.world.setLink(seat.setup.key.address, other.setup.key.address, link);
        this.world.setLink(other.setup.key.address, seat.setup.key.address, link);
      }
    }
  }

  #seat(name: string): Seat {
    const seat = this.seats.get(name);
    invariant(seat !== undefined, 'faults name seats that exist', { name });
    return seat;
  }
}

function linkOf(settings: LinkSettings): Partial<LinkParameters> {
  const { latencyMicros, jitterMicros, lossShare } = settings;
  return {
    latency: {
      kind: 'uniform',
      minMicros: Math.max(0, latencyMicros - jitterMicros),
      maxMicros: latencyMicros + jitterMicros,
    },
    loss: lossShare,
  };
}

function layOut(
  scenario: Scenario,
  seed: number,
  part: LedgerPart | undefined,
): { readonly genesis: Genesis; readonly seats: ReadonlyMap<string, Seat> } {
  const { ledger, edge, devices, area, oracle } = scenario;
  const random = createSeededRandom(`treadle simulation ${seed}${part === undefined ? '' : ` ledger ${part.chainId}`}`);
  const edgePlaces = placeNodes({ placement: edge.placement, count: edge.count, area, random });
  const devicePlaces = placeNodes({ placement: devices.placement, count: devices.count, area, random });
  const plan = planConsortium({
    chainId: part?.chainId ?? CHAIN_ID,
    ...(part !== undefined && { keys: part.keys, crossLedger: part.crossLedger }),
    name: scenario.name,
    companies: Array.from({ length: ledger.companies }, (_, at) => `Company ${at + 1} (simulated)`),
    edgeNodes: edge.count,
    devices: devices.count,
    oracles: oracle.nodes,
    oracle: oracle.settings,
    positions: { edgeNodes: edgePlaces, devices: devicePlaces },
    random,
    nowMs: START_MICROS / 1000,
  });
  const genesis: Genesis = {
    ...plan.genesis,
    timing: {
      blockIntervalMs: ledger.blockIntervalMicros / 1000,
      heartbeatMs: ledger.heartbeatMicros / 1000,
      baseTimeoutMs: ledger.baseTimeoutMicros / 1000,
      ...(ledger.gatherMicros !== undefined && { gatherMs: ledger.gatherMicros / 1000 }),
    },
  };
  const texts = new Map(plan.files.map((file) => [file.path, file.text]));
  const read = (path: string): { readonly file: string; readonly text: string } => ({ file: path, text: texts.get(path) ?? '' });
  const seats = plan.members.map((member): [string, Seat] => {
    const file = readNodeFile(read(`${member.folder}/node.json`));
    const key = readKeyFile(read(`${member.folder}/key.json`));
    const certificate = texts.get(`${member.folder}/certificate.json`);
    const setup: NodeSetup = {
      file: adapt(file, scenario),
      key,
      genesis,
      ...(certificate !== undefined && { certificate: certificateFromJson(certificate, `${member.folder}/certificate.json`) }),
    };
    return [member.folder, { name: member.folder, setup, node: undefined }];
  });
  return { genesis, seats: new Map(seats) };
}

/** The node file as the scenario has it: what `treadle init` would write, with the scenario's figures. */
function adapt(file: NodeFile, scenario: Scenario): NodeFile {
  const { edge, devices, payments } = scenario;
  const contacts = file.contacts.map(({ node }) => ({ node, addresses: [`sim:${node}`] }));
  const challengeSeconds = Math.ceil(payments.challengeMicros / 1e6);
  switch (file.role) {
    case 'edge':
      return {
        ...file,
        contacts,
        edge: { ...file.edge, capacity: edge.capacity, priceWei: edge.priceWei.toString(), services: [...edge.services] },
      };
    case 'device':
      return {
        ...file,
        contacts,
        device: {
          ...file.device,
          service: devices.service,
          maxPriceWei: devices.maxPriceWei.toString(),
          intervalMs: devices.taskIntervalMicros / 1000,
          depositWei: payments.depositWei.toString(),
          challengeSeconds,
          windowSamples: devices.window.samples,
          sampleRateHz: devices.window.sampleRateHz,
        },
      };
    case 'oracle':
      return { ...file, contacts };
    case 'proxy':
      return { ...file, contacts, depositWei: payments.edgeDepositWei.toString(), challengeSeconds };
    default:
      return { ...file, contacts };
  }
}
