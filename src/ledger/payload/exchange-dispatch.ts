import type { Hex } from '../../crypto/index.ts';
import type { Clock, Metrics, Micros, NodeId } from '../../environment/index.ts';
import {
  EXCHANGE_EGRESS_BYTES,
  EXCHANGE_PATIENCE_MICROS,
  EXCHANGE_RELAY_AHEAD_BYTES,
  EXCHANGE_RELAY_BUSY_MICROS,
  EXCHANGE_RELAY_REST_MICROS,
  EXCHANGE_RELAY_TIMEOUT_MICROS,
  PAYLOAD_CHUNK_BYTES,
} from '../../limits.ts';
import type { ChunkName } from './exchange-frames.ts';
import type { LaneJob } from './exchange-lane.ts';
import type { Lanes } from './exchange-lanes.ts';
import type { Receiver, Spread } from './exchange-spread.ts';
import type { PayloadCommitment } from './payload.ts';
import { ringStart } from './ring-start.ts';

export interface RelayDispatchOptions {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly lanes: Lanes;
  readonly nameOf: (root: Hex, index: number) => ChunkName;
  readonly frameBytes: (commitment: PayloadCommitment, index: number) => number;
  readonly targets: () => readonly NodeId[];
  readonly receiver: (peer: NodeId) => Receiver | undefined;
}

interface Errand {
  readonly spread: Spread;
  readonly index: number;
  readonly relay: NodeId;
  /** When the chunk left for the relay. */
  leftMicros: Micros | undefined;
}

/** Chunks that one relay always may have ahead of its confirmations, however many peers it sends them to. */
const AHEAD_CHUNKS_MIN = 2;
/** Receivers per relay that is tried for one chunk: every relay that declines gets the chunk once more from the one that does not. */
const RECEIVERS_PER_TRY = 33;

/** Gives each chunk of the relayed bodies to one relay: the one that has least to do, from a place that differs from chunk to chunk. */
export class RelayDispatch {
  private readonly options: RelayDispatchOptions;
  private readonly queue = new Set<Spread>();
  private readonly errands = new Map<ChunkName, Errand>();

  constructor(options: RelayDispatchOptions) {
    this.options = options;
  }

  add(spread: Spread): void {
    this.queue.add(spread);
  }

  forget(spread: Spread): void {
    this.queue.delete(spread);
    for (const name of spread.names) this.end(name);
  }

  /** Whether a relay has the chunk and may still pass it on, or did so just now. */
  isUnderWay(spread: Spread, index: number): boolean {
    const carried = spread.carriers.get(index);
    if (carried !== undefined && this.options.clock.now() - carried.atMicros < EXCHANGE_PATIENCE_MICROS) return true;
    return this.errands.has(spread.names[index] as ChunkName);
  }

  /** A body goes before all others, to relays that have enough to do as well. */
  hurry(spread: Spread): void {
    if (spread.hurried) return;
    spread.hurried = true;
    for (const [name, errand] of this.errands) {
      if (errand.spread === spread && errand.leftMicros === undefined) this.options.lanes.hasten(errand.relay, name);
    }
    if (!this.queue.has(spread)) return;
    const others = [...this.queue].filter((other) => other !== spread);
    this.queue.clear();
    for (const each of [spread, ...others]) this.queue.add(each);
    this.run();
  }

  /** Hands out what relays can take now. */
  run(): void {
    for (const spread of this.queue) {
      if (spread.asked.size > 0 && this.options.clock.now() < spread.readyByMicros) continue;
      for (const index of spread.pending) if (!this.handOut(spread, index)) return this.options.lanes.pump();
      if (spread.pending.size === 0) this.queue.delete(spread);
    }
    this.options.lanes.pump();
  }

  /** Bytes that this node would have to send if no relay helped. */
  get pendingBytes(): number {
    let bytes = 0;
    for (const { pending, wanting } of this.queue) bytes += pending.size * wanting.size * PAYLOAD_CHUNK_BYTES;
    // A relay may still decline.
    for (const { spread } of this.errands.values()) bytes += spread.wanting.size * PAYLOAD_CHUNK_BYTES;
    return bytes;
  }

  /** Hands out more if this node's line is about to be idle. */
  resume(): void {
    if (this.queue.size > 0 && this.options.lanes.backlogBytes < this.ownBytes) this.run();
  }

  relayed(from: NodeId, root: Hex, index: number, done: boolean): void {
    const { clock, metrics } = this.options;
    const errand = this.errands.get(this.options.nameOf(root, index));
    if (errand === undefined || errand.relay !== from) return;
    const { spread } = errand;
    this.end(spread.names[index] as ChunkName);
    const receiver = this.options.receiver(from);
    if (done) {
      metrics.count('payload_relayed_total');
      spread.carriers.set(index, { relay: from, atMicros: clock.now() });
    } else {
      metrics.count('payload_relays_refused_total');
      spread.declined.set(index, (spread.declined.get(index) ?? 0) + 1);
      if (receiver !== undefined) receiver.restUntilMicros = clock.now() + EXCHANGE_RELAY_BUSY_MICROS;
      this.putBack(spread, index);
    }
    this.run();
  }

