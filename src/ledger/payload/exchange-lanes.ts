import type { Clock, Logger, Metrics, Micros, Network, NodeId, Timer } from '../../environment/index.ts';
import {
  EXCHANGE_BACKLOG_BYTES_MIN,
  EXCHANGE_BACKLOG_MICROS,
  EXCHANGE_EGRESS_BYTES,
  EXCHANGE_EGRESS_START_BYTES,
  EXCHANGE_STALL_MICROS,
} from '../../limits.ts';
import type { ChunkFrames, ChunkName } from './exchange-frames.ts';
import { Lane, type LaneJob } from './exchange-lane.ts';
import { LinePace } from './exchange-pace.ts';
import { encodeSyncFrame, PAYLOAD_PROTOCOLS } from './exchange-wire.ts';

export interface LanesOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly frames: ChunkFrames;
}

/** Sends chunks: a lane per peer with its window, one bound for all of them, the emptiest lane first. */
export class Lanes {
  private readonly options: LanesOptions;
  private readonly lanes = new Map<NodeId, Lane>();
  /** Lanes in which something waits, those that were served last at the end. */
  private readonly busy = new Set<Lane>();
  /** Of all lanes together: what this node's line carries. */
  private readonly pace = new LinePace();
  private watch: Timer | undefined;
  private pumping = false;

  constructor(options: LanesOptions) {
    this.options = options;
  }

  get(peer: NodeId): Lane | undefined {
    return this.lanes.get(peer);
  }

  connected(peer: NodeId): void {
    this.disconnected(peer);
    this.lanes.set(peer, new Lane(peer, this.options.clock.now()));
  }

  disconnected(peer: NodeId): void {
    const lane = this.lanes.get(peer);
    if (lane === undefined) return;
    this.lanes.delete(peer);
    this.busy.delete(lane);
    lane.cancelAll();
    this.pump();
  }

  /** Bytes that wait to be sent, to peers that take them. */
  get backlogBytes(): number {
    let bytes = 0;
    for (const lane of this.busy) if (!lane.stalled) bytes += lane.waitingBytes;
    return bytes;
  }

  /** Queues a chunk behind the others; false when the peer is absent or its lane full. */
  push(peer: NodeId, job: LaneJob): boolean {
    const lane = this.lanes.get(peer);
    if (lane === undefined || !lane.push(job)) {
      this.options.metrics.count('payload_chunks_not_queued_total');
      return false;
    }
    this.busy.add(lane);
    return true;
  }

  /** A chunk that waits for a peer goes before those that are pushed. */
  hasten(peer: NodeId, name: ChunkName): void {
    this.lanes.get(peer)?.hasten(name);
  }

  /** Queues a chunk before those that are pushed; false when the peer has pulled too many. */
  pull(peer: NodeId, job: LaneJob): boolean {
    const lane = this.lanes.get(peer);
    if (lane === undefined || !lane.pull(job)) return false;
    this.busy.add(lane);
    return true;
  }

  credit(peer: NodeId, bytes: number): void {
    const lane = this.lanes.get(peer);
    const now = this.options.clock.now();
    if (lane === undefined) return;
    this.pace.arrived(lane.credit(bytes, now), now);
    this.pump();
  }

  /** Sends what the windows allow. Call it after jobs were queued. */
  pump(): void {
    // A job that leaves may queue others, which the running loop then finds.
    if (this.pumping) return;
    this.pumping = true;
    try {
      let room = this.egressBytes - this.inFlightBytes();
      while (room > 0) {
        const lane = this.emptiest();
        if (lane === undefined) break;
        room -= this.serve(lane);
      }
      if (this.busy.size > 0) this.options.metrics.count(room <= 0 ? 'payload_egress_full_total' : 'payload_window_full_total');
    } finally {
      this.pumping = false;
    }
    this.keepWatch();
  }

  close(): void {
    if (this.watch !== undefined) this.options.clock.cancel(this.watch);
    this.watch = undefined;
    for (const peer of [...this.lanes.keys()]) {
      this.lanes.get(peer)?.cancelAll();
      this.lanes.delete(peer);
    }
    this.busy.clear();
  }

