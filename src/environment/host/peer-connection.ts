import { DUPLICATE_PROBE_MICROS, HELLO_BYTES_MAX, HELLO_TIMEOUT_MICROS, PEER_QUEUE_BYTES_MAX } from '../../limits.ts';
import type { Admission, Clock, NodeId, Priority, Timer } from '../environment.ts';
import type { Message, PeerSession } from '../peer-session.ts';
import type { Channel } from './channel.ts';
import type { Connection } from './libp2p-types.ts';
import type { WireMessage } from './wire-format.ts';

/** How a handshake ended. */
export type Outcome =
  | { readonly type: 'open' }
  | { readonly type: 'refused'; readonly reason: string }
  /** The other side keeps another connection between the two. */
  | { readonly type: 'duplicate' }
  | { readonly type: 'failed'; readonly reason: string };

/** What a connection needs from the network it belongs to. */
export interface ConnectionOwner {
  readonly clock: Clock;
  hello(): Uint8Array;
  judge(peer: NodeId, hello: Uint8Array): Admission | Promise<Admission>;
  /** Both sides admitted each other. */
  opened(connection: PeerConnection, hello: Uint8Array): PeerSession;
  /** An open connection ended. */
  closed(connection: PeerConnection, reason: string): void;
  /** One of the two sides did not admit the other. */
  refused(peer: NodeId, reason: string): void;
  /** The peer broke the protocol of the connection. */
  broken(connection: PeerConnection, reason: string): void;
  handshakeFailed(peer: NodeId, error: unknown): void;
}

export interface Channels {
  readonly control: Channel;
  readonly bulk: Channel;
}

/** Time for the last messages of a connection to leave. */
const FAREWELL_MS = 1_000;

/** One encrypted connection to a peer whose key is proved: handshake, then a session, then a farewell. */
export class PeerConnection {
  readonly peer: NodeId;
  /** How the handshake ends. */
  readonly outcome: Promise<Outcome>;
  lastHeardMicros: number;
  /** Probes sent since. */
  probes = 0;
  private readonly connection: Connection;
  private readonly owner: ConnectionOwner;
  private readonly channels: Channels;
  private readonly settle: (outcome: Outcome) => void;
  private readonly helloTimer: Timer;
  private state: 'shaking' | 'open' | 'closed' = 'shaking';
  private session: PeerSession | undefined;
  private peerHello: Uint8Array | undefined;
  private admitted = false;
  private admittedByPeer = false;
  private pongWaiters: (() => void)[] = [];

  constructor(peer: NodeId, connection: Connection, channels: Channels, owner: ConnectionOwner) {
    this.peer = peer;
    this.connection = connection;
    this.channels = channels;
    this.owner = owner;
    this.lastHeardMicros = owner.clock.now();
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.outcome = promise;
    this.settle = resolve;
    this.helloTimer = owner.clock.set(HELLO_TIMEOUT_MICROS, () => this.close('the handshake took too long'), `hello of ${peer}`);
    connection.addEventListener('close', () => this.ended('the connection was lost'));
  }

  /** Says hello and listens. */
  shakeHands(): void {
    let hello: Uint8Array;
    try {
      hello = this.owner.hello();
    } catch (error) {
      this.owner.handshakeFailed(this.peer, error);
      return this.refuse('its hello could not be made');
    }
    if (hello.length > HELLO_BYTES_MAX) return this.refuse(`its hello of ${hello.length} bytes is too large`);
    this.channels.control.send({ type: 'hello', body: hello });
    this.channels.control.read({ message: (message) => this.receive(message), broken: (reason) => this.broke(reason) });
  }

  /** Answers a dial that is not needed. */
  declineDuplicate(): void {
    this.channels.control.send({ type: 'verdict', verdict: 'duplicate', reason: '' });
    this.end({ type: 'duplicate' }, 'another connection is kept');
  }

  runsOn(connection: Connection): boolean {
    return this.connection === connection;
  }

  /** False when the message was dropped, because too much waits or the connection is closed. */
  transmit(message: Message, priority: Priority): boolean {
    if (this.state !== 'open') return false;
    const { control, bulk } = this.channels;
    if (control.waitingBytes + bulk.waitingBytes + message.body.length > PEER_QUEUE_BYTES_MAX) return false;
    (priority === 'control' ? control : bulk).send(message);
    return true;
  }

