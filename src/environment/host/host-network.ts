import type { Libp2p } from 'libp2p';
import { hasCode, TreadleError } from '../../errors.ts';
import { HANDSHAKES_MAX, HELLO_TIMEOUT_MICROS, PEERS_MAX } from '../../limits.ts';
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
import { BULK_PROTOCOL, CONTROL_PROTOCOL, channelsOver, dial, openChannels, type Shape, unreachable } from './dial.ts';
import { createNode, type HostNetworkOptions, type ListenOptions, startNode } from './libp2p-node.ts';
import type { Connection, Stream } from './libp2p-types.ts';
import { type ConnectionOwner, type Outcome, PeerConnection } from './peer-connection.ts';
import { nodeOf } from './peer-identity.ts';
import { watchSilence } from './silence-watch.ts';

const PORT_MAX = 65_535;

export interface HostNetworkDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/**
 * The network over libp2p: TCP, Noise (which proves the peer's key), yamux. libp2p connects and encrypts; who is let
 * in, what is said and when a connection ends is decided here.
 *
 * When two nodes dial each other at once, the one with the lower name decides which connection is kept: it declines the
 * other's connection while its own is shaking hands or an open one is alive; the other node never closes either on that account.
 */
export class HostNetwork implements Network, ConnectionOwner {
  readonly self: NodeId;
  readonly clock: Clock;
  private readonly options: HostNetworkOptions;
  private readonly with: HostNetworkDependencies;
  private readonly shape: Shape;
  private readonly handlers = new ProtocolHandlers();
  private readonly events = new PeerEvents(queueMicrotask);
  private readonly sessions = new Map<NodeId, { readonly connection: PeerConnection; readonly session: PeerSession }>();
  private readonly dials = new Map<NodeId, Promise<void>>();
  /** Peers with whom a connection that we dialled is shaking hands. */
  private readonly outbound = new Set<NodeId>();
  /** Handshakes of peers that dialled us. */
  private readonly inbound = new Map<NodeId, PeerConnection>();
  /** Control streams of inbound connections whose bulk stream has not come yet. */
  private readonly halves = new Map<string, Stream>();
  private readonly openWaiters = new Map<NodeId, Set<() => void>>();
  private libp2p: Libp2p | undefined;
  private handshake: Handshake | undefined;
  private endWatch: () => void = () => {};

  constructor(options: HostNetworkOptions, dependencies: HostNetworkDependencies) {
    this.options = options;
    this.with = dependencies;
    this.clock = dependencies.clock;
    this.shape = { clock: dependencies.clock, ...(options.shaping && { shaping: options.shaping }) };
    this.self = options.key.address;
  }

  addresses(): readonly string[] {
    return this.libp2p?.getMultiaddrs().map(String) ?? [];
  }

  peers(): readonly NodeId[] {
    return [...this.sessions.keys()];
  }

  async start(handshake: Handshake): Promise<void> {
    if (this.libp2p !== undefined) throw new TreadleError('NETWORK_NOT_STARTED', { detail: 'the network was started before' });
    this.handshake = handshake;
    try {
      await this.listen(this.options.listen);
    } catch (error) {
      this.handshake = undefined;
      throw error;
    }
    this.endWatch = watchSilence(this.clock, () => [...this.sessions.values()].map(({ connection }) => connection));
  }

  /** To look for a free port first would be a race with every other program that does: only listening tells. */
  private async listen(wanted: ListenOptions | undefined): Promise<void> {
    const { port = 0, portTries = 1 } = wanted ?? {};
    const last = port === 0 ? 0 : Math.min(port + portTries - 1, PORT_MAX);
    for (let candidate = port; ; candidate++) {
      const listen = wanted && { ...wanted, port: candidate };
      this.libp2p = await this.createNode(listen);
      try {
        return await startNode(this.libp2p, listen);
      } catch (error) {
        if (!hasCode(error, 'NETWORK_ADDRESS_TAKEN') || candidate >= last) throw error;
      }
    }
  }