  /** More than a third of the receivers say that they did not get what a relay passed on: it rests. */
  accuse(spread: Spread, index: number, accuser: NodeId): void {
    const { clock, metrics } = this.options;
    const carrier = spread.carriers.get(index)?.relay;
    const receiver = carrier === undefined || carrier === accuser ? undefined : this.options.receiver(carrier);
    if (receiver === undefined) return;
    receiver.accusers.add(accuser);
    if (receiver.accusers.size <= Math.floor(this.options.targets().length / 3)) return;
    receiver.accusers.clear();
    receiver.restUntilMicros = clock.now() + EXCHANGE_RELAY_REST_MICROS;
    metrics.count('payload_relays_rested_total');
  }

  disconnected(peer: NodeId): void {
    // Whether it had passed them on is not known; who lacks them pulls.
    for (const [name, { relay }] of this.errands) if (relay === peer) this.errands.delete(name);
  }

  /** Gives up on relays that do not answer; false when nothing is under way. */
  tick(): boolean {
    const { clock, metrics } = this.options;
    for (const [name, { relay, leftMicros }] of this.errands) {
      if (leftMicros === undefined || clock.now() - leftMicros < EXCHANGE_RELAY_TIMEOUT_MICROS) continue;
      this.end(name);
      metrics.count('payload_relays_silent_total');
      const receiver = this.options.receiver(relay);
      if (receiver !== undefined) receiver.restUntilMicros = clock.now() + EXCHANGE_RELAY_REST_MICROS;
    }
    this.run();
    return this.errands.size > 0 || this.queue.size > 0;
  }

  /** False when the chunk has to wait: relays and this node itself have enough to do. */
  private handOut(spread: Spread, index: number): boolean {
    const { lanes, frameBytes } = this.options;
    const relay = this.choose(spread, index);
    const job = { name: spread.names[index] as ChunkName, sizeBytes: frameBytes(spread.commitment, index) };
    if (relay === 'wait') return false;
    if (relay !== undefined && this.delegate(spread, index, relay, job)) return true;
    // Nobody helps: this node sends the chunk itself, but no more of them at once than keep its line busy.
    if (!spread.hurried && lanes.backlogBytes >= this.ownBytes) return false;
    spread.pending.delete(index);
    spread.direct.add(index);
    for (const [peer, missing] of spread.wanting) {
      if (!missing.has(index)) continue;
      lanes.push(peer, job);
      if (spread.hurried) lanes.hasten(peer, job.name);
    }
    return true;
  }

  /** Bytes queued with which this node's line has enough to do. */
  private get ownBytes(): number {
    return this.options.lanes.backlogLimit(EXCHANGE_EGRESS_BYTES);
  }

  private delegate(spread: Spread, index: number, relay: NodeId, job: LaneJob): boolean {
    const { lanes, clock, metrics } = this.options;
    const { name } = job;
    const left = (sent: boolean): void => {
      const errand = this.errands.get(name);
      if (errand === undefined) return;
      if (sent) {
        errand.leftMicros = clock.now();
        return;
      }
      this.end(name);
      spread.wanting.get(relay)?.add(index);
      this.putBack(spread, index);
    };
    this.errands.set(name, { spread, index, relay, leftMicros: undefined });
    (this.options.receiver(relay) as Receiver).relaying++;
    spread.pending.delete(index);
    spread.wanting.get(relay)?.delete(index);
    if (!lanes.push(relay, { ...job, relay: true, left })) {
      left(false);
      return false;
    }
    if (spread.hurried) lanes.hasten(relay, name);
    metrics.count('payload_relays_asked_total');
    return true;
  }

  private choose(spread: Spread, index: number): NodeId | 'wait' | undefined {
    const peers = [...spread.wanting.keys()];
    const tries = 1 + Math.floor(peers.length / RECEIVERS_PER_TRY);
    if (peers.length < 3 || (spread.declined.get(index) ?? 0) >= tries) return undefined;
    const work = peers.length * this.options.frameBytes(spread.commitment, index);
    const ahead = spread.hurried
      ? Number.POSITIVE_INFINITY
      : Math.max(AHEAD_CHUNKS_MIN, Math.floor(this.options.lanes.backlogLimit(EXCHANGE_RELAY_AHEAD_BYTES) / work));
    const start = (ringStart(spread.root) + index) % peers.length;
    let best: NodeId | undefined;
    let least = ahead;
    let full = false;
    for (let step = 0; step < peers.length; step++) {
      const peer = peers[(start + step) % peers.length] as NodeId;
      const receiver = this.options.receiver(peer);
      if (receiver === undefined || !this.isUsable(peer, receiver) || spread.wanting.get(peer)?.has(index) !== true) continue;
      if (receiver.relaying >= ahead) full = true;
      else if (receiver.relaying < least) [best, least] = [peer, receiver.relaying];
    }
    return best ?? (full ? 'wait' : undefined);
  }

  private isUsable(peer: NodeId, receiver: Receiver): boolean {
    return receiver.restUntilMicros <= this.options.clock.now() && this.options.lanes.get(peer)?.stalled === false;
  }

  private putBack(spread: Spread, index: number): void {
    spread.pending.add(index);
    this.queue.add(spread);
  }

  private end(name: ChunkName): void {
    const errand = this.errands.get(name);
    if (errand === undefined) return;
    this.errands.delete(name);
    const receiver = this.options.receiver(errand.relay);
    if (receiver !== undefined) receiver.relaying--;
  }
}