  /** Asks for a sign of life. */
  probe(): void {
    this.probes++;
    this.channels.control.send({ type: 'ping' });
  }

  /** Whether the peer still answers on this connection. */
  alive(): Promise<boolean> {
    if (this.state !== 'open') return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = this.owner.clock.set(DUPLICATE_PROBE_MICROS, () => resolve(false), `sign of life of ${this.peer}`);
      this.pongWaiters.push(() => {
        this.owner.clock.cancel(timer);
        resolve(this.state === 'open');
      });
      this.channels.control.send({ type: 'ping' });
    });
  }

  /** Ends the connection and tells the peer why. */
  close(reason: string): void {
    if (this.state === 'closed') return;
    this.channels.control.send({ type: 'bye', reason });
    this.end({ type: 'failed', reason }, reason);
  }

  private receive(message: WireMessage): void {
    if (this.state === 'closed') return;
    this.lastHeardMicros = this.owner.clock.now();
    this.probes = 0;
    switch (message.type) {
      case 'hello':
        if (this.peerHello !== undefined) return this.broke('a second hello arrived');
        this.peerHello = message.body;
        void this.judge(message.body);
        return;
      case 'verdict':
        if (message.verdict === 'duplicate') return this.end({ type: 'duplicate' }, 'another connection is kept');
        if (message.verdict === 'refused') return this.end({ type: 'refused', reason: message.reason }, message.reason);
        this.admittedByPeer = true;
        return this.openIfAgreed();
      case 'ping':
        return this.channels.control.send({ type: 'pong' });
      case 'pong':
        return this.tellPongWaiters();
      case 'bye':
        return this.end({ type: 'failed', reason: message.reason }, `closed by the peer: ${message.reason}`);
      default:
        if (this.session === undefined) return this.broke('a message arrived before the peer was admitted');
        return this.session.receive(message);
    }
  }

  private async judge(hello: Uint8Array): Promise<void> {
    let verdict: Admission;
    try {
      verdict = await this.owner.judge(this.peer, hello);
    } catch (error) {
      this.owner.handshakeFailed(this.peer, error);
      verdict = { admitted: false, reason: 'the other side failed while it judged the hello' };
    }
    if (this.state !== 'shaking') return;
    if (!verdict.admitted) return this.refuse(verdict.reason);
    this.admitted = true;
    // The peer may send frames as soon as it has read the verdict.
    this.channels.control.allowFullSize();
    this.channels.bulk.allowFullSize();
    this.channels.control.send({ type: 'verdict', verdict: 'admitted', reason: '' });
    this.openIfAgreed();
  }

  private openIfAgreed(): void {
    if (this.state !== 'shaking' || !this.admitted || !this.admittedByPeer) return;
    this.state = 'open';
    this.owner.clock.cancel(this.helloTimer);
    this.session = this.owner.opened(this, this.peerHello as Uint8Array);
    this.channels.bulk.read({ message: (message) => this.receive(message), broken: (reason) => this.broke(reason) });
    this.settle({ type: 'open' });
  }

  private refuse(reason: string): void {
    this.channels.control.send({ type: 'verdict', verdict: 'refused', reason });
    this.end({ type: 'refused', reason }, reason);
  }

  private broke(reason: string): void {
    if (this.state !== 'closed') this.owner.broken(this, reason);
  }

  private end(outcome: Outcome, reason: string): void {
    if (this.state === 'closed') return;
    this.ended(reason, outcome);
    void this.connection
      .close({ signal: AbortSignal.timeout(FAREWELL_MS) })
      .catch((error: Error) => this.connection.abort(error));
  }

  private ended(reason: string, outcome: Outcome = { type: 'failed', reason }): void {
    const before = this.state;
    if (before === 'closed') return;
    this.state = 'closed';
    this.owner.clock.cancel(this.helloTimer);
    this.settle(outcome);
    this.tellPongWaiters();
    this.session?.close(reason);
    if (outcome.type === 'refused') this.owner.refused(this.peer, reason);
    if (before === 'open') this.owner.closed(this, reason);
  }

  private tellPongWaiters(): void {
    for (const tell of this.pongWaiters.splice(0)) tell();
  }
}
