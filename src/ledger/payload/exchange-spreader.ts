import type { Hex } from '../../crypto/index.ts';
import type { Clock, Metrics, NodeId } from '../../environment/index.ts';
import {
  EXCHANGE_DIRECT_BYTES_MAX,
  EXCHANGE_OFFERED_BYTES_MAX,
  EXCHANGE_OFFERED_ROOTS_MAX,
  EXCHANGE_PATIENCE_MICROS_MAX,
  EXCHANGE_READY_MICROS,
  EXCHANGE_RELAY_BUSY_MICROS,
  EXCHANGE_ROOTS_MAX,
} from '../../limits.ts';
import type { ChunkSet } from './exchange-chunk-set.ts';
import { RelayDispatch } from './exchange-dispatch.ts';
import type { ChunkName } from './exchange-frames.ts';
import type { Lanes } from './exchange-lanes.ts';
import type { NotePost } from './exchange-notes.ts';
import { Receiver, Spread } from './exchange-spread.ts';
import type { PayloadCommitment } from './payload.ts';

export interface SpreaderOptions {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly lanes: Lanes;
  readonly notes: NotePost;
  readonly nameOf: (root: Hex, index: number) => ChunkName;
  /** Bytes of the frame of a chunk. */
  readonly frameBytes: (commitment: PayloadCommitment, index: number) => number;
  /** Connected peers that bodies are spread to: the sealers, or everybody where there is none. */
  readonly targets: () => readonly NodeId[];
  /** A peer says that it holds all of a body. */
  readonly held: (spread: Spread, peer: NodeId) => void;
  /** Nobody wants these chunks any more. */
  readonly settled: (names: readonly ChunkName[]) => void;
  /** Asks for a call of {@link Spreader.tick} soon. */
  readonly wake: () => void;
}

/** Relays are of use when at least two others get a chunk from each. */
const RELAYED_RECEIVERS_MIN = 3;

/** Offers the bodies of this node to the sealers, in order, and sends each what it lacks: itself, or through relays. */
export class Spreader {
  private readonly options: SpreaderOptions;
  private readonly bySequence = new Map<number, Spread>();
  private readonly byRoot = new Map<Hex, Spread>();
  private readonly receivers = new Map<NodeId, Receiver>();
  /** Bodies of which not every peer that was asked has said what it lacks. */
  private readonly answering = new Set<Spread>();
  private readonly dispatch: RelayDispatch;
  private sequence = 0;
  private firstSequence = 0;

  constructor(options: SpreaderOptions) {
    this.options = options;
    this.dispatch = new RelayDispatch({ ...options, receiver: (peer) => this.receivers.get(peer) });
  }

  get(root: Hex): Spread | undefined {
    return this.byRoot.get(root);
  }

  /** Bytes that this node has to send of its own and has not queued: while there are many, it is no relay for others. */
  get pendingBytes(): number {
    let bytes = this.dispatch.pendingBytes;
    for (const { asked, relayed, commitment } of this.answering)
      if (relayed !== true) bytes += asked.size * commitment.lengthBytes;
    return bytes;
  }

  /** A peer acknowledged something: there may be room for more. */
  resume(): void {
    this.dispatch.resume();
  }

  /** Whether a chunk will reach a peer without its asking again: it waits here, or a relay has it. */
  isComing(spread: Spread, index: number): boolean {
    return spread.pending.has(index) || this.dispatch.isUnderWay(spread, index);
  }

  /** A peer needs this body now: what relays have not been given yet of it goes before other bodies. */
  hurry(spread: Spread): void {
    this.dispatch.hurry(spread);
  }

  /** A peer pulls a chunk that a relay claims to have passed on. */
  accuse(spread: Spread, index: number, accuser: NodeId): void {
    this.dispatch.accuse(spread, index, accuser);
  }

  /** Offers a body to the sealers. */
  spread(commitment: PayloadCommitment, names: readonly ChunkName[]): void {
    if (this.byRoot.has(commitment.root)) return;
    // The oldest has long been offered to whoever was there; who lacks it still pulls it.
    if (this.byRoot.size >= EXCHANGE_ROOTS_MAX) this.release((this.bySequence.values().next().value as Spread).root);
    const spread = new Spread(commitment, names, this.sequence++);
    this.bySequence.set(spread.sequence, spread);
    this.byRoot.set(spread.root, spread);
    this.options.metrics.count('payload_bodies_spread_total');
    for (const peer of this.options.targets()) this.offerMore(peer);
  }

  release(root: Hex): void {
    const spread = this.byRoot.get(root);
    if (spread === undefined) return;
    this.byRoot.delete(root);
    this.bySequence.delete(spread.sequence);
    this.answering.delete(spread);
    this.dispatch.forget(spread);
    for (const [peer, receiver] of this.receivers) {
      if (!this.endOpen(receiver, spread)) continue;
      for (const name of spread.names) this.options.lanes.get(peer)?.cancel(name);
      this.offerMore(peer);
    }
    while (this.firstSequence < this.sequence && !this.bySequence.has(this.firstSequence)) this.firstSequence++;
  }

  connected(peer: NodeId): void {
    this.receivers.set(peer, new Receiver(this.firstSequence));
    this.offerMore(peer);
  }

  disconnected(peer: NodeId): void {
    const receiver = this.receivers.get(peer);
    this.receivers.delete(peer);
    for (const root of receiver?.open.keys() ?? []) {
      const spread = this.byRoot.get(root);
      if (spread === undefined) continue;
      this.answered(peer, spread);
      spread.wanting.delete(peer);
      this.settle(spread);
    }
    this.dispatch.disconnected(peer);
    this.dispatch.run();
  }

