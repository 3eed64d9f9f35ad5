import { genesisDomain, WIRE_VERSIONS } from '../../consortium/index.ts';
import type { Environment, Metrics, NodeId } from '../../environment/index.ts';
import { createWorld, type LinkParameters, type LogLine, type World } from '../../environment/sim/index.ts';
import { invariant } from '../../errors.ts';
import { createMemoryStateStore, EvmExecutor, type Executor, type Genesis, SharedExecutor } from '../../ledger/index.ts';
import { createNode, type LedgerNode, type NodeSetup } from '../../node/index.ts';
import { DEFAULT_CPU_COSTS } from '../cpu-costs.ts';
import { type ChainPace, layOut, type NamedSetup, START_MICROS } from './layout.ts';

const SIMULATED_VERSION = 'sim';
const BYTES_PER_GB = 1e9;
/** What nodes spoke before the newest wire version came. */
export const OLDER_WIRE = { lowest: WIRE_VERSIONS.lowest, highest: WIRE_VERSIONS.highest - 1 };

/** One place in the consortium: the node that sits there now, if it is up. */
export interface FaultSeat {
  readonly name: string;
  readonly id: NodeId;
  readonly kind: 'sealer' | 'observer' | 'spare';
  /** What its node starts with the next time. */
  readonly setup: NodeSetup;
  /** Undefined while it is down. */
  readonly node: LedgerNode | undefined;
  /** False from the crash to the restart; true before a restarted node is ready. */
  readonly powered: boolean;
  /** Starts so far. */
  readonly lives: number;
  /** Metrics of every life, the present one last. */
  readonly metrics: readonly Metrics[];
}

export interface FaultClusterOptions {
  readonly nodes: number;
  readonly seed: string;
  readonly pace: ChainPace;
  readonly links: Partial<LinkParameters>;
  readonly bandwidthBitsPerSecond: number;
  readonly cores: number;
  /** Time of a flush to the disk. */
  readonly syncMicros?: number;
  /** Microseconds of one core per unit of each operation; the default costs where it names none. */
  readonly costs?: Readonly<Record<string, number>>;
  /** Every node executes blocks itself and keeps the state on its own disk. Default false. */
  readonly ownState?: boolean;
  /** Blocks behind from which a node fetches a snapshot; the node's default when absent. */
  readonly snapshotBehind?: number;
  /** Bytes that a node keeps in memory for others; the node's default when absent. */
  readonly memoryBytes?: number;
  /** Bytes that a node's disk may take; 0 keeps everything. */
  readonly storageBytes?: number;
  /** Everybody starts with the wire version before the newest. */
  readonly olderWire?: boolean;
  readonly onLog: (line: LogLine) => void;
  /** The environments on which a seat's node runs: one, or one per copy of it. */
  readonly between: (environment: Environment, seat: FaultSeat) => readonly Environment[];
  /** A node was made and is about to start. */
  readonly onNode: (node: LedgerNode, seat: FaultSeat) => void;
  readonly onFailure: (seat: FaultSeat, error: unknown) => void;
}

interface OpenSeat extends FaultSeat {
  setup: NodeSetup;
  node: LedgerNode | undefined;
  powered: boolean;
  lives: number;
  readonly metrics: Metrics[];
}

/**
 * The consortium of a fault run: sealers and one observer, real nodes in a simulated world, without devices and edge
 * nodes. A run has to cost less than a second, so what does not depend on the seed is made once per process.
 */
export class FaultCluster {
  readonly world: World;
  readonly genesis: Genesis;
  readonly seats: readonly FaultSeat[];
  readonly #open: readonly OpenSeat[];
  readonly #byName: ReadonlyMap<string, OpenSeat>;
  readonly #options: FaultClusterOptions;
  readonly #executor: Executor;

  constructor(options: FaultClusterOptions) {
    this.#options = options;
    const layout = layOut(options.nodes, options.pace);
    this.genesis = layout.genesis;
    this.#open = [
      ...layout.sealers.map((named) => seatOf(named, 'sealer')),
      seatOf(layout.observer, 'observer'),
      ...layout.spares.map((named) => seatOf(named, 'spare')),
    ];
    if (options.olderWire === true) {
      for (const seat of this.#open) seat.setup = { ...seat.setup, wireVersions: OLDER_WIRE };
    }
    this.seats = this.#open;
    this.#byName = new Map(this.#open.map((seat) => [seat.name, seat]));
    this.world = createWorld({
      seed: options.seed,
      startMicros: START_MICROS,
      links: options.links,
      cpu: { costs: { ...DEFAULT_CPU_COSTS, ...options.costs } },
      ...(options.syncMicros !== undefined && { disk: { syncMicros: options.syncMicros } }),
      onLog: options.onLog,
    });
    const { chainId, governance } = layout.genesis;
    const domain = genesisDomain(layout.genesis);
    this.#executor = new SharedExecutor(new EvmExecutor({ chainId, governance, domain, store: createMemoryStateStore() }));
  }

