import type { Micros, NodeId } from '../../environment/index.ts';
import {
  EXCHANGE_LANE_CHUNKS_MAX,
  EXCHANGE_LANE_PULLS_MAX,
  EXCHANGE_PACE_START_BYTES,
  EXCHANGE_WINDOW_BYTES,
} from '../../limits.ts';
import type { ChunkName } from './exchange-frames.ts';
import { LinePace } from './exchange-pace.ts';

/** A chunk that waits to be sent to one peer. */
export interface LaneJob {
  readonly name: ChunkName;
  /** Bytes of its frame, at most. */
  readonly sizeBytes: number;
  /** Asks the peer to pass the chunk on. */
  readonly relay?: boolean;
  /** Called once, when the chunk has been handed to the network (true) or will not be (false). */
  readonly left?: (sent: boolean) => void;
}

/** What waits for one peer, and what is under way to it. Pulled chunks go first. */
export class Lane {
  readonly peer: NodeId;
  /** Bytes of the jobs that wait. */
  waitingBytes = 0;
  /** Bytes of frames handed to the network since the peer connected. */
  sentBytes = 0;
  /** Bytes set aside for chunks that are being read. */
  reservedBytes = 0;
  /** When the peer last acknowledged something, or something was first sent after a pause. */
  heardMicros: Micros;
  /** It acknowledges nothing: what it has under way is not counted against others. */
  stalled = false;
  private readonly pace = new LinePace();
  private creditedBytes = 0;
  /** What is under way, oldest first, each with the count of bytes sent with it. */
  private readonly underWay: { readonly name: ChunkName; readonly endBytes: number }[] = [];
  private readonly pulled = new Map<ChunkName, LaneJob>();
  private readonly pushed = new Map<ChunkName, LaneJob>();

  constructor(peer: NodeId, now: Micros) {
    this.peer = peer;
    this.heardMicros = now;
  }

  get inFlightBytes(): number {
    return this.sentBytes - this.creditedBytes + this.reservedBytes;
  }

  get waiting(): number {
    return this.pulled.size + this.pushed.size;
  }

  /** Whether the next job fits the window. */
  get open(): boolean {
    const next = this.peek();
    if (next === undefined || this.stalled) return false;
    const window = this.pace.window({ start: EXCHANGE_PACE_START_BYTES, max: EXCHANGE_WINDOW_BYTES });
    return this.inFlightBytes + next.sizeBytes <= window;
  }

  /** Adds a job at the end; false when the lane is full. A chunk that waits already is not added twice. */
  push(job: LaneJob): boolean {
    if (this.has(job.name)) job.left?.(false);
    else if (this.pushed.size >= EXCHANGE_LANE_CHUNKS_MAX) return false;
    else this.add(this.pushed, job);
    return true;
  }

  /** Puts a job before all pushes, even one that was pushed already; false when too many pulls wait. */
  pull(job: LaneJob): boolean {
    if (this.pulled.has(job.name)) return true;
    if (this.pulled.size >= EXCHANGE_LANE_PULLS_MAX) return false;
    const pushed = this.pushed.get(job.name);
    if (pushed !== undefined) this.remove(pushed);
    this.add(this.pulled, pushed ?? job);
    return true;
  }

  /** Moves a job that waits behind pushes before them, if it does. */
  hasten(name: ChunkName): void {
    const job = this.pushed.get(name);
    if (job !== undefined) this.pull(job);
  }

  has(name: ChunkName): boolean {
    return this.pulled.has(name) || this.pushed.has(name);
  }

  /** Whether the chunk waits here, or was sent and is not acknowledged yet. */
  isComing(name: ChunkName): boolean {
    return this.has(name) || this.isUnderWay(name);
  }

  /** Whether the chunk was sent and is not acknowledged yet. */
  isUnderWay(name: ChunkName): boolean {
    return this.underWay.some((sent) => sent.name === name);
  }

  /** A frame was handed to the network. */
  sent(name: ChunkName, bytes: number, now: Micros): void {
    if (this.inFlightBytes === 0) {
      this.heardMicros = now;
      this.pace.begin(now);
    }
    this.sentBytes += bytes;
    this.underWay.push({ name, endBytes: this.sentBytes });
  }

  /** Takes the next job out. */
  take(): LaneJob | undefined {
    const job = this.peek();
    if (job !== undefined) this.remove(job);
    return job;
  }

  /** The peer does not need the chunk any more. */
  cancel(name: ChunkName): void {
    const job = this.pulled.get(name) ?? this.pushed.get(name);
    if (job === undefined) return;
    this.remove(job);
    job.left?.(false);
  }

  cancelAll(): void {
    for (const { name } of [...this.pulled.values(), ...this.pushed.values()]) this.cancel(name);
  }

  /** Takes out the jobs whose end somebody waits for. */
  cancelReported(): void {
    for (const { name, left } of [...this.pulled.values(), ...this.pushed.values()]) if (left !== undefined) this.cancel(name);
  }

  /**
   * The peer says how much has arrived since the connection was opened; more than was sent counts as all of it.
   * @returns how much more that is than it said before
   */
  credit(bytes: number, now: Micros): number {
    const credited = Math.min(bytes, this.sentBytes);
    const arrived = credited - this.creditedBytes;
    if (arrived <= 0) return 0;
    this.pace.arrived(arrived, now);
    this.creditedBytes = credited;
    while ((this.underWay[0]?.endBytes ?? Number.POSITIVE_INFINITY) <= credited) this.underWay.shift();
    this.heardMicros = now;
    this.stalled = false;
    return arrived;
  }

  private peek(): LaneJob | undefined {
    return this.pulled.values().next().value ?? this.pushed.values().next().value;
  }

  private add(queue: Map<ChunkName, LaneJob>, job: LaneJob): void {
    queue.set(job.name, job);
    this.waitingBytes += job.sizeBytes;
  }

  private remove(job: LaneJob): void {
    if (!this.pulled.delete(job.name)) this.pushed.delete(job.name);
    this.waitingBytes -= job.sizeBytes;
  }
}
