import type { Hex } from '../../crypto/index.ts';
import type { Clock, Logger, Metrics, Network, NodeId } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import {
  EXCHANGE_GATHER_BUDGET_SHARE,
  EXCHANGE_GATHER_MICROS,
  EXCHANGE_OFFERS_KEPT_MAX,
  EXCHANGE_ROOTS_MAX,
  PAYLOAD_SEGMENT_CHUNKS_MAX,
} from '../../limits.ts';
import { ChunkSet } from './exchange-chunk-set.ts';
import { type Gathered, IncomingBody } from './exchange-incoming.ts';
import { Inflow } from './exchange-inflow.ts';
import type { NotePost } from './exchange-notes.ts';
import { type ChunkFrame, decodeChunkFrame } from './exchange-wire.ts';
import type { MemoryBudget, PayloadChunk, PayloadCommitment, PayloadStore } from './payload.ts';
import { chunkFault } from './payload-tree.ts';

export interface IntakeOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly store: PayloadStore;
  readonly budget: MemoryBudget;
  readonly notes: NotePost;
  /** Whether this node would pass chunks on just now. */
  readonly welcomesRelays: () => boolean;
  /** A checked chunk that its sender wants passed on. */
  readonly relay: (from: NodeId, body: IncomingBody, index: number, frame: Uint8Array) => void;
  /** Something about a body changed that the pulls must look at. */
  readonly attend: (body: IncomingBody) => void;
  /** A chunk of the body came from this peer. */
  readonly arrived: (body: IncomingBody, index: number, from: NodeId) => void;
  /** Memory runs short: whatever can be read again need not be kept. */
  readonly relieve: () => void;
  /** Asks for a call of {@link Intake.tick} soon. */
  readonly wake: () => void;
  /** A body became whole. */
  readonly whole: (body: IncomingBody) => void;
}

/** Takes chunks in: only for bodies that are expected, only inside the window, each checked before it is kept. */
export class Intake {
  private readonly options: IntakeOptions;
  private readonly bodies = new Map<Hex, IncomingBody>();
  private readonly inflows = new Map<NodeId, Inflow>();
  /** Bodies with chunks that wait for their neighbours. */
  private readonly gathering = new Set<IncomingBody>();
  /** Offers of bodies whose transactions are not known yet. */
  private readonly early = new Map<NodeId, Set<Hex>>();

  constructor(options: IntakeOptions) {
    this.options = options;
  }

  get(root: Hex): IncomingBody | undefined {
    return this.bodies.get(root);
  }

  connected(peer: NodeId): void {
    this.inflows.set(peer, new Inflow());
    this.early.delete(peer);
  }

  disconnected(peer: NodeId): void {
    this.inflows.delete(peer);
    this.early.delete(peer);
    for (const body of this.bodies.values()) {
      body.offers.delete(peer);
      if (body.provider !== peer) continue;
      body.provider = undefined;
      const [next] = body.offers;
      if (next !== undefined) this.grant(body, next);
    }
  }

  /** What may be acknowledged to a peer. */
  creditOf(peer: NodeId): number {
    return this.inflows.get(peer)?.credit() ?? 0;
  }

  /** Chunks of this body are welcome from now on; undefined when it is held already, or there are too many. */
  track(commitment: PayloadCommitment, expected: boolean): IncomingBody | undefined {
    const { store, clock, metrics } = this.options;
    const { root } = commitment;
    const known = this.bodies.get(root);
    if (known !== undefined) {
      known.expected ||= expected;
      return known;
    }
    const held = store.holds(root);
    if (!held && this.bodies.size >= EXCHANGE_ROOTS_MAX) {
      metrics.count('payload_roots_refused_total');
      return undefined;
    }
    const missing = held ? new ChunkSet() : ChunkSet.of(store.missing(commitment));
    const body = new IncomingBody(commitment, missing, { expected, now: clock.now() });
    if (!held) this.bodies.set(root, body);
    for (const [peer, roots] of this.early) if (roots.delete(root)) this.offered(peer, root);
    return held ? undefined : body;
  }

  /** A peer holds a body and would send it. The first one is asked to. */
  offered(from: NodeId, root: Hex): void {
    const { store, notes } = this.options;
    const body = this.bodies.get(root);
    if (store.holds(root)) {
      notes.post(from, { type: 'ready', root, missing: new ChunkSet(), relays: this.options.welcomesRelays() });
    } else if (body === undefined) {
      this.keepOffer(from, root);
    } else {
      body.offers.add(from);
      if (body.provider === undefined || body.provider === from) this.grant(body, from);
      else notes.post(from, { type: 'later', root, missing: body.missing });
      this.options.attend(body);
    }
  }

