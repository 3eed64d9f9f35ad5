import { TreadleError } from '../../errors.ts';
import { PEERS_MAX } from '../../limits.ts';
import type {
  Admission,
  Clock,
  Contact,
  FrameHandler,
  Handshake,
  Logger,
  Metrics,
  Network,
  NodeId,
  PeerEvent,
  Priority,
  RequestHandler,
  RequestOptions,
} from '../environment.ts';
import { PeerEvents } from '../peer-events.ts';
import { PeerSession } from '../peer-session.ts';
import { checkFrameSize, ProtocolHandlers } from '../protocol-handlers.ts';
import type { Side } from './connection-side.ts';
import type { Fabric } from './fabric.ts';
import { type Incarnation, never } from './incarnation.ts';
import { SimConnection } from './sim-connection.ts';
import { EventKind } from './sim-event.ts';

export interface SimNetworkDependencies {
  readonly life: Incarnation;
  readonly fabric: Fabric;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

const ADDRESS_PREFIX = 'sim:';

/** The network as one life of a simulated node sees it. */
export class SimNetwork implements Network {
  readonly self: NodeId;
  readonly life: Incarnation;
  private readonly with: SimNetworkDependencies;
  private readonly handlers = new ProtocolHandlers();
  private readonly events = new PeerEvents((action) => void this.life.after(0, EventKind.link, action));
  /** The open connections, this node's side of each. */
  private readonly sides = new Map<NodeId, Side>();
  private handshake: Handshake | undefined;

  constructor(dependencies: SimNetworkDependencies) {
    this.with = dependencies;
    this.life = dependencies.life;
    this.self = dependencies.life.node;
    dependencies.fabric.attach(this);
  }

  addresses(): readonly string[] {
    return [`${ADDRESS_PREFIX}${this.self}`];
  }

  peers(): readonly NodeId[] {
    return [...this.sides.keys()];
  }

  async start(handshake: Handshake): Promise<void> {
    this.handshake = handshake;
  }

  async stop(): Promise<void> {
    this.handshake = undefined;
    for (const peer of this.peers()) this.disconnect(peer, 'the node stopped');
  }

  connect(contact: Contact): Promise<void> {
    if (!this.life.alive) return never();
    if (this.handshake === undefined) return Promise.reject(new TreadleError('NETWORK_NOT_STARTED'));
    if (this.sides.has(contact.node)) return Promise.resolve();
    const address = contact.addresses.find((candidate) => candidate.startsWith(ADDRESS_PREFIX));
    const answering = address?.slice(ADDRESS_PREFIX.length) as NodeId | undefined;
    const listener = answering === undefined ? undefined : this.with.fabric.network(answering);
    if (answering === undefined || listener === undefined || answering === this.self) {
      return this.afterRoundTrip(
        contact.node,
        new TreadleError('NETWORK_UNREACHABLE', { detail: `nobody answers at ${address ?? 'no address'}` }),
      );
    }
    if (answering !== contact.node) {
      const detail = `${answering} answers at the address of ${contact.node}`;
      return this.afterRoundTrip(
        contact.node,
        new TreadleError('NETWORK_WRONG_PEER', { detail, data: { expected: contact.node, found: answering } }),
      );
    }
    const existing = this.with.fabric.connectionBetween(this.self, contact.node);
    if (existing?.involves(this) && existing.involves(listener) && existing.stateOf(this) !== 'closed')
      return existing.wait(this);
    const connection = new SimConnection(this.with.fabric, this, listener);
    this.with.fabric.remember(connection);
    const outcome = connection.wait(this);
    connection.dial();
    return outcome;
  }

  disconnect(peer: NodeId, reason: string): void {
    this.sides.get(peer)?.connection.close(this, reason, `closed by the peer: ${reason}`);
  }

  send(to: NodeId, protocol: string, frame: Uint8Array, priority: Priority = 'bulk'): void {
    checkFrameSize(protocol, frame);
    if (!this.life.alive) return;
    const session = this.sides.get(to)?.session;
    if (session === undefined) this.with.metrics.count('network_frames_dropped_total');
    else session.send(protocol, frame, priority);
  }

