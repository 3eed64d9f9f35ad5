import { TreadleError } from '../../errors.ts';
import type { Environment, Micros, NodeId } from '../environment.ts';
import { createMetrics } from '../metric-store.ts';
import '../errors.ts';
import { Fabric } from './fabric.ts';
import { Incarnation } from './incarnation.ts';
import { EventKind, Kernel, type Owner, type RunEnd } from './kernel.ts';
import { checkLink, DEFAULT_LINK, type LinkParameters } from './link.ts';
import { Pipe } from './pipe.ts';
import { simClock } from './sim-clock.ts';
import { simCpu } from './sim-cpu.ts';
import { StoredDisk, simDisk } from './sim-disk.ts';
import { type LogLine, simLogger, WorldLog } from './sim-log.ts';
import { SimNetwork } from './sim-network.ts';
import { namedStream, simRandom } from './sim-random.ts';
import { type OpenWait, TrackedWaits } from './tracked-waits.ts';
import type { CrashOptions, NodeOptions, World, WorldOptions, WorldStats } from './world-interface.ts';

/** 2026-01-01T00:00:00Z: a world has a date, and always the same one. */
const DEFAULT_START_MICROS = 1_767_225_600_000_000;
const DEFAULT_ACCESS_BITS_PER_SECOND = 1_000_000_000;
/** A flush on a solid-state disk. */
const DEFAULT_SYNC_MICROS = 1_000;
const DEFAULT_CORES = 4;

interface SimNode {
  readonly id: NodeId;
  readonly index: number;
  readonly options: NodeOptions;
  readonly uplink: Pipe;
  readonly downlink: Pipe;
  disk: StoredDisk;
  life: Incarnation;
  network: SimNetwork;
}

const HOUR_MICROS = 3_600_000_000;

/** Creates an empty world. */
export function createWorld(options: WorldOptions): World {
  return new SimWorld(options);
}

class SimWorld implements World {
  private readonly options: WorldOptions;
  private readonly seed: readonly (string | number)[];
  private readonly kernel: Kernel;
  private readonly owner: Owner = { index: -1, alive: true };
  private readonly fabric: Fabric;
  private readonly nodes = new Map<NodeId, SimNode>();
  private readonly tracked = new TrackedWaits();
  private readonly worldLog: WorldLog;

  constructor(options: WorldOptions) {
    this.options = options;
    this.seed = [options.seed, options.run ?? 0];
    this.kernel = new Kernel(options.startMicros ?? DEFAULT_START_MICROS);
    this.worldLog = new WorldLog(options.onLog);
    this.fabric = new Fabric({
      kernel: this.kernel,
      world: this.owner,
      seed: this.seed,
      link: checkLink({ ...DEFAULT_LINK, ...options.links }),
      pipes: (node) => this.node(node),
    });
  }

  get now(): Micros {
    return this.kernel.epochMicros + this.kernel.now;
  }

  addNode(id: NodeId, options: NodeOptions = {}): Environment {
    if (this.nodes.has(id)) throw new TreadleError('SIM_NODE', { detail: `${id} is in this world already` });
    const index = this.nodes.size;
    const life = new Incarnation(this.kernel, { node: id, index, life: 0 });
    const parts = this.environmentOf(life, new StoredDisk(), options);
    this.nodes.set(id, {
      id,
      index,
      options,
      uplink: new Pipe(options.uplinkBitsPerSecond ?? DEFAULT_ACCESS_BITS_PER_SECOND),
      downlink: new Pipe(options.downlinkBitsPerSecond ?? DEFAULT_ACCESS_BITS_PER_SECOND),
      life,
      ...parts,
    });
    return parts.environment;
  }

  async runFor(micros: Micros): Promise<void> {
    const deadline = this.kernel.now + micros;
    const end = await this.kernel.run(() => false, deadline);
    if (end === 'empty' && this.tracked.open().length > 0) throw this.stalled('the end of the run');
    if (end === 'empty') this.kernel.now = deadline;
  }

  async runUntil(predicate: () => boolean, withinMicros: Micros): Promise<void> {
    this.expectReached(await this.kernel.run(predicate, this.kernel.now + withinMicros), withinMicros);
  }

