/**
 * The environment: a node's only door to time, network, disk, randomness and processors.
 *
 * A simulated environment (`./sim`) gives virtual time and a whole world in one process; a host
 * environment (`./host`) gives the operating system. Everything above this level is written against
 * these interfaces and runs unchanged in both; the contract suite in `./contract` holds both to them.
 */

import type { Outside } from './outside.ts';
import type { TelemetryStore } from './telemetry.ts';

/** Microseconds, an integer. `Clock.now()` counts from the Unix epoch. */
export type Micros = number;

/** A node's name everywhere: its Ethereum address, `0x` and 40 lower-case hex digits. */
export type NodeId = `0x${string}`;

/** A running timer. */
export interface Timer {
  readonly label: string;
}

export interface Clock {
  /** Microseconds since the Unix epoch; never goes backwards. */
  now(): Micros;
  /** Calls `handler` once, `delayMicros` (>= 0) from now. `label` names the wait in stall reports. */
  set(delayMicros: Micros, handler: () => void, label: string): Timer;
  /** Stops a timer; a timer that has fired or was cancelled is ignored. */
  cancel(timer: Timer): void;
}

/** Where a node can be reached: multiaddrs on the host, `sim:` names in the simulator. */
export interface Contact {
  readonly node: NodeId;
  readonly addresses: readonly string[];
}

export type Admission = { readonly admitted: true } | { readonly admitted: false; readonly reason: string };

/** What a node says of itself on every new connection, and whom it lets in. */
export interface Handshake {
  /** The bytes this node presents to `peer` (membership proof, chain, contact); at most HELLO_BYTES_MAX. */
  hello(): Uint8Array;
  /** Judges what the peer presented. The channel has already proved that the peer holds the key of `peer`. */
  admit(peer: NodeId, hello: Uint8Array): Admission | Promise<Admission>;
}

export type PeerEvent =
  | { readonly type: 'connected'; readonly peer: NodeId; readonly hello: Uint8Array }
  | { readonly type: 'disconnected'; readonly peer: NodeId; readonly reason: string }
  /** A connection that was not admitted, by us or by the other side. */
  | { readonly type: 'refused'; readonly peer: NodeId; readonly reason: string };

export type FrameHandler = (from: NodeId, frame: Uint8Array) => void;
export type RequestHandler = (from: NodeId, body: Uint8Array) => Promise<Uint8Array>;

export interface RequestOptions {
  readonly timeoutMicros?: Micros;
}

/** `control` (votes) goes before `bulk` (bodies) on every link. */
export type Priority = 'control' | 'bulk';

export interface Network {
  readonly self: NodeId;
  /** The addresses others can dial. */
  addresses(): readonly string[];
  /** Connected and admitted peers, in order of connection. */
  peers(): readonly NodeId[];
  /**
   * Starts listening and answering. Handlers are registered before it.
   * @throws TreadleError NETWORK_ADDRESS_TAKEN
   */
  start(handshake: Handshake): Promise<void>;
  stop(): Promise<void>;
  /**
   * Connects, proves identities both ways, exchanges hellos; resolves when both sides have admitted
   * each other. Resolves at once when the peer is connected already.
   * @throws TreadleError NETWORK_UNREACHABLE | NETWORK_WRONG_PEER | NETWORK_REFUSED (data.reason)
   */
  connect(contact: Contact): Promise<void>;
  disconnect(peer: NodeId, reason: string): void;
  /**
   * Sends a frame, best effort: in order per peer, protocol and priority, at most once; dropped and counted when the
   * peer is absent or its queue is full. A frame above FRAME_BYTES_MAX throws NETWORK_FRAME_TOO_LARGE.
   */
  send(to: NodeId, protocol: string, frame: Uint8Array, priority?: Priority): void;
  /**
   * Asks a connected peer and waits for its answer.
   * @throws TreadleError NETWORK_UNREACHABLE | NETWORK_TIMEOUT | NETWORK_FRAME_TOO_LARGE | NETWORK_NO_HANDLER,
   * or the TreadleError (same code, detail and data) that the peer's handler threw.
   */
  request(to: NodeId, protocol: string, body: Uint8Array, options?: RequestOptions): Promise<Uint8Array>;
  /** One handler per protocol; the second registration throws. */
  onFrame(protocol: string, handler: FrameHandler): void;
  /** One handler per protocol. A handler that throws a TreadleError answers with it; any other error answers PEER_INTERNAL. */
  onRequest(protocol: string, handler: RequestHandler): void;
  /** Any number of listeners. */
  onPeer(listener: (event: PeerEvent) => void): void;
  /** Tells the network that a peer broke a protocol: it is dropped with a logged reason. */
  penalise(peer: NodeId, reason: string): void;
}

/** What was found when a log was opened. */
export interface LogFindings {
  /** Places before the tail at which one or more records could not be read; 0 unless the log was opened with `salvage`. */
  readonly damaged: number;
  /** Bytes (records in the simulator) of a torn tail that were cut off; nobody can tell them from a last record that rotted. */
  readonly cut: number;
}

/**
 * An append-only log of records. A record is whole or absent: the torn tail of a crash is cut off when the log is opened.
 * A full disk (DISK_FULL) loses nothing: what could not be written stays queued, and the next `sync` tries again.
 */
export interface AppendLog {
  readonly findings: LogFindings;
  /** Queues a record (1..LOG_RECORD_BYTES_MAX bytes); durable only after `sync`. */
  append(record: Uint8Array): void;
  /** Resolves when everything appended so far would survive a power cut. Calls that overlap share one flush. @throws TreadleError DISK_FULL | DISK_WRITE_FAILED */
  sync(): Promise<void>;
  /** Every whole record, oldest first, as it stood when the log was opened plus what was appended since. */
  records(): Promise<Uint8Array[]>;
  /** Replaces the whole log by these records, atomically and durably; afterwards nothing of it is damaged. @throws TreadleError DISK_FULL: the old records stay */
  rewrite(records: readonly Uint8Array[]): Promise<void>;
  close(): Promise<void>;
}

