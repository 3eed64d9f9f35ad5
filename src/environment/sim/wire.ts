import type { Micros, Priority } from '../environment.ts';
import { Fifo } from './fifo.ts';
import type { Incarnation } from './incarnation.ts';
import type { Kernel } from './kernel.ts';
import { FRAME_OVERHEAD_BYTES, type Link } from './link.ts';
import type { Pipe } from './pipe.ts';
import { EventKind, SimEvent } from './sim-event.ts';
import type { Uplink } from './uplink.ts';

/** Frames up to this size are thin traffic: they do not wait for their turn on an uplink that is shared. */
const THIN_BYTES = 16 * 1024;
/** Time for which one segment may keep a path; larger frames are cut. */
const SEGMENT_MICROS = 6_000;
/** Smallest and largest segment. A chunk of 64 KiB with its headers is one piece. */
const SEGMENT_BYTES_MIN = 4 * 1024;
const SEGMENT_BYTES_MAX = 72 * 1024;
/** Segments that may be on their way beyond what the path holds by itself. */
const SEGMENTS_AHEAD = 4;

/** A frame on its way: the event of its arrival, and then that of its delivery if the downlink is busy or the receiver stands still. */
export abstract class Parcel extends SimEvent {
  readonly wire: Wire;
  readonly bytes: number;
  /** May vanish, come twice or out of order. */
  readonly droppable: boolean;
  /** Bytes of its last segment. */
  segmentBytes = 0;
  unordered = false;

  constructor(wire: Wire, sizeBytes: number, droppable: boolean) {
    super(wire.receiver.machine, EventKind.arrival);
    this.wire = wire;
    this.bytes = sizeBytes + FRAME_OVERHEAD_BYTES;
    this.droppable = droppable;
  }

  fire(): void {
    if (this.kind === EventKind.arrival) this.wire.arrived(this);
    else this.wire.deliver(this);
  }

  /** The frame is there. `again`: it was there before. */
  abstract arrive(again: boolean): void;
  /** Called instead of `arrive` when the frame vanished. */
  abstract lost(): void;
}

/** A part of a frame, but not its last: it takes its time on the downlink and gives the wire room for the next. */
class Segment extends SimEvent {
  readonly segmentBytes: number;
  readonly unordered = false;
  private readonly wire: Wire;

  constructor(wire: Wire, bytes: number) {
    super(wire.receiver.machine, EventKind.arrival);
    this.wire = wire;
    this.segmentBytes = bytes;
  }

  fire(): void {
    if (this.kind === EventKind.arrival) this.wire.arrived(this);
    else this.wire.deliver(this);
  }
}

export interface WireDependencies {
  readonly kernel: Kernel;
  readonly receiver: Incarnation;
  readonly link: Link;
  readonly uplink: Uplink;
  readonly downlink: Pipe;
}

/**
 * One priority in one direction of a connection: an ordered stream, as TCP gives.
 *
 * A frame takes the sender's uplink for its length, travels for the latency of the link, takes the receiver's downlink
 * (they overlap: the slowest counts) and arrives. Control frames wait for control frames only. Bulk is cut into segments
 * of a few milliseconds; wires take turns on the uplink, and a wire has only so much on its way as its path holds and a few segments
 * more, so that one whose receiver is slow leaves its turns to the others. On a link that is blocked or clogged, frames wait.
 */
export class Wire {
  readonly receiver: Incarnation;
  private readonly kernel: Kernel;
  private readonly link: Link;
  private readonly uplink: Uplink;
  private readonly downlink: Pipe;
  private readonly priority: Priority;
  private readonly backlog = new Fifo<Parcel>();
  /** Bytes of the first frame of the backlog that have left, and the size of its segments. */
  private sentBytes = 0;
  /** Bytes that have left and are not through the downlink. */
  private inFlightBytes = 0;
  /** What it may still send in its turn on the uplink, in bytes; negative when it has sent too much. */
  credit = 0;
  /** Whether the uplink knows of this wire. */
  private joined = false;
  /** What reached the far end of a link that is held. */
  private readonly held: (Parcel | Segment)[] = [];
  private lastArrival: Micros = 0;
  private lastDelivery: Micros = 0;
  /** What arrived and waits for the downlink: nothing may be delivered before it. */
  private delivering = 0;
  private closed = false;

  constructor(priority: Priority, dependencies: WireDependencies) {
    this.priority = priority;
    this.kernel = dependencies.kernel;
    this.receiver = dependencies.receiver;
    this.link = dependencies.link;
    this.uplink = dependencies.uplink;
    this.downlink = dependencies.downlink;
  }

  push(parcel: Parcel): void {
    if (this.closed) return;
    const { kernel, link } = this;
    if (this.priority === 'control' && !link.held(kernel.now)) return this.pass(parcel);
    this.backlog.push(parcel);
    if (this.priority === 'bulk') this.join(this.backlog.length === 1 && parcel.bytes <= THIN_BYTES);
  }

  /** The link is open again: what was held and what waits goes on. */
  resume(): void {
    const { kernel, link } = this;
    for (const part of this.held.splice(0)) this.plan(part, kernel.now + link.latency());
    if (this.priority === 'bulk') this.join(false);
    else for (let next = this.backlog.shift(); next !== undefined; next = this.backlog.shift()) this.pass(next);
  }

  /** Throws away what has not left; what is on its way still arrives. */
  close(): void {
    this.closed = true;
    this.backlog.clear();
    this.held.length = 0;
  }

  // --- what the uplink asks ------------------------------------------------------------------

  /** Whether there is something that may leave now. */
  waits(): boolean {
    const { kernel, link } = this;
    if (this.backlog.length === 0 || link.held(kernel.now)) return false;
    return this.inFlightBytes === 0 || this.inFlightBytes < this.windowBytes();
  }