  async run<T>(promise: Promise<T>, withinMicros: Micros = HOUR_MICROS): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    await this.runUntil(() => settled, withinMicros);
    return promise;
  }

  at(delayMicros: Micros, action: () => void): void {
    this.kernel.schedule(this.kernel.now + delayMicros, this.owner, EventKind.script, action);
  }

  crash(id: NodeId, options: CrashOptions = {}): void {
    const node = this.node(id);
    if (!node.life.alive) throw new TreadleError('SIM_NODE', { detail: `${id} has crashed already` });
    node.life.alive = false;
    this.tracked.drop(node.life);
    const torn = options.tornTail ? namedStream(...this.seed, id, node.life.life, 'torn tail') : undefined;
    node.disk.crash(this.kernel.now, torn);
    this.fabric.crashed(node.network);
  }

  restart(id: NodeId): Environment {
    const node = this.crashed(id);
    node.life = new Incarnation(this.kernel, { node: id, index: node.index, life: node.life.life + 1 });
    const parts = this.environmentOf(node.life, node.disk, node.options);
    node.network = parts.network;
    return parts.environment;
  }

  destroyDisk(id: NodeId): void {
    this.crashed(id).disk = new StoredDisk();
  }

  damageLog(id: NodeId, log: string, record: number): void {
    const stored = this.crashed(id).disk.logs.get(log);
    if (stored === undefined) throw new TreadleError('SIM_NODE', { detail: `${id} has no log ${log}` });
    stored.damage(record);
  }

  partition(groups: readonly (readonly NodeId[])[]): void {
    for (const group of groups) {
      for (const other of groups) {
        if (group === other) continue;
        for (const from of group) for (const to of other) this.fabric.block(from, to, true);
      }
    }
  }

  block(from: NodeId, to: NodeId): void {
    this.fabric.block(from, to, true);
  }

  unblock(from: NodeId, to: NodeId): void {
    this.fabric.block(from, to, false);
  }

  heal(): void {
    this.fabric.heal();
  }

  setLink(from: NodeId, to: NodeId, parameters: Partial<LinkParameters>): void {
    const link = this.fabric.link(from, to);
    link.parameters = { ...link.parameters, ...parameters };
  }

  injectMalformedFrame(from: NodeId, to: NodeId): void {
    this.node(to).network.penalise(from, 'a frame could not be read');
  }

  traceHash(): string {
    return this.kernel.traceHash();
  }

  stats(): WorldStats {
    const wallSeconds = this.kernel.busyMs / 1000;
    return {
      events: this.kernel.delivered,
      messages: this.fabric.messages,
      messageBytes: this.fabric.bytes,
      virtualSeconds: this.kernel.now / 1_000_000,
      wallSeconds,
      eventsPerSecond: wallSeconds > 0 ? this.kernel.delivered / wallSeconds : 0,
    };
  }

  log(): readonly LogLine[] {
    return this.worldLog.lines();
  }

  waits(): readonly OpenWait[] {
    return this.tracked.open();
  }

  recentEvents(): readonly string[] {
    return this.kernel.recent();
  }

  private environmentOf(life: Incarnation, disk: StoredDisk, options: NodeOptions) {
    const clock = simClock(life);
    const log = simLogger(this.worldLog, life.node, () => life.wallClock);
    const metrics = createMetrics();
    const network = new SimNetwork({ life, fabric: this.fabric, clock, log, metrics });
    const cores = options.cores ?? this.options.cpu?.cores ?? DEFAULT_CORES;
    const syncMicros = options.syncMicros ?? this.options.disk?.syncMicros ?? DEFAULT_SYNC_MICROS;
    const environment: Environment = {
      node: life.node,
      clock,
      network,
      disk: simDisk({ life, stored: disk, syncMicros, log, metrics }),
      random: simRandom(...this.seed, life.node, life.life),
      cpu: simCpu(life, { costs: this.options.cpu?.costs ?? {}, cores }, metrics),
      log,
      metrics,
      track: (what, promise) => this.tracked.track(life, what, promise),
    };
    return { environment, network, disk };
  }

  private node(id: NodeId): SimNode {
    const node = this.nodes.get(id);
    if (node === undefined) throw new TreadleError('SIM_NODE', { detail: `${id} is not in this world` });
    return node;
  }

  private crashed(id: NodeId): SimNode {
    const node = this.node(id);
    if (node.life.alive) throw new TreadleError('SIM_NODE', { detail: `${id} is running` });
    return node;
  }

  private expectReached(end: RunEnd, withinMicros: Micros): void {
    if (end === 'empty') throw this.stalled('the expected state');
    if (end === 'deadline') {
      throw new TreadleError('SIM_DEADLINE', {
        detail: `the expected state was not reached within ${withinMicros / 1000} ms of virtual time: ${this.tracked.report()}`,
        data: { waits: this.tracked.open() },
      });
    }
  }

  private stalled(goal: string): TreadleError {
    return new TreadleError('SIM_STALLED', {
      detail: `nothing can happen any more before ${goal}: ${this.tracked.report()}`,
      data: { waits: this.tracked.open(), atMicros: this.kernel.now },
    });
  }
}
