import { BoundedMap } from '../../bounded-map.ts';
import type { Hex } from '../../crypto/index.ts';
import type { Environment, Micros, NodeId, PeerEvent, Timer } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import { EXCHANGE_ROOTS_MAX, EXCHANGE_TICK_MICROS, PAYLOAD_CHUNK_BYTES } from '../../limits.ts';
import { ChunkFrames } from './exchange-frames.ts';
import type { IncomingBody } from './exchange-incoming.ts';
import { Intake } from './exchange-intake.ts';
import { Lanes } from './exchange-lanes.ts';
import { ChunkNames } from './exchange-names.ts';
import { NotePost } from './exchange-notes.ts';
import { Puller } from './exchange-puller.ts';
import { Relays } from './exchange-relays.ts';
import { ChunkServer } from './exchange-server.ts';
import type { Spread } from './exchange-spread.ts';
import { Spreader } from './exchange-spreader.ts';
import { chunkFrameBytes, decodeNotes, type Note, PAYLOAD_PROTOCOLS } from './exchange-wire.ts';
import type { MemoryBudget, ObtainOptions, PayloadCommitment, PayloadExchange, PayloadStore } from './payload.ts';
import { chunkCountOf, chunkLengthOf } from './payload-tree.ts';

export interface PayloadExchangeOptions {
  readonly environment: Environment;
  readonly store: PayloadStore;
  /** Chunks that are being stored or sent are taken from it. */
  readonly budget: MemoryBudget;
  /** Who seals the next block. */
  readonly sealers: () => readonly NodeId[];
}

/** Who holds a body: a quorum of the sealers, by the word of who spreads it, or fewer as far as is known. */
export type Reach = 'quorum' | 'fewer';

/** An exchange that tells how much it has to do. */
export interface ObservedPayloadExchange extends PayloadExchange {
  /** Bytes of chunks that wait to be sent to peers that take them. */
  readonly backlogBytes: number;
  /** What is known of a body's way to a quorum; undefined when nobody who is connected spreads it. */
  reachOf(root: Hex): Reach | undefined;
  /** Whether somebody who is connected has offered a body that is not whole here. */
  isOffered(root: Hex): boolean;
  /** Bytes that this node's line delivers in such a time, as far as is known. */
  carries(micros: Micros, unknown: number): number;
}

/** Makes a node's exchange of payload bodies. Its rules are numbered in docs/reference/dissemination.md. */
export function createPayloadExchange(options: PayloadExchangeOptions): ObservedPayloadExchange {
  return new Exchange(options);
}

class Exchange implements ObservedPayloadExchange {
  private readonly options: PayloadExchangeOptions;
  private readonly names = new ChunkNames();
  private readonly notes: NotePost;
  private readonly frames: ChunkFrames;
  private readonly lanes: Lanes;
  private readonly intake: Intake;
  private readonly relays: Relays;
  private readonly puller: Puller;
  private readonly spreader: Spreader;
  private readonly server: ChunkServer;
  /** Bodies that a quorum holds, by the word of who spreads them. */
  private readonly settled = new BoundedMap<Hex, true>(EXCHANGE_ROOTS_MAX);
  /** Who spreads a body that is whole here. */
  private readonly sources = new BoundedMap<Hex, NodeId>(EXCHANGE_ROOTS_MAX);
  private ticker: Timer | undefined;
  private closed = false;
  private sealing: { readonly list: readonly NodeId[]; readonly set: ReadonlySet<NodeId> } = { list: [], set: new Set() };