  /** Of every node's line, without faults. */
  get bandwidthBitsPerSecond(): number {
    return this.#options.bandwidthBitsPerSecond;
  }

  seat(name: string): FaultSeat {
    return this.#seat(name);
  }

  seatOf(id: NodeId): FaultSeat | undefined {
    return this.#open.find((seat) => seat.id === id);
  }

  /** Changes what the node of a seat starts with the next time. */
  reconfigure(name: string, change: (setup: NodeSetup) => NodeSetup): void {
    const seat = this.#seat(name);
    seat.setup = change(seat.setup);
  }

  /** Starts the sealers and the observer. */
  async start(): Promise<void> {
    const seats = this.#open.filter(({ kind }) => kind !== 'spare');
    const environments = seats.map((seat) => this.#add(seat));
    await this.world.run(Promise.all(seats.map((seat, at) => this.#boot(seat, environments[at] as Environment))));
  }

  /** Brings a spare company's node up for the first time. */
  introduce(name: string): void {
    const seat = this.#seat(name);
    this.#bootLater(seat, this.#add(seat));
  }

  crash(name: string, options: { readonly tornTail: boolean }): void {
    const seat = this.#seat(name);
    this.world.crash(seat.id, options);
    seat.powered = false;
    seat.node = undefined;
  }

  restart(name: string): void {
    const seat = this.#seat(name);
    this.#bootLater(seat, this.world.restart(seat.id));
  }

  #add(seat: OpenSeat): Environment {
    const { bandwidthBitsPerSecond, cores } = this.#options;
    return this.world.addNode(seat.id, {
      cores,
      uplinkBitsPerSecond: bandwidthBitsPerSecond,
      downlinkBitsPerSecond: bandwidthBitsPerSecond,
    });
  }

  #bootLater(seat: OpenSeat, environment: Environment): void {
    void this.#boot(seat, environment).catch((error: unknown) => this.#options.onFailure(seat, error));
  }

  async #boot(seat: OpenSeat, environment: Environment): Promise<void> {
    seat.lives += 1;
    seat.powered = true;
    seat.metrics.push(environment.metrics);
    const life = seat.lives;
    const nodes: LedgerNode[] = [];
    for (const each of this.#options.between(environment, seat)) {
      const node = await createNode(each, this.#setupOf(seat), {
        version: SIMULATED_VERSION,
        ...(this.#options.ownState !== true && { executor: this.#executor }),
        ...(this.#options.memoryBytes !== undefined && { memoryBytes: this.#options.memoryBytes }),
        fatal: (error) => this.#options.onFailure(seat, error),
      });
      invariant('full' in node, 'every seat of a fault run keeps a ledger', { seat: seat.name });
      nodes.push(node as LedgerNode);
    }
    if (seat.lives !== life || !seat.powered) return;
    const [first] = nodes;
    invariant(first !== undefined, 'a seat has a node', { seat: seat.name });
    for (const node of nodes) this.#options.onNode(node, seat);
    await Promise.all(nodes.map((node) => node.start()));
    seat.node = first;
  }

  #setupOf({ setup }: OpenSeat): NodeSetup {
    const { snapshotBehind, storageBytes } = this.#options;
    const storage = {
      ...setup.file.storage,
      ...(snapshotBehind !== undefined && { snapshotBehindBlocks: snapshotBehind }),
      // A node that its operator gave a limit of its own keeps that.
      ...(storageBytes !== undefined && setup.file.storage.limitGb === 0 && { limitGb: storageBytes / BYTES_PER_GB }),
    };
    return { ...setup, file: { ...setup.file, storage } };
  }

  #seat(name: string): OpenSeat {
    const seat = this.#byName.get(name);
    invariant(seat !== undefined, 'faults name seats that exist', { name });
    return seat;
  }
}

function seatOf({ name, setup }: NamedSetup, kind: FaultSeat['kind']): OpenSeat {
  return { name, id: setup.key.address, kind, setup, node: undefined, powered: false, lives: 0, metrics: [] };
}
