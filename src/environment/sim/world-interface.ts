import type { Environment, Micros, NodeId } from '../environment.ts';
import type { TelemetryStore } from '../telemetry.ts';
import type { ClockFault } from './hardware-clock.ts';
import type { LinkParameters } from './link.ts';
import type { LogLine } from './sim-log.ts';
import type { WorldSources } from './sim-sources.ts';
import type { OpenWait } from './tracked-waits.ts';

export interface WorldOptions {
  /** Everything random in the world follows from the seed and the run. */
  readonly seed: number | string;
  /** Replication number. Default 0. */
  readonly run?: number;
  /** Virtual date at the start, microseconds since the Unix epoch. Default 2026-01-01. */
  readonly startMicros?: Micros;
  /** What every link is unless told otherwise. Default: 1 ms, no loss. */
  readonly links?: Partial<LinkParameters>;
  readonly cpu?: {
    /** Microseconds of one core per unit of each operation; what is not listed is free, and counted. */
    readonly costs?: Readonly<Record<string, Micros>>;
    /** Cores per node. Default 4. */
    readonly cores?: number;
  };
  readonly disk?: {
    /** Time of a flush. Default 1 ms. */
    readonly syncMicros?: Micros;
  };
  /** Sees every log line as it is written; the last ones are in `world.log()` anyway. */
  readonly onLog?: (line: LogLine) => void;
}

/** The line that connects a node with all others. */
export interface AccessLine {
  readonly uplinkBitsPerSecond?: number;
  readonly downlinkBitsPerSecond?: number;
}

/** Both directions of the access line default to 1 Gbit/s. */
export interface NodeOptions extends AccessLine {
  readonly cores?: number;
  readonly syncMicros?: Micros;
  /** Where the node's readings are kept; outlives its crashes. Default: nowhere. */
  readonly telemetry?: TelemetryStore;
}

export interface CrashOptions {
  /** Let a part of the unsynced tail of every log reach the disk, the last record of it torn. Default false: all of it is lost. */
  readonly tornTail?: boolean;
}

/** A copy of a node's disk. */
export interface DiskImage {
  readonly sizeBytes: number;
}

/** Figures of a world so far. */
export interface WorldStats {
  readonly events: number;
  readonly messages: number;
  readonly messageBytes: number;
  /** Reads of sources outside, and bytes that came from them; they are in no other figure. */
  readonly outsideReads: number;
  readonly outsideBytes: number;
  readonly virtualSeconds: number;
  /** Real seconds spent in runs. */
  readonly wallSeconds: number;
  readonly eventsPerSecond: number;
}

/** A simulated world: virtual time and any number of nodes in one process, the same for the same seed. */
export interface World {
  /** Virtual time, microseconds since the Unix epoch: what every node's clock shows. */
  readonly now: Micros;
  /** The sources that its nodes read. */
  readonly outside: WorldSources;
  /** Adds a node and returns its environment. @throws TreadleError SIM_NODE when it exists */
  addNode(node: NodeId, options?: NodeOptions): Environment;
  /**
   * Delivers everything of the next `micros`.
   * @throws TreadleError SIM_STALLED when nothing is left to happen while tracked waits are open
   */
  runFor(micros: Micros): Promise<void>;
  /**
   * Runs until `predicate` holds; it is asked after every event.
   * @param withinMicros - virtual time that this may take, from now
   * @throws TreadleError SIM_STALLED | SIM_DEADLINE
   */
  runUntil(predicate: () => boolean, withinMicros: Micros): Promise<void>;
  /**
   * Runs until `promise` settles, and returns or throws its outcome.
   * @param withinMicros - virtual time that this may take; default: one hour
   * @throws TreadleError SIM_STALLED | SIM_DEADLINE
   */
  run<T>(promise: Promise<T>, withinMicros?: Micros): Promise<T>;
  /** Plans a step of the script that drives the world, e.g. a fault. */
  at(delayMicros: Micros, action: () => void): void;
  /** Power cut: the node's environment is dead from now on. @throws TreadleError SIM_NODE */
  crash(node: NodeId, options?: CrashOptions): void;
  /** A new life on the same disk. @throws TreadleError SIM_NODE when the node has not crashed */
  restart(node: NodeId): Environment;
  /** Empties the disk of a crashed node. @throws TreadleError SIM_NODE */
  destroyDisk(node: NodeId): void;
  /** Spoils record `record` of a log of a crashed node. @throws TreadleError SIM_NODE */
  damageLog(node: NodeId, log: string, record: number): void;
  /** Bit rot: spoils stored values of a table, drawn from the seed, of a node that is up or down. Returns how many. @throws TreadleError SIM_NODE */
  damageTable(node: NodeId, table: string, entries: number): number;
  /** The same for blobs. */
  damageBlobs(node: NodeId, count: number): number;
  /** How many values of a table are spoilt at present; 0 when there is no such table. */
  damagedValues(node: NodeId, table: string): number;
  /** While a disk is full, every write to it rejects with DISK_FULL; only deletions go through. */
  fillDisk(node: NodeId, full: boolean): void;
  /** What a backup of the disk, taken now, would hold: all that would survive a power cut. */
  copyDisk(node: NodeId): DiskImage;
  /** Puts a copy in the place of the disk of a crashed node. @throws TreadleError SIM_NODE */
  restoreDisk(node: NodeId, image: DiskImage): void;
  /** Cuts the links between nodes of different groups, both ways; a node in no group keeps its links. */
  partition(groups: readonly (readonly NodeId[])[]): void;
  /** Cuts one direction. */
  block(from: NodeId, to: NodeId): void;
  unblock(from: NodeId, to: NodeId): void;
  /** Holds what is sent in one direction for `micros`, then delivers it. Like a block it breaks the connection if it lasts. */
  clog(from: NodeId, to: NodeId, micros: Micros): void;
  /** Ends all partitions, blocks and clogs. */
  heal(): void;
  /**
   * Stops a running node as SIGSTOP does: none of its code runs for `micros`. What reaches it meanwhile and the timers
   * that fall due wait, and come in their order when it goes on. Its peers give it up after a while of silence.
   * @throws TreadleError SIM_NODE when it has crashed
   */
  pause(node: NodeId, micros: Micros): void;
  /**
   * Makes the clock of a node's machine wrong from now on; it stays so through crashes. What the node sees never goes
   * backwards: a clock set back stands still for it until it has caught up. Timers wait longer or shorter by the drift only.
   */
  setClock(node: NodeId, fault: ClockFault): void;
  /** Makes a node's processor faster or slower than its costs say: 0.1 is ten times slower. Counts for work not yet begun. */
  setCpuSpeed(node: NodeId, factor: number): void;
  /** Changes the access line of a node from now on; what is left out stays. */
  setAccess(node: NodeId, line: AccessLine): void;
  /** Changes one direction between two nodes from now on. */
  setLink(from: NodeId, to: NodeId, parameters: Partial<LinkParameters>): void;
  /** Makes garbage arrive at `to` on its connection with `from`. */
  injectMalformedFrame(from: NodeId, to: NodeId): void;
  /** Fingerprint of everything delivered so far: the same for the same seed and program. */
  traceHash(): string;
  stats(): WorldStats;
  /** The last log lines of all nodes, oldest first. */
  log(): readonly LogLine[];
  /** The tracked waits that are open. */
  waits(): readonly OpenWait[];
  /** The last delivered events, for failure reports: `time sequence node kind`. */
  recentEvents(): readonly string[];
}