  private async createNode(listen: ListenOptions | undefined): Promise<Libp2p> {
    const libp2p = await createNode({ key: this.options.key, ...(listen && { listen }) }, (from, reason) => {
      this.with.metrics.count('network_connections_refused_total');
      this.with.log.warn('connection_refused', { from, reason: `no connection came about: ${reason}` });
    });
    libp2p.addEventListener('connection:open', (event) => this.expectHello(event.detail));
    await libp2p.handle(CONTROL_PROTOCOL, (stream, connection) => this.receiveControl(stream, connection), {
      maxInboundStreams: 1,
    });
    await libp2p.handle(BULK_PROTOCOL, (stream, connection) => this.receiveBulk(stream, connection), { maxInboundStreams: 1 });
    return libp2p;
  }

  async stop(): Promise<void> {
    this.handshake = undefined;
    this.endWatch();
    for (const peer of this.peers()) this.disconnect(peer, 'the node stopped');
    for (const connection of this.inbound.values()) connection.close('the node stopped');
    await this.libp2p?.stop();
  }

  connect(contact: Contact): Promise<void> {
    if (this.handshake === undefined || this.libp2p === undefined) return Promise.reject(new TreadleError('NETWORK_NOT_STARTED'));
    if (this.sessions.has(contact.node)) return Promise.resolve();
    let dial = this.dials.get(contact.node);
    if (dial === undefined) {
      dial = this.joinOrDial(contact, this.libp2p).finally(() => this.dials.delete(contact.node));
      this.dials.set(contact.node, dial);
    }
    return dial;
  }

  disconnect(peer: NodeId, reason: string): void {
    this.sessions.get(peer)?.connection.close(reason);
  }

  send(to: NodeId, protocol: string, frame: Uint8Array, priority: Priority = 'bulk'): void {
    checkFrameSize(protocol, frame);
    const found = this.sessions.get(to);
    if (found === undefined) this.with.metrics.count('network_frames_dropped_total');
    else found.session.send(protocol, frame, priority);
  }

  async request(to: NodeId, protocol: string, body: Uint8Array, options: RequestOptions = {}): Promise<Uint8Array> {
    checkFrameSize(protocol, body);
    const found = this.sessions.get(to);
    if (found === undefined) throw unreachable(to, 'it is not connected');
    return found.session.request(protocol, body, options);
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
    this.countPenalty(peer, reason);
    this.disconnect(peer, reason);
  }

  // --- dialling ------------------------------------------------------------------------------

  private async joinOrDial(contact: Contact, libp2p: Libp2p): Promise<void> {
    const peer = contact.node;
    const coming = this.inbound.get(peer);
    if (coming !== undefined && (await coming.outcome).type === 'open') return;
    if (this.sessions.has(peer)) return;
    const connection = await dial(libp2p, contact);
    // While we dialled, the peer may have reached us.
    const other = this.sessions.get(peer)?.connection ?? this.inbound.get(peer);
    if (other !== undefined) {
      connection.abort(new Error('the peer has dialled meanwhile'));
      return this.conclude(peer, await other.outcome);
    }
    this.outbound.add(peer);
    try {
      const opened = new PeerConnection(peer, connection, await openChannels(connection, peer, this.shape), this);
      opened.shakeHands();
      await this.conclude(peer, await opened.outcome);
    } finally {
      this.outbound.delete(peer);
    }
  }

  private async conclude(peer: NodeId, outcome: Outcome): Promise<void> {
    if (outcome.type === 'open') return;
    if (outcome.type === 'duplicate') return this.waitForOther(peer);
    if (outcome.type === 'failed') throw unreachable(peer, outcome.reason);
    const { reason } = outcome;
    throw new TreadleError('NETWORK_REFUSED', {
      detail: `${this.self} and ${peer} do not connect: ${reason}`,
      data: { peer, reason },
    });
  }

