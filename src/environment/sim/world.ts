import { invariant, TreadleError } from '../../errors.ts';
import type { Environment, Micros, NodeId } from '../environment.ts';
import { createMetrics } from '../metric-store.ts';
import '../errors.ts';
import { Fabric } from './fabric.ts';
import { type ClockFault, HardwareClock } from './hardware-clock.ts';
import { Incarnation } from './incarnation.ts';
import { Kernel, type RunEnd } from './kernel.ts';
import { checkLink, DEFAULT_LINK, type LinkParameters } from './link.ts';
import { Pipe, rateOf } from './pipe.ts';
import { simClock } from './sim-clock.ts';
import { simCpu } from './sim-cpu.ts';
import { StoredDisk, simDisk } from './sim-disk.ts';
import { AWAKE, EventKind, type Owner } from './sim-event.ts';
import { type LogLine, simLogger, WorldLog } from './sim-log.ts';
import { SimNetwork } from './sim-network.ts';
import { simOutside } from './sim-outside.ts';
import { namedStream, simRandom } from './sim-random.ts';
import { SimSources } from './sim-sources.ts';
import { type OpenWait, TrackedWaits } from './tracked-waits.ts';
import { Uplink } from './uplink.ts';
import type { AccessLine, CrashOptions, DiskImage, NodeOptions, World, WorldOptions, WorldStats } from './world-interface.ts';

/** 2026-01-01T00:00:00Z: a world has a date, and always the same one. */
const DEFAULT_START_MICROS = 1_767_225_600_000_000;
const DEFAULT_ACCESS = { uplinkBitsPerSecond: 1_000_000_000, downlinkBitsPerSecond: 1_000_000_000 };
/** A flush on a solid-state disk. */
const DEFAULT_SYNC_MICROS = 1_000;
const DEFAULT_CORES = 4;

/** What a node runs on, beside its disk; it outlives crashes. */
interface Machine {
  readonly uplink: Uplink;
  readonly downlink: Pipe;
  readonly clock: HardwareClock;
  cpuSpeed: number;
}

interface SimNode {
  readonly id: NodeId;
  readonly index: number;
  readonly options: NodeOptions;
  readonly machine: Machine;
  disk: StoredDisk;
  life: Incarnation;
  network: SimNetwork;
}

const HOUR_MICROS = 3_600_000_000;

class StoredImage implements DiskImage {
  readonly disk: StoredDisk;

  constructor(disk: StoredDisk) {
    this.disk = disk;
  }

  get sizeBytes(): number {
    return this.disk.sizeBytes;
  }
}

/** Creates an empty world. */
export function createWorld(options: WorldOptions): World {
  return new SimWorld(options);
}

class SimWorld implements World {
  private readonly options: WorldOptions;
  private readonly seed: readonly (string | number)[];
  private readonly kernel: Kernel;
  private readonly owner: Owner = { index: -1, awakeAt: AWAKE };
  private readonly fabric: Fabric;
  private readonly nodes = new Map<NodeId, SimNode>();
  private readonly tracked = new TrackedWaits();
  private readonly worldLog: WorldLog;
  readonly outside: SimSources;

  constructor(options: WorldOptions) {
    this.options = options;
    this.seed = [options.seed, options.run ?? 0];
    this.kernel = new Kernel(options.startMicros ?? DEFAULT_START_MICROS);
    this.worldLog = new WorldLog(options.onLog);
    this.outside = new SimSources(this.seed);
    this.fabric = new Fabric({
      kernel: this.kernel,
      world: this.owner,
      seed: this.seed,
      link: checkLink({ ...DEFAULT_LINK, ...options.links }),
      pipes: (node) => this.node(node).machine,
    });
  }

  get now(): Micros {
    return this.kernel.epochMicros + this.kernel.now;
  }

  addNode(id: NodeId, options: NodeOptions = {}): Environment {
    if (this.nodes.has(id)) throw new TreadleError('SIM_NODE', { detail: `${id} is in this world already` });
    const index = this.nodes.size;
    const life = new Incarnation(this.kernel, { node: id, index, life: 0 });
    const { uplinkBitsPerSecond, downlinkBitsPerSecond } = { ...DEFAULT_ACCESS, ...options };
    const machine: Machine = {
      uplink: new Uplink(this.kernel, this.owner, uplinkBitsPerSecond),
      downlink: new Pipe(downlinkBitsPerSecond),
      clock: new HardwareClock(),
      cpuSpeed: 1,
    };
    const parts = this.environmentOf(life, { disk: new StoredDisk(), options, machine });
    this.nodes.set(id, { id, index, options, machine, life, ...parts });
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
    const node = this.running(id);
    node.life.end();
    this.tracked.drop(node.life);
    const torn = options.tornTail ? namedStream(...this.seed, id, node.life.life, 'torn tail') : undefined;
    node.disk.crash(this.kernel.now, torn);
    this.fabric.crashed(node.network);
  }