  constructor(options: PayloadExchangeOptions) {
    this.options = options;
    const { store, budget, sealers } = options;
    const { network, clock, log, metrics } = options.environment;
    const shared = { network, clock, log, metrics, store, budget, sealers };
    const nameOf = (root: Hex, index: number) => this.names.of(root, index);
    const wake = () => this.wake();
    this.notes = new NotePost({ network, clock, creditOf: (peer) => this.intake.creditOf(peer) });
    const { notes } = this;
    this.frames = new ChunkFrames(store, budget, ({ root, index }) => this.intake.get(root)?.gathered.get(index)?.frame);
    this.lanes = new Lanes({ ...shared, frames: this.frames });
    const { lanes, frames } = this;
    this.relays = new Relays({
      ...{ metrics, lanes, frames, notes },
      pendingBytes: () => this.spreader.pendingBytes,
      sealers: () => this.connectedSealers(),
    });
    this.intake = new Intake({
      ...shared,
      notes,
      welcomesRelays: () => this.relays.welcome,
      relay: (from, { root, needed }, index, frame) => this.relays.take(from, nameOf(root, index), { frame, needed }),
      attend: (body) => this.puller.attend(body),
      wake,
      relieve: () => frames.clear(),
      arrived: (body, index, from) => this.puller.arrived(body, index, from),
      whole: (body) => this.whole(body),
    });
    this.puller = new Puller({ ...shared, notes, intake: this.intake, wake });
    const frameBytes = (commitment: PayloadCommitment, index: number) => frameBytesOf(commitment.lengthBytes, index);
    this.spreader = new Spreader({
      ...{ ...shared, lanes, notes, nameOf, frameBytes, wake },
      targets: () => this.targets(),
      held: (spread, peer) => this.tellSettled(spread, peer),
      settled: (names) => {
        for (const name of names) frames.drop(name);
      },
    });
    const incoming = (root: Hex) => this.intake.get(root);
    this.server = new ChunkServer({
      metrics,
      lanes,
      notes,
      store,
      nameOf,
      incoming,
      spreader: this.spreader,
      frameBytesMax: FRAME_BYTES_MAX,
    });
  }

  get backlogBytes(): number {
    return this.lanes.backlogBytes;
  }

  reachOf(root: Hex): Reach | undefined {
    // With nobody connected there is nobody to hear from.
    if (this.connectedSealers().length === 0) return undefined;
    if (this.settled.get(root) === true) return 'quorum';
    const spread = this.spreader.get(root);
    if (spread !== undefined) return this.isSettled(spread) ? 'quorum' : 'fewer';
    const source = this.sources.get(root);
    return source !== undefined && this.lanes.get(source) !== undefined ? 'fewer' : undefined;
  }

  isOffered(root: Hex): boolean {
    return (this.intake.get(root)?.offers.size ?? 0) > 0;
  }

  carries(micros: Micros, unknown: number): number {
    return this.lanes.carries(micros, unknown);
  }

  register(): void {
    const { network } = this.options.environment;
    network.onFrame(PAYLOAD_PROTOCOLS.chunk, (from, frame) => this.closed || this.intake.receive(from, frame, false));
    network.onFrame(PAYLOAD_PROTOCOLS.relay, (from, frame) => this.closed || this.intake.receive(from, frame, true));
    network.onFrame(PAYLOAD_PROTOCOLS.notes, (from, frame) => this.closed || this.receiveNotes(from, frame));
    network.onPeer((event) => this.closed || this.peerChanged(event));
    for (const peer of network.peers()) this.connected(peer);
  }

  spread(commitment: PayloadCommitment): void {
    if (this.closed) return;
    const body = this.intake.get(commitment.root);
    if (body !== undefined) this.intake.checkHeld(body);
    const count = chunkCountOf(commitment.lengthBytes);
    const names = Array.from({ length: count }, (_, index) => this.names.of(commitment.root, index));
    this.spreader.spread(commitment, names);
  }

  async obtain(commitment: PayloadCommitment, from: readonly NodeId[], options: ObtainOptions = {}): Promise<void> {
    const { store, environment } = this.options;
    if (store.holds(commitment.root)) return;
    if (this.closed)
      throw new TreadleError('PAYLOAD_MISSING', { detail: 'the exchange is closed', data: { root: commitment.root } });
    await environment.track(`body ${commitment.root}`, this.puller.obtain(commitment, from, options));
  }

  expect(commitment: PayloadCommitment): void {
    if (!this.closed) this.intake.track(commitment, true);
  }

  release(root: Hex): void {
    const body = this.intake.get(root);
    if (body !== undefined) this.puller.release(body, 'nothing needs it any more');
    this.intake.release(root);
    this.spreader.release(root);
    this.settled.delete(root);
    this.sources.delete(root);
    for (const name of this.names.forget(root)) this.frames.drop(name);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    if (this.ticker !== undefined) this.options.environment.clock.cancel(this.ticker);
    this.puller.close();
    this.lanes.close();
    this.spreader.close();
    this.intake.clear();
    this.notes.close();
    this.frames.clear();
  }

  // --- what peers say ------------------------------------------------------------------------

  private receiveNotes(from: NodeId, frame: Uint8Array): void {
    let notes: readonly Note[];
    try {
      notes = decodeNotes(frame);
    } catch (error) {
      this.options.environment.network.penalise(from, error instanceof TreadleError ? error.detail : String(error));
      return;
    }
    for (const note of notes) this.receiveNote(from, note);
  }