  /** The peer keeps the connection that it dialled itself: that one is about to open. */
  private waitForOther(peer: NodeId): Promise<void> {
    if (this.sessions.has(peer)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiters = this.openWaiters.get(peer) ?? new Set();
      this.openWaiters.set(peer, waiters);
      const finish = (settle: () => void) => {
        waiters.delete(opened);
        if (waiters.size === 0) this.openWaiters.delete(peer);
        settle();
      };
      const timer = this.clock.set(
        HELLO_TIMEOUT_MICROS,
        () => finish(() => reject(unreachable(peer, 'the connection that it dialled did not open'))),
        `connection from ${peer}`,
      );
      const opened = () => {
        this.clock.cancel(timer);
        finish(resolve);
      };
      waiters.add(opened);
    });
  }

  // --- being dialled -------------------------------------------------------------------------

  private expectHello(connection: Connection): void {
    if (connection.direction !== 'inbound') return;
    const timer = this.clock.set(
      HELLO_TIMEOUT_MICROS,
      () => {
        const known = [...this.sessions.values()].some((found) => found.connection.runsOn(connection));
        if (!known) connection.abort(new Error('no hello came'));
      },
      'hello of a new connection',
    );
    connection.addEventListener('close', () => {
      this.clock.cancel(timer);
      this.halves.delete(connection.id);
    });
  }

  private receiveControl(stream: Stream, connection: Connection): void {
    this.halves.set(connection.id, stream);
  }

  private receiveBulk(stream: Stream, connection: Connection): void {
    const control = this.halves.get(connection.id);
    this.halves.delete(connection.id);
    const peer = nodeOf(connection.remotePeer);
    if (control === undefined || peer === undefined) {
      this.with.log.warn('connection_refused', { peer, reason: 'it does not speak the protocol of this network' });
      connection.abort(new Error('not the protocol of this network'));
      return;
    }
    const channels = channelsOver({ control, bulk: stream }, peer, this.shape);
    void this.accept(new PeerConnection(peer, connection, channels, this));
  }

  private async accept(connection: PeerConnection): Promise<void> {
    const { peer } = connection;
    if (this.inbound.has(peer) || this.inbound.size >= HANDSHAKES_MAX) return connection.declineDuplicate();
    this.inbound.set(peer, connection);
    try {
      if (await this.keepsOther(peer)) return connection.declineDuplicate();
      this.sessions.get(peer)?.connection.close('replaced by a new connection');
      connection.shakeHands();
      await connection.outcome;
    } finally {
      this.inbound.delete(peer);
    }
  }

  /** Whether this node, as the one who decides, keeps another connection than the one that was dialled just now. */
  private async keepsOther(peer: NodeId): Promise<boolean> {
    if (this.self > peer) return false;
    if (this.outbound.has(peer)) return true;
    const known = this.sessions.get(peer);
    return known !== undefined && (await known.connection.alive());
  }

  // --- what connections tell -----------------------------------------------------------------

  hello(): Uint8Array {
    return this.handshake?.hello() ?? new Uint8Array();
  }

  judge(peer: NodeId, hello: Uint8Array): Admission | Promise<Admission> {
    if (this.handshake === undefined) return { admitted: false, reason: 'the node stopped' };
    if (this.sessions.size >= PEERS_MAX) return { admitted: false, reason: 'the node has as many peers as it takes' };
    return this.handshake.admit(peer, hello);
  }

  opened(connection: PeerConnection, hello: Uint8Array): PeerSession {
    const { peer } = connection;
    this.sessions.get(peer)?.connection.close('replaced by a new connection');
    const session = new PeerSession({
      peer,
      handlers: this.handlers,
      clock: this.clock,
      log: this.with.log,
      metrics: this.with.metrics,
      transmit: (message, priority) => {
        if (connection.transmit(message, priority)) return true;
        this.with.metrics.count('network_frames_dropped_total');
        return false;
      },
      drop: (reason) => this.penalise(peer, reason),
      fatal: stopProcess,
    });
    this.sessions.set(peer, { connection, session });
    this.events.now({ type: 'connected', peer, hello });
    for (const waiter of this.openWaiters.get(peer) ?? []) waiter();
    return session;
  }

  closed(connection: PeerConnection, reason: string): void {
    const { peer } = connection;
    if (this.sessions.get(peer)?.connection !== connection) return;
    this.sessions.delete(peer);
    this.events.soon({ type: 'disconnected', peer, reason });
  }

  broken(connection: PeerConnection, reason: string): void {
    this.countPenalty(connection.peer, reason);
    connection.close(reason);
  }

  handshakeFailed(peer: NodeId, error: unknown): void {
    this.with.log.error('handshake_failed', { peer, error: String(error) });
  }

  refused(peer: NodeId, reason: string): void {
    this.with.metrics.count('network_connections_refused_total');
    this.with.log.warn('connection_refused', { peer, reason });
    this.events.now({ type: 'refused', peer, reason });
  }

  private countPenalty(peer: NodeId, reason: string): void {
    this.with.metrics.count('network_peers_penalised_total');
    this.with.log.warn('peer_dropped', { peer, reason });
  }
}

/** A broken invariant ends the process: the error becomes its uncaught exception. */
function stopProcess(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