export interface LogOptions {
  /** Open the log although its middle is damaged: `records` gives what can be read, `findings` says what cannot. */
  readonly salvage?: boolean;
}

export type TableOperation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

export interface TableRange {
  /** Inclusive lower bound. */
  readonly from?: Uint8Array;
  /** Exclusive upper bound. */
  readonly to?: Uint8Array;
  readonly reverse?: boolean;
  /** Most entries to look at, damaged ones counted. */
  readonly limit?: number;
  /** Is told of each entry that fails its checksum; the iteration goes on behind it. Without it the first one throws DISK_DAMAGED. */
  readonly onDamaged?: (key: Uint8Array) => void;
}

/** An ordered key-value table. Every value is stored with a checksum over its key and itself, and checked when it is read. */
export interface Table {
  /** @throws TreadleError DISK_DAMAGED when the stored value is not what was written under this key */
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /**
   * Applies all operations or none. With `sync`, durable when it resolves. The table takes the arrays over: they must not be changed.
   * @throws TreadleError DISK_FULL when the disk has no room: nothing of the batch is applied, and a later one may succeed.
   * A batch that only deletes is refused last.
   */
  batch(operations: readonly TableOperation[], options?: { readonly sync?: boolean }): Promise<void>;
  /** @throws TreadleError DISK_DAMAGED, see {@link TableRange.onDamaged} */
  entries(range?: TableRange): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>;
  /**
   * The keys of a range, their values read and checked as in {@link entries}, but not handed over: for whoever goes through
   * all that is stored. @throws TreadleError DISK_DAMAGED, see {@link TableRange.onDamaged}
   */
  keys(range: TableRange & { readonly limit: number }): Promise<readonly Uint8Array[]>;
  /** Gives the room of what was deleted between two keys back to the disk. */
  compact(range?: Pick<TableRange, 'from' | 'to'>): Promise<void>;
  close(): Promise<void>;
}

/** Blobs addressed by the SHA-256 of their content. */
export interface Blobs {
  /**
   * Stores and returns the lower-case hex SHA-256. The array is taken over: it must not be changed, nor one that `get` returned.
   * @throws TreadleError DISK_FULL
   */
  put(content: Uint8Array): Promise<string>;
  /** A blob that is not what its hash says is deleted, counted in `disk_blobs_damaged_total` and missing from then on. */
  get(hash: string): Promise<Uint8Array | undefined>;
  delete(hash: string): Promise<void>;
}

export interface Disk {
  /** Opens (creating) a log. @throws TreadleError DISK_LOG_DAMAGED when a record before the tail fails its checksum and the log is not to be salvaged */
  log(name: string, options?: LogOptions): Promise<AppendLog>;
  /** Opens (creating) a table. */
  table(name: string): Promise<Table>;
  blobs(): Promise<Blobs>;
  /** Bytes that the logs, tables and blobs of this node take. */
  usedBytes(): Promise<number>;
}

/** A reproducible stream of random numbers in the simulator, the system's generator on the host. */
export interface RandomStream {
  /** Uniform in [0, 1). */
  float(): number;
  /** Uniform integer in [0, below). */
  integer(below: number): number;
  bytes(length: number): Uint8Array;
  /** Exponential with this mean. */
  exponential(mean: number): number;
  /** Normal with this mean and deviation. */
  normal(mean: number, deviation: number): number;
}

export interface Random {
  /** The stream of one purpose: a new draw elsewhere never shifts its numbers. Same purpose, same stream object. */
  stream(purpose: string): RandomStream;
}

/** What a piece of work costs: an operation of the cost table and how many of it. */
export interface CpuCost {
  readonly operation: string;
  readonly units?: number;
}

export interface Cpu {
  /** Runs `work` and resolves with its result. Sim: charges virtual time and queues on the node's cores. Host: runs it now. */
  run<T>(cost: CpuCost, work: () => T | Promise<T>): Promise<T>;
  /**
   * Accounts for work that the caller does within its present step, where waiting is out of the question (a vote is checked).
   * Sim: what is run next begins that much later. Host: nothing, the time has passed already.
   */
  charge(cost: CpuCost): void;
}

export type LogFields = Readonly<Record<string, string | number | bigint | boolean | undefined | null>>;

/** Levels: error = the node cannot do its job; warn = a peer or an operator did something wrong; info = a step an operator follows; debug = the rest. */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  child(fields: LogFields): Logger;
}

/** Counters, gauges and histograms; a name ends in its unit (`_total`, `_ms`, `_bytes`). */
export interface Metrics {
  count(name: string, by?: number): void;
  gauge(name: string, value: number): void;
  observe(name: string, value: number): void;
  /** Current values, for the HTTP API and reports. */
  snapshot(): Readonly<Record<string, number>>;
}

export interface Environment {
  readonly node: NodeId;
  readonly clock: Clock;
  readonly network: Network;
  readonly disk: Disk;
  readonly random: Random;
  readonly cpu: Cpu;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Data that nobody of the consortium runs. */
  readonly outside: Outside;
  /** The readings of the owner's twins; absent where none are kept. */
  readonly telemetry?: TelemetryStore;
  /** Names a wait: when nothing can happen any more, the simulator lists the names of the waits that are open. Returns `promise`. */
  track<T>(what: string, promise: Promise<T>): Promise<T>;
}