  /** Tells the provider what is still missing. */
  refresh(body: IncomingBody): void {
    body.providerBehind = false;
    const { provider, root, missing } = body;
    if (provider === undefined) return;
    this.options.notes.post(provider, { type: 'ready', root, missing, relays: this.options.welcomesRelays() });
  }

  forget(body: IncomingBody): void {
    this.bodies.delete(body.root);
    // What has come of it was paid for: the store keeps it for the next one who asks.
    this.write(body, () => true);
  }

  /** Writes what has waited long enough for its neighbours; false when nothing waits. */
  tick(): boolean {
    const { clock } = this.options;
    for (const body of [...this.gathering]) {
      if (clock.now() - body.lastArrivalMicros >= EXCHANGE_GATHER_MICROS) this.write(body, () => true);
    }
    return this.gathering.size > 0;
  }

  clear(): void {
    for (const body of this.gathering) this.discard(body);
    this.bodies.clear();
    this.inflows.clear();
    this.early.clear();
  }

  /** Nothing of a body is expected any more. */
  release(root: Hex): void {
    const body = this.bodies.get(root);
    if (body !== undefined) this.discard(body);
    this.bodies.delete(root);
    for (const roots of this.early.values()) roots.delete(root);
  }

  /** A body may have become whole by another way, from a client say. */
  checkHeld(body: IncomingBody): boolean {
    if (this.bodies.get(body.root) !== body || !this.options.store.holds(body.root)) return false;
    this.finish(body);
    return true;
  }

  receive(from: NodeId, frame: Uint8Array, relay: boolean): void {
    const { network, metrics, notes } = this.options;
    const inflow = this.inflows.get(from);
    if (inflow === undefined) return;
    let content: ChunkFrame;
    try {
      content = decodeChunkFrame(frame);
    } catch (error) {
      network.penalise(from, error instanceof TreadleError ? error.detail : String(error));
      return;
    }
    notes.creditDue(from);
    if (content.type === 'sync') return inflow.sync(content.sentBytes);
    inflow.received(frame.length);
    if (inflow.isTooMuch) {
      metrics.count('payload_window_ignored_total');
      network.penalise(from, 'sends more of bodies than its window allows');
      return;
    }
    metrics.count('payload_chunks_received_total');
    metrics.count('payload_received_bytes', frame.length);
    this.take({ from, frame, relay, inflow, ...content });
  }

  private take(arrival: Arrival): void {
    const { network, metrics, notes, store } = this.options;
    const { from, root, chunk, relay } = arrival;
    const body = this.bodies.get(root);
    const isNew = body?.missing.has(chunk.index) ?? false;
    if (body === undefined || (!isNew && !relay)) {
      metrics.count(body === undefined ? 'payload_chunks_refused_total' : 'payload_chunks_twice_total');
      if (relay) notes.post(from, { type: 'relayed', root, index: chunk.index, done: false });
      // Who does not know that the body is whole here has perhaps more of it in the queue.
      else if (store.holds(root))
        notes.post(from, { type: 'ready', root, missing: new ChunkSet(), relays: this.options.welcomesRelays() });
      if (arrival.inflow.wasted()) network.penalise(from, 'sends chunks that nobody asked for');
      return;
    }
    const fault = chunkFault(body.commitment, chunk);
    if (fault !== undefined) {
      metrics.count('payload_chunks_bad_total');
      network.penalise(from, `sent a bad chunk: ${fault}`);
      return;
    }
    if (isNew && !this.keep(body, arrival)) {
      if (relay) notes.post(from, { type: 'relayed', root, index: chunk.index, done: false });
      return;
    }
    if (!isNew) metrics.count('payload_chunks_twice_total');
    if (relay) this.options.relay(from, body, chunk.index, arrival.frame);
  }