  /** How much this node takes on to send, at most `max`: what its line carries in a while. */
  backlogLimit(max: number): number {
    return Math.min(max, EXCHANGE_BACKLOG_BYTES_MIN + this.pace.carries(EXCHANGE_BACKLOG_MICROS, max));
  }

  /** Bytes that this node's line delivers in such a time, as far as is known. */
  carries(micros: Micros, unknown: number): number {
    return this.pace.carries(micros, unknown);
  }

  private get egressBytes(): number {
    return this.pace.window({ start: EXCHANGE_EGRESS_START_BYTES, max: EXCHANGE_EGRESS_BYTES });
  }

  private inFlightBytes(): number {
    let bytes = 0;
    for (const lane of this.lanes.values()) if (!lane.stalled) bytes += lane.inFlightBytes;
    return bytes;
  }

  private emptiest(): Lane | undefined {
    let best: Lane | undefined;
    for (const lane of this.busy) {
      if (lane.waiting === 0) this.busy.delete(lane);
      else if (lane.open && (best === undefined || lane.inFlightBytes < best.inFlightBytes)) best = lane;
      if (best?.inFlightBytes === 0) break;
    }
    return best;
  }

  /** Sends the next chunk of a lane, or starts to read it; returns the bytes that this takes of the egress. */
  private serve(lane: Lane): number {
    // Lanes that are equally full take turns.
    this.busy.delete(lane);
    const job = lane.take() as LaneJob;
    if (lane.waiting > 0) this.busy.add(lane);
    const frame = this.options.frames.get(job.name);
    if (frame === undefined) void this.readAndSend(lane, job);
    else this.send(lane, job, frame);
    return job.sizeBytes;
  }

  private async readAndSend(lane: Lane, job: LaneJob): Promise<void> {
    lane.reservedBytes += job.sizeBytes;
    let frame: Uint8Array | undefined;
    try {
      frame = await this.options.frames.load(job.name);
    } catch (error) {
      this.options.log.error('payload-not-read', { root: job.name.root, chunk: job.name.index, reason: String(error) });
    }
    lane.reservedBytes -= job.sizeBytes;
    if (this.lanes.get(lane.peer) !== lane || frame === undefined) job.left?.(false);
    else this.send(lane, job, frame);
    this.pump();
  }

  private send(lane: Lane, job: LaneJob, frame: Uint8Array): void {
    const { network, clock, metrics } = this.options;
    if (this.inFlightBytes() === 0) this.pace.begin(clock.now());
    lane.sent(job.name, frame.length, clock.now());
    network.send(lane.peer, job.relay === true ? PAYLOAD_PROTOCOLS.relay : PAYLOAD_PROTOCOLS.chunk, frame, 'bulk');
    metrics.count('payload_chunks_sent_total');
    metrics.count('payload_sent_bytes', frame.length);
    job.left?.(true);
  }

  /** Looks from time to time for peers that acknowledge nothing, as long as something is under way. */
  private keepWatch(): void {
    if (this.watch !== undefined) return;
    if (![...this.lanes.values()].some((lane) => lane.inFlightBytes > 0)) return;
    const look = (): void => {
      this.watch = undefined;
      this.findStalled();
      this.pump();
    };
    this.watch = this.options.clock.set(EXCHANGE_STALL_MICROS / 2, look, 'payload acknowledgements');
  }

  private findStalled(): void {
    const { clock, network, metrics, log } = this.options;
    for (const lane of this.lanes.values()) {
      if (lane.inFlightBytes === 0 || clock.now() - lane.heardMicros < EXCHANGE_STALL_MICROS) continue;
      if (!lane.stalled) {
        lane.stalled = true;
        lane.cancelReported();
        metrics.count('payload_peers_stalled_total');
        log.debug('payload-peer-stalled', { peer: lane.peer, inFlightBytes: lane.inFlightBytes });
      }
      // Behind everything that was sent: whatever has not arrived before it was lost, and the answer says so.
      network.send(lane.peer, PAYLOAD_PROTOCOLS.chunk, encodeSyncFrame(lane.sentBytes), 'bulk');
    }
  }
}