  restart(id: NodeId): Environment {
    const node = this.crashed(id);
    node.life = new Incarnation(this.kernel, { node: id, index: node.index, life: node.life.life + 1 });
    const parts = this.environmentOf(node.life, node);
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

  damageTable(id: NodeId, table: string, entries: number): number {
    const node = this.node(id);
    const stored = node.disk.tables.get(table);
    if (stored === undefined) throw new TreadleError('SIM_NODE', { detail: `${id} has no table ${table}` });
    return stored.rot(entries, namedStream(...this.seed, id, this.kernel.now, 'bit rot', table));
  }

  damagedValues(id: NodeId, table: string): number {
    return this.node(id).disk.tables.get(table)?.damaged.size ?? 0;
  }

  damageBlobs(id: NodeId, count: number): number {
    return this.node(id).disk.rotBlobs(count, namedStream(...this.seed, id, this.kernel.now, 'bit rot of blobs'));
  }

  fillDisk(id: NodeId, full: boolean): void {
    this.node(id).disk.full = full;
  }

  copyDisk(id: NodeId): DiskImage {
    return new StoredImage(this.node(id).disk.copy(this.kernel.now));
  }

  restoreDisk(id: NodeId, image: DiskImage): void {
    invariant(image instanceof StoredImage, 'an image was made by copyDisk');
    // A copy of the copy: one image may be restored many times.
    this.crashed(id).disk = image.disk.copy(this.kernel.now);
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

  clog(from: NodeId, to: NodeId, micros: Micros): void {
    this.fabric.clog(from, to, micros);
  }

  heal(): void {
    this.fabric.heal();
  }

  pause(id: NodeId, micros: Micros): void {
    const node = this.running(id);
    node.life.pause(micros);
    this.fabric.paused(node.network, micros);
  }

  setClock(id: NodeId, fault: ClockFault): void {
    this.node(id).machine.clock.fault(this.kernel.now, fault);
  }

  setCpuSpeed(id: NodeId, factor: number): void {
    invariant(factor > 0 && factor < Number.POSITIVE_INFINITY, 'a processor does something', { factor });
    this.node(id).machine.cpuSpeed = factor;
  }

  setAccess(id: NodeId, { uplinkBitsPerSecond, downlinkBitsPerSecond }: AccessLine): void {
    const { uplink, downlink } = this.node(id).machine;
    for (const rate of [uplinkBitsPerSecond, downlinkBitsPerSecond])
      invariant(rate === undefined || rate > 0, 'an access line carries something', { rate });
    if (uplinkBitsPerSecond !== undefined) uplink.pipe.rate = rateOf(uplinkBitsPerSecond);
    if (downlinkBitsPerSecond !== undefined) downlink.rate = rateOf(downlinkBitsPerSecond);
  }

  setLink(from: NodeId, to: NodeId, parameters: Partial<LinkParameters>): void {
    const link = this.fabric.link(from, to);
    link.parameters = { ...link.parameters, ...parameters };
  }

  injectMalformedFrame(from: NodeId, to: NodeId): void {
    const { life, network } = this.node(to);
    life.enter(EventKind.link, () => network.penalise(from, 'a frame could not be read'));
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
      outsideReads: this.outside.reads,
      outsideBytes: this.outside.bytes,
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

  private environmentOf(life: Incarnation, { disk, options, machine }: Pick<SimNode, 'disk' | 'options' | 'machine'>) {
    const clock = simClock(life, machine.clock);
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
      cpu: simCpu(life, { costs: this.options.cpu?.costs ?? {}, cores, speed: () => machine.cpuSpeed }, metrics),
      log,
      metrics,
      outside: simOutside({ life, kernel: this.kernel, sources: this.outside, ...machine, clock, log, metrics }),
      ...(options.telemetry && { telemetry: options.telemetry }),
      track: (what, promise) => this.tracked.track(life, what, promise),
    };
    return { environment, network, disk };
  }

  private node(id: NodeId): SimNode {
    const node = this.nodes.get(id);
    if (node === undefined) throw new TreadleError('SIM_NODE', { detail: `${id} is not in this world` });
    return node;
  }

  private running(id: NodeId): SimNode {
    const node = this.node(id);
    if (!node.life.alive) throw new TreadleError('SIM_NODE', { detail: `${id} has crashed already` });
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