  /** Takes a checked chunk; false when there is no memory for it now. */
  private keep(body: IncomingBody, { from, frame, chunk, inflow }: Arrival): boolean {
    const { budget, metrics, clock, notes } = this.options;
    const giveBack = budget.take(frame.length);
    if (giveBack === undefined) {
      metrics.count('payload_memory_refused_total');
      this.options.relieve();
      this.writeGathered();
      return false;
    }
    const handOver = () => {
      inflow.storing(frame.length);
      return () => {
        giveBack();
        inflow.stored(frame.length);
        if (this.inflows.get(from) === inflow) notes.creditDue(from);
      };
    };
    body.missing.delete(chunk.index);
    body.storing++;
    inflow.used();
    body.lastArrivalMicros = clock.now();
    body.gathered.set(chunk.index, { chunk, frame, handOver, giveBack });
    this.options.arrived(body, chunk.index, from);
    this.gathering.add(body);
    this.options.wake();
    const full = budget.usedBytes > EXCHANGE_GATHER_BUDGET_SHARE * budget.limitBytes;
    if (full || isGroupWhole(body, chunk.index)) this.write(body, full ? () => true : sameGroup(chunk.index));
    return true;
  }

  /** Memory runs short: what is gathered is written as it is. */
  private writeGathered(): void {
    for (const body of [...this.gathering]) this.write(body, () => true);
  }

  /** Hands gathered chunks to the store, neighbours in one go, so that they become one write. */
  private write(body: IncomingBody, wanted: (index: number) => boolean): void {
    const chunks = [...body.gathered.values()].filter(({ chunk }) => wanted(chunk.index));
    chunks.sort((left, right) => left.chunk.index - right.chunk.index);
    for (const gathered of chunks) {
      body.gathered.delete(gathered.chunk.index);
      void this.store(body, gathered.chunk).finally(gathered.handOver());
    }
    if (chunks.length > 0 && !isGroupWhole(body, (chunks[0] as Gathered).chunk.index))
      this.options.metrics.count('payload_groups_split_total');
    if (body.gathered.size === 0) this.gathering.delete(body);
  }

  private async store(body: IncomingBody, chunk: PayloadChunk): Promise<void> {
    const { store, log } = this.options;
    try {
      await store.putChunk(body.commitment, chunk);
    } catch (error) {
      // It was checked before: this is the disk.
      log.error('payload-chunk-not-stored', { root: body.root, chunk: chunk.index, reason: String(error) });
      body.missing.add(chunk.index);
      if (this.bodies.get(body.root) === body) this.options.attend(body);
    }
    body.storing--;
    if (body.whole && this.bodies.get(body.root) === body) this.finish(body);
  }

  private finish(body: IncomingBody): void {
    const { notes, metrics } = this.options;
    const { root } = body;
    this.bodies.delete(root);
    for (const peer of new Set([...body.offers, ...body.asked])) {
      notes.post(peer, { type: 'ready', root, missing: new ChunkSet(), relays: this.options.welcomesRelays() });
    }
    metrics.count('payload_bodies_whole_total');
    for (const { resolve } of body.waiters) resolve();
    body.waiters.clear();
    this.options.whole(body);
  }

  private discard(body: IncomingBody): void {
    for (const { giveBack } of body.gathered.values()) giveBack();
    body.gathered.clear();
    this.gathering.delete(body);
  }

  private grant(body: IncomingBody, peer: NodeId): void {
    body.provider = peer;
    body.lastArrivalMicros = this.options.clock.now();
    this.refresh(body);
  }

  private keepOffer(from: NodeId, root: Hex): void {
    let roots = this.early.get(from);
    if (roots === undefined) {
      roots = new Set();
      this.early.set(from, roots);
    }
    roots.delete(root);
    roots.add(root);
    // A peer that offers more than it may loses its own oldest offers.
    const [oldest] = roots;
    if (roots.size > EXCHANGE_OFFERS_KEPT_MAX) roots.delete(oldest as Hex);
  }
}

/** A chunk at the door. */
interface Arrival {
  readonly from: NodeId;
  readonly frame: Uint8Array;
  readonly relay: boolean;
  readonly inflow: Inflow;
  readonly root: Hex;
  readonly chunk: PayloadChunk;
}

/** Chunks that are written together: as many as the store puts into one file, from a multiple of that on. */
function sameGroup(index: number): (other: number) => boolean {
  const group = Math.floor(index / PAYLOAD_SEGMENT_CHUNKS_MAX);
  return (other) => Math.floor(other / PAYLOAD_SEGMENT_CHUNKS_MAX) === group;
}

function isGroupWhole(body: IncomingBody, index: number): boolean {
  const inGroup = sameGroup(index);
  for (const missing of body.missing) if (inGroup(missing)) return false;
  return true;
}
