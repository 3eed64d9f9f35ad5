import type { Micros, Priority } from '../environment.ts';
import type { Flow, Flows } from './flows.ts';
import { EventKind, type Kernel, type Owner } from './kernel.ts';
import { FRAME_OVERHEAD_BYTES, type Link, retransmissionDelay, sampleLatency } from './link.ts';
import type { Pipe } from './pipe.ts';

/** Frames up to this size are accounted for one by one, larger ones share the bandwidth as flows. */
export const SMALL_FRAME_BYTES = 16 * 1024;

/** A frame on its way; the content stays in `arrive`. */
export interface Parcel {
  readonly sizeBytes: number;
  /** May vanish on a link that drops. */
  readonly droppable: boolean;
  readonly arrive: () => void;
  /** Called instead of `arrive` when the frame vanished. */
  readonly lost: () => void;
}

export interface WireDependencies {
  readonly kernel: Kernel;
  /** Whose events the arrivals are. */
  readonly receiver: Owner;
  readonly link: Link;
  readonly uplink: Pipe;
  readonly downlink: Pipe;
  readonly flows: Flows;
}

/**
 * One priority in one direction of a connection: an ordered stream, as TCP gives.
 *
 * A small frame takes the sender's uplink for its length, travels for the latency of the link, takes the receiver's
 * downlink (the two overlap: the slower one counts) and arrives. A large frame flows at its max-min fair rate through
 * uplink, link and downlink; what is sent behind it on the same wire waits. Small frames are not slowed by large
 * ones and do not slow them: as with fair queueing in a router, thin traffic passes. Frames on a blocked link wait.
 */
export class Wire {
  private readonly with: WireDependencies;
  private readonly priority: Priority;
  private readonly queue: Parcel[] = [];
  /** Parcels that reached the far end of a link that is blocked. */
  private readonly held: Parcel[] = [];
  private flow: Flow | undefined;
  private lastArrival: Micros = 0;
  private lastDelivery: Micros = 0;
  /** Parcels that arrived and wait for the downlink: nothing may be delivered before them. */
  private delivering = 0;
  private closed = false;

  constructor(priority: Priority, dependencies: WireDependencies) {
    this.priority = priority;
    this.with = dependencies;
  }

  push(parcel: Parcel): void {
    if (this.closed) return;
    if (this.flow !== undefined || this.queue.length > 0 || this.with.link.blocked) this.queue.push(parcel);
    else this.transmit(parcel);
  }

  /** The link is open again: what was held and what waits goes on. */
  resume(): void {
    for (const parcel of this.held.splice(0)) this.travel(parcel, this.with.kernel.now);
    this.pump();
  }

  /** Throws away what has not left; what is on its way still arrives. */
  close(): void {
    this.closed = true;
    this.queue.length = 0;
    this.held.length = 0;
    if (this.flow !== undefined) this.with.flows.cancel(this.flow);
    this.flow = undefined;
  }

  private pump(): void {
    while (this.flow === undefined && !this.with.link.blocked) {
      const parcel = this.queue.shift();
      if (parcel === undefined) return;
      this.transmit(parcel);
    }
  }

  private transmit(parcel: Parcel): void {
    const { kernel, uplink, downlink, link, flows } = this.with;
    const bytes = parcel.sizeBytes + FRAME_OVERHEAD_BYTES;
    const linkRate = link.capacity.rate;
    if (bytes <= SMALL_FRAME_BYTES || Math.min(uplink.rate, downlink.rate, linkRate) === Number.POSITIVE_INFINITY) {
      const sent = uplink.reserve(kernel.now, bytes, this.priority);
      this.travel(parcel, Math.max(sent, kernel.now + bytes / linkRate));
      return;
    }
    this.flow = flows.start(bytes, [uplink, downlink, link.capacity], this.priority === 'control', () => {
      this.flow = undefined;
      this.travel(parcel, kernel.now);
      this.pump();
    });
  }

  private travel(parcel: Parcel, sentAt: Micros): void {
    const { kernel, link, receiver } = this.with;
    const { latency, loss, lossMode } = link.parameters;
    let delay = sampleLatency(latency, link.random);
    if (loss > 0) {
      if (lossMode === 'drop' && parcel.droppable) {
        if (link.random.float() < loss) return parcel.lost();
      } else {
        delay += retransmissionDelay(loss, link.random);
      }
    }
    // A wire keeps its order: jitter and retransmissions hold back what comes behind.
    this.lastArrival = Math.max(this.lastArrival, sentAt + delay);
    kernel.schedule(this.lastArrival, receiver, EventKind.arrival, () => this.arrived(parcel));
  }

  private arrived(parcel: Parcel): void {
    const { kernel, link, downlink, receiver } = this.with;
    if (link.blocked) {
      this.held.push(parcel);
      return;
    }
    const bytes = parcel.sizeBytes + FRAME_OVERHEAD_BYTES;
    if (bytes <= SMALL_FRAME_BYTES) {
      // The last bit is here now, so the downlink could have begun one frame length earlier.
      const through = downlink.reserve(kernel.now - bytes / downlink.rate, bytes, this.priority);
      this.lastDelivery = Math.max(this.lastDelivery, through);
    }
    if (this.lastDelivery <= kernel.now && this.delivering === 0) return parcel.arrive();
    this.delivering++;
    kernel.schedule(this.lastDelivery, receiver, EventKind.delivery, () => {
      this.delivering--;
      parcel.arrive();
    });
  }
}