  /** It has nothing to send for now, and takes no credit along. */
  leave(): void {
    this.joined = false;
    this.credit = Math.min(0, this.credit);
  }

  /** Sends the next segment from `start` on; returns its bytes. */
  transmit(start: Micros): number {
    const { uplink, link } = this;
    const parcel = this.backlog.peek() as Parcel;
    const parts = Math.ceil(parcel.bytes / this.segmentBytesMax());
    const bytes = Math.min(parcel.bytes - this.sentBytes, Math.ceil(parcel.bytes / parts));
    const sent = Math.max(uplink.pipe.reserve(start, bytes, 'bulk'), link.pipe.reserve(start, bytes, 'bulk'));
    this.inFlightBytes += bytes;
    this.sentBytes += bytes;
    if (this.sentBytes < parcel.bytes) {
      this.plan(new Segment(this, bytes), sent + link.latency());
    } else {
      this.backlog.shift();
      this.sentBytes = 0;
      parcel.segmentBytes = bytes;
      this.travel(parcel, sent);
    }
    return bytes;
  }

  // --- what parcels tell ---------------------------------------------------------------------

  arrived(part: Parcel | Segment): void {
    const { kernel, link, downlink, receiver } = this;
    if (link.held(kernel.now)) {
      this.held.push(part);
      return;
    }
    // The last bit is here now; the downlink could have begun with the first, which is ahead by the time that sending took.
    const bytes = part.segmentBytes;
    const ahead = bytes / Math.max(downlink.rate, Math.min(this.uplink.pipe.rate, link.pipe.rate));
    const through = downlink.reserve(kernel.now - ahead, bytes, this.priority);
    if (!part.unordered) this.lastDelivery = Math.max(this.lastDelivery, through);
    const due = part.unordered ? through : this.lastDelivery;
    if (due > kernel.now || (this.delivering > 0 && !part.unordered) || receiver.paused) this.postpone(part, due);
    else this.hand(part);
  }

  deliver(part: Parcel | Segment): void {
    if (!part.unordered) this.delivering--;
    if (this.receiver.paused) this.postpone(part, this.kernel.now);
    else this.hand(part);
  }

  private postpone(part: Parcel | Segment, due: Micros): void {
    if (!part.unordered) this.delivering++;
    part.kind = EventKind.delivery;
    // The machine takes frames in; what has come through waits for the process.
    if (this.receiver.paused && due <= this.kernel.now) part.owner = this.receiver;
    this.kernel.plan(due, part);
  }

  private hand(part: Parcel | Segment): void {
    this.release(part.segmentBytes);
    if (part instanceof Parcel) part.arrive(false);
  }

  // --- inside --------------------------------------------------------------------------------

  private join(thin: boolean): void {
    if (this.joined || !this.waits()) return;
    this.joined = true;
    this.uplink.join(this, thin);
  }

  /** Sends a control frame at once. */
  private pass(parcel: Parcel): void {
    const { link, uplink } = this;
    const { now } = this.kernel;
    const { bytes } = parcel;
    parcel.segmentBytes = bytes;
    this.inFlightBytes += bytes;
    const sent = uplink.pipe.reserve(now, bytes, 'control');
    const through = link.pipe.isUnlimited ? now : link.pipe.reserve(now, bytes, 'control');
    this.travel(parcel, Math.max(sent, through));
  }

  private travel(parcel: Parcel, sentAt: Micros): void {
    const { kernel, link } = this;
    let delay = link.latency();
    if (link.isPlain) return this.plan(parcel, sentAt + delay);
    const { lossMode } = link.parameters;
    if (lossMode === 'drop' && parcel.droppable) {
      if (link.loses()) {
        this.release(parcel.segmentBytes);
        return parcel.lost();
      }
    } else {
      delay += link.retransmissionDelay();
    }
    if (parcel.droppable) {
      const again = link.duplicateAfter();
      if (again !== undefined) this.copy(parcel, sentAt + delay + again);
      const late = link.reorderedBy();
      if (late !== undefined) {
        parcel.unordered = true;
        kernel.plan(sentAt + delay + late, parcel);
        return;
      }
    }
    this.plan(parcel, sentAt + delay);
  }

  /** A wire keeps its order: jitter and retransmissions hold back what comes behind. */
  private plan(part: Parcel | Segment, arrival: Micros): void {
    this.lastArrival = Math.max(this.lastArrival, arrival);
    this.kernel.plan(this.lastArrival, part);
  }

  private copy(parcel: Parcel, at: Micros): void {
    const { kernel, link } = this;
    const arrive = () => this.receiver.enter(EventKind.delivery, () => parcel.arrive(true));
    kernel.schedule(at, this.receiver.machine, EventKind.arrival, () => {
      if (!link.held(kernel.now)) arrive();
    });
  }

  private release(bytes: number): void {
    this.inFlightBytes -= bytes;
    if (this.priority === 'bulk' && this.backlog.length > 0) this.join(false);
  }

  private pathRate(): number {
    const { uplink, link, downlink } = this;
    return Math.min(uplink.pipe.rate, link.pipe.rate, downlink.rate);
  }

  private segmentBytesMax(): number {
    const rate = this.pathRate();
    if (rate === Number.POSITIVE_INFINITY) return rate;
    return Math.min(SEGMENT_BYTES_MAX, Math.max(SEGMENT_BYTES_MIN, rate * SEGMENT_MICROS));
  }

  /** What may be on its way: what the path holds by itself, twice, and a few segments. */
  private windowBytes(): number {
    const rate = this.pathRate();
    if (rate === Number.POSITIVE_INFINITY) return rate;
    return SEGMENTS_AHEAD * this.segmentBytesMax() + 2 * rate * this.link.meanLatency();
  }
}