  private receiveNote(from: NodeId, note: Note): void {
    switch (note.type) {
      case 'offer':
        return this.intake.offered(from, note.root);
      case 'ready':
        if (note.missing.size === 0) this.cancel(from, note.root);
        return this.spreader.ready(from, note.root, note.missing, note.relays);
      case 'pull':
        return this.server.pulled(from, note.root, { wanted: note.missing, needed: true });
      case 'lack':
        return this.server.pulled(from, note.root, { wanted: note.missing, needed: false });
      case 'settled':
        return this.noteSettled(from, note.root);
      case 'later':
        this.spreader.later(from, note.root);
        return this.puller.later(from, note.root, note.missing);
      case 'none':
        return this.puller.none(from, note.root, note.missing);
      case 'relayed':
        return this.spreader.relayed(from, note.root, note.index, note.done);
      case 'credit':
        this.lanes.credit(from, note.bytes);
        return this.spreader.resume();
    }
  }

  /** The body is whole at this peer: what waits for it there, pulled or passed on for somebody else, need not be sent. */
  private cancel(peer: NodeId, root: Hex): void {
    for (const name of this.names.all(root)) this.lanes.get(peer)?.cancel(name);
  }

  private peerChanged(event: PeerEvent): void {
    if (event.type === 'connected') this.connected(event.peer);
    if (event.type === 'disconnected') this.disconnected(event.peer);
  }

  private connected(peer: NodeId): void {
    this.lanes.connected(peer);
    this.intake.connected(peer);
    this.spreader.connected(peer);
  }

  private disconnected(peer: NodeId): void {
    this.notes.forget(peer);
    this.lanes.disconnected(peer);
    this.spreader.disconnected(peer);
    this.intake.disconnected(peer);
    this.puller.disconnected(peer);
  }

  // --- within --------------------------------------------------------------------------------

  /** A sealer that got a body from somebody who reaches few of the others spreads it further. */
  private whole(body: IncomingBody): void {
    const source = body.provider;
    if (source !== undefined) this.sources.set(body.root, source);
    const { self } = this.options.environment.network;
    if (!this.isSealer(self) || body.offers.size === 0 || [...body.offers].some((peer) => this.isSealer(peer))) return;
    this.spread(body.commitment);
  }

  /** Whether a quorum holds a body that this node spreads: this node and so many others. */
  private isSettled({ holders }: Spread): boolean {
    const { environment, sealers } = this.options;
    const others = Math.floor((2 * sealers().length) / 3);
    return holders.size >= (this.isSealer(environment.network.self) ? others : others + 1);
  }

  /** Tells the sealers once that a quorum holds a body: whoever proposes may name it from then on. */
  private tellSettled(spread: Spread, peer: NodeId): void {
    if (!this.isSettled(spread)) return;
    // Who holds it later than the quorum, because it connected later say, has perhaps not been told.
    const to = this.settled.get(spread.root) === true ? [peer] : this.targets();
    this.settled.set(spread.root, true);
    for (const each of to) this.notes.post(each, { type: 'settled', root: spread.root });
  }

  private noteSettled(from: NodeId, root: Hex): void {
    if (this.isSealer(from) || this.sources.get(root) === from) this.settled.set(root, true);
  }

  private targets(): readonly NodeId[] {
    const sealers = this.connectedSealers();
    return sealers.length > 0 ? sealers : this.options.environment.network.peers();
  }

  private connectedSealers(): readonly NodeId[] {
    return this.options.environment.network.peers().filter((peer) => this.isSealer(peer));
  }

  private isSealer(peer: NodeId): boolean {
    const list = this.options.sealers();
    if (this.sealing.list !== list) this.sealing = { list, set: new Set(list) };
    return this.sealing.set.has(peer);
  }

  /** Looks soon, and as long as there is something to look at. */
  private wake(): void {
    if (this.closed || this.ticker !== undefined) return;
    const look = (): void => {
      this.ticker = undefined;
      const open = [this.puller.tick(), this.spreader.tick(), this.intake.tick()];
      if (open.includes(true)) this.wake();
    };
    this.ticker = this.options.environment.clock.set(EXCHANGE_TICK_MICROS, look, 'payload exchange');
  }
}

/** Hashes in the proof of a chunk of the largest body. */
const PROOF_HASHES = 6;
const FRAME_BYTES_MAX = chunkFrameBytes(PAYLOAD_CHUNK_BYTES, PROOF_HASHES);

function frameBytesOf(lengthBytes: number, index: number): number {
  return chunkFrameBytes(chunkLengthOf(lengthBytes, index), Math.ceil(Math.log2(chunkCountOf(lengthBytes))));
}