  /** A peer says what it lacks of a body that was offered to it; nothing when it holds it. */
  ready(from: NodeId, root: Hex, missing: ChunkSet, relays: boolean): void {
    const receiver = this.receivers.get(from);
    const spread = this.byRoot.get(root);
    if (receiver === undefined || spread === undefined) return;
    if (!relays)
      receiver.restUntilMicros = Math.max(receiver.restUntilMicros, this.options.clock.now() + EXCHANGE_RELAY_BUSY_MICROS);
    this.answered(from, spread);
    for (const name of spread.names) if (!missing.has(name.index)) this.options.lanes.get(from)?.cancel(name);
    if (missing.size === 0) {
      spread.holders.add(from);
      this.options.held(spread, from);
      spread.wanting.delete(from);
      this.settle(spread);
      if (this.endOpen(receiver, spread)) this.offerMore(from);
    } else {
      this.serve(from, spread, missing);
    }
    this.dispatch.run();
    this.options.lanes.pump();
  }

  /** A peer gets the body from somebody else. */
  later(from: NodeId, root: Hex): void {
    const receiver = this.receivers.get(from);
    const spread = this.byRoot.get(root);
    if (receiver === undefined || spread === undefined || !this.answered(from, spread)) return;
    if (this.endOpen(receiver, spread)) this.offerMore(from);
    this.dispatch.run();
  }

  /** A relay passed a chunk on, or declines to. */
  relayed(from: NodeId, root: Hex, index: number, done: boolean): void {
    this.dispatch.relayed(from, root, index, done);
  }

  /** Looks after what waits for an answer; false when nothing does. */
  tick(): boolean {
    const { clock } = this.options;
    let waiting = false;
    for (const [peer, receiver] of this.receivers) {
      for (const [root, since] of receiver.open) {
        if (clock.now() - since < EXCHANGE_PATIENCE_MICROS_MAX) {
          waiting = true;
          continue;
        }
        // It may never want this body; its place in the queue goes to the next.
        const spread = this.byRoot.get(root);
        if (spread === undefined) continue;
        this.answered(peer, spread);
        this.endOpen(receiver, spread);
      }
      this.offerMore(peer);
    }
    return this.dispatch.tick() || waiting;
  }

  close(): void {
    this.byRoot.clear();
    this.bySequence.clear();
    this.answering.clear();
    this.receivers.clear();
  }

  /** Sends a peer what it lacks. What it says again later only ends what it does not need any more. */
  private serve(peer: NodeId, spread: Spread, missing: ChunkSet): void {
    const { lanes, frameBytes, clock, metrics } = this.options;
    const receiver = this.receivers.get(peer);
    if (receiver?.open.has(spread.root) === true) receiver.open.set(spread.root, clock.now());
    const known = spread.wanting.get(peer);
    spread.wanting.set(peer, missing.copy());
    if (known !== undefined) return;
    if (spread.relayed === undefined) {
      this.decide(spread);
      if (spread.relayed) metrics.count('payload_bodies_relayed_total');
    }
    for (const index of missing) {
      if (!spread.direct.has(index)) continue;
      lanes.push(peer, { name: spread.names[index] as ChunkName, sizeBytes: frameBytes(spread.commitment, index) });
    }
  }

  /** Direct while the line can take it; through relays when this node has more to send than others. */
  private decide(spread: Spread): void {
    const { lanes, targets, clock } = this.options;
    const receivers = targets().length;
    let bytes = lanes.backlogBytes + receivers * spread.commitment.lengthBytes;
    // Those who have not answered yet will want as much as those who have.
    for (const { asked, relayed, commitment } of this.answering)
      if (relayed === false) bytes += asked.size * commitment.lengthBytes;
    spread.relayed = receivers >= RELAYED_RECEIVERS_MIN && bytes > lanes.backlogLimit(EXCHANGE_DIRECT_BYTES_MAX);
    for (const { index } of spread.names) (spread.relayed ? spread.pending : spread.direct).add(index);
    if (!spread.relayed) return;
    spread.readyByMicros = clock.now() + EXCHANGE_READY_MICROS;
    this.dispatch.add(spread);
    this.options.wake();
  }

  private offerMore(peer: NodeId): void {
    const { notes, clock, targets } = this.options;
    const receiver = this.receivers.get(peer);
    if (receiver === undefined || receiver.next >= this.sequence || !targets().includes(peer)) return;
    while (receiver.next < this.sequence) {
      if (receiver.openBytes >= EXCHANGE_OFFERED_BYTES_MAX || receiver.open.size >= EXCHANGE_OFFERED_ROOTS_MAX) break;
      const spread = this.bySequence.get(receiver.next++);
      if (spread === undefined) continue;
      receiver.open.set(spread.root, clock.now());
      receiver.openBytes += spread.commitment.lengthBytes;
      spread.asked.add(peer);
      this.answering.add(spread);
      notes.post(peer, { type: 'offer', root: spread.root });
    }
    this.options.wake();
  }

  private answered(peer: NodeId, spread: Spread): boolean {
    const asked = spread.asked.delete(peer);
    if (spread.asked.size === 0) this.answering.delete(spread);
    return asked;
  }

  /** When nobody wants a body any more, nothing of it need stay in memory. */
  private settle({ asked, wanting, names }: Spread): void {
    if (asked.size === 0 && wanting.size === 0) this.options.settled(names);
  }

  private endOpen(receiver: Receiver, spread: Spread): boolean {
    if (!receiver.open.delete(spread.root)) return false;
    receiver.openBytes -= spread.commitment.lengthBytes;
    return true;
  }
}