  request(to: NodeId, protocol: string, body: Uint8Array, options: RequestOptions = {}): Promise<Uint8Array> {
    if (!this.life.alive) return never();
    try {
      checkFrameSize(protocol, body);
    } catch (error) {
      return Promise.reject(error);
    }
    const session = this.sides.get(to)?.session;
    if (session !== undefined) return session.request(protocol, body, options);
    return Promise.reject(new TreadleError('NETWORK_UNREACHABLE', { detail: `${to} is not connected`, data: { peer: to } }));
  }

  onFrame(protocol: string, handler: FrameHandler): void {
    this.handlers.onFrame(protocol, handler);
  }

  onRequest(protocol: string, handler: RequestHandler): void {
    this.handlers.onRequest(protocol, handler);
  }

  onPeer(listener: (event: PeerEvent) => void): void {
    this.events.listen(listener);
  }

  penalise(peer: NodeId, reason: string): void {
    this.with.metrics.count('network_peers_penalised_total');
    this.with.log.warn('peer_dropped', { peer, reason });
    this.disconnect(peer, reason);
  }

  // --- what connections tell -----------------------------------------------------------------

  /** Whether a dial finds somebody here. */
  get accepting(): boolean {
    return this.life.alive && this.handshake !== undefined;
  }

  hello(): Uint8Array {
    if (this.handshake === undefined) throw new TreadleError('NETWORK_NOT_STARTED');
    return this.handshake.hello();
  }

  judge(peer: NodeId, hello: Uint8Array): Admission | Promise<Admission> {
    if (this.handshake === undefined) return { admitted: false, reason: 'the node stopped' };
    if (this.sides.size >= PEERS_MAX) return { admitted: false, reason: 'the node has as many peers as it takes' };
    return this.handshake.admit(peer, hello);
  }

  opened(peer: NodeId, side: Side, hello: Uint8Array): void {
    if (!this.life.alive) return;
    const stale = this.sides.get(peer);
    stale?.connection.close(this, 'replaced by a new connection', 'replaced by a new connection');
    side.session = new PeerSession({
      peer,
      handlers: this.handlers,
      clock: this.with.clock,
      log: this.with.log,
      metrics: this.with.metrics,
      transmit: (message, priority) => side.connection.transmit(side, message, priority),
      drop: (reason) => this.penalise(peer, reason),
      fatal: (error) => this.stopWorld(error),
    });
    this.sides.set(peer, side);
    this.events.now({ type: 'connected', peer, hello });
  }

  closed(peer: NodeId, side: Side, reason: string): void {
    if (!this.life.alive || this.sides.get(peer) !== side) return;
    this.sides.delete(peer);
    side.session?.close(reason);
    this.events.soon({ type: 'disconnected', peer, reason });
  }

  refused(peer: NodeId, reason: string): void {
    if (!this.life.alive) return;
    this.with.metrics.count('network_connections_refused_total');
    this.with.log.warn('connection_refused', { peer, reason });
    this.events.now({ type: 'refused', peer, reason });
  }

  logFailure(peer: NodeId, error: unknown): void {
    this.with.log.error('handshake_failed', { peer, error: String(error) });
  }

  countDrop(peer: NodeId): void {
    this.with.metrics.count('network_frames_dropped_total');
    this.with.log.debug('frame_dropped', { peer });
  }

  private afterRoundTrip(to: NodeId, error: TreadleError): Promise<never> {
    const delay = this.with.fabric.link(this.self, to).latency() + this.with.fabric.link(to, this.self).latency();
    return this.life.later<never>(Math.max(1, delay), EventKind.link, () => {
      throw error;
    });
  }

  /** An invariant is broken: the run ends with the error. */
  private stopWorld(error: unknown): void {
    this.life.after(0, EventKind.link, () => {
      throw error;
    });
  }
}
