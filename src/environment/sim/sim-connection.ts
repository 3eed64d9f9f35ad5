import { TreadleError } from '../../errors.ts';
import { DIAL_TIMEOUT_MICROS, HELLO_BYTES_MAX, HELLO_TIMEOUT_MICROS, PEER_SILENCE_MICROS } from '../../limits.ts';
import type { Admission, NodeId, Priority } from '../environment.ts';
import type { Message } from '../peer-session.ts';
import { Side, type SideState } from './connection-side.ts';
import type { Fabric } from './fabric.ts';
import { EventKind, type SimEvent } from './sim-event.ts';
import type { SimNetwork } from './sim-network.ts';
import { Parcel, Wire } from './wire.ts';

/** Trips before the hellos can travel: TCP's and the encrypted channel's handshakes, two round trips together. */
const TRIPS_BEFORE_HELLO = 4;
/** Bytes of a verdict on the wire, beside its reason. */
const VERDICT_BYTES = 8;

/**
 * A connection between two simulated nodes, from the first packet of the dial to the last of the farewell. Hellos and
 * verdicts travel on the same wires as everything else, so latency, loss and partitions apply to them.
 */
export class SimConnection {
  private readonly fabric: Fabric;
  private readonly sides: readonly [dialler: Side, listener: Side];
  private breakTimer: SimEvent | undefined;
  private dialTimer: SimEvent | undefined;

  constructor(fabric: Fabric, dialler: SimNetwork, listener: SimNetwork) {
    this.fabric = fabric;
    this.sides = [
      new Side(this, dialler, fabric.link(dialler.self, listener.self)),
      new Side(this, listener, fabric.link(listener.self, dialler.self)),
    ];
  }

  /** Starts the dial; the outcome reaches those who {@link wait}. */
  dial(): void {
    const [dialler, listener] = this.sides;
    const [out, back] = [dialler.link, listener.link];
    let delay = 0;
    for (let trip = 0; trip < TRIPS_BEFORE_HELLO; trip++) delay += (trip % 2 === 0 ? out : back).latency();
    const limit = dialler.network.life.after(DIAL_TIMEOUT_MICROS, EventKind.link, () =>
      this.fail(unreachable(listener, 'no answer')),
    );
    this.dialTimer = limit;
    if (out.blocked || back.blocked) return;
    const { now } = dialler.network.life;
    delay += Math.max(0, out.cloggedUntil - now, back.cloggedUntil - now);
    dialler.network.life.after(delay, EventKind.link, () => {
      if (dialler.state === 'closed' || out.blocked || back.blocked) return;
      dialler.network.life.cancel(limit);
      if (!listener.network.accepting) return this.fail(unreachable(listener, 'nobody listens there'));
      this.exchangeHellos();
    });
  }

  /** Settles when the side of `network` is open, or will not be. */
  wait(network: SimNetwork): Promise<void> {
    const side = this.side(network);
    if (side.state === 'open') return Promise.resolve();
    return new Promise((resolve, reject) => side.waiters.push({ resolve, reject }));
  }

  stateOf(network: SimNetwork): SideState {
    return this.side(network).state;
  }

  /** Hands a message to the wire; false when the queue is full and it was dropped. */
  transmit(side: Side, message: Message, priority: Priority): boolean {
    if (side.state !== 'open') return false;
    const sizeBytes = message.body.length + ('protocol' in message ? message.protocol.length : 0);
    const { queueBytesMax } = side.link.parameters;
    if (side.outstandingBytes + sizeBytes > queueBytesMax) {
      side.network.countDrop(this.other(side).network.self);
      return false;
    }
    side.outstandingBytes += sizeBytes;
    this.fabric.count(sizeBytes);
    const wire = side.wires?.[priority];
    wire?.push(new MessageParcel(wire, { side, peer: this.other(side), message, sizeBytes }));
    return true;
  }

  /** Closes the side of `network` now; the other one hears of it a trip later. */
  close(network: SimNetwork, reason: string, peerReason: string): void {
    const [side, peer] = this.ends(network);
    this.closeSide(side, peer, reason);
    side.wires?.control.close();
    side.wires?.bulk.close();
    if (side.link.held(this.fabric.now)) return this.silenced();
    peer.network.life.after(side.link.latency(), EventKind.link, () => this.closeSide(peer, side, peerReason));
  }

  /** The node of `network` crashed: its operating system resets the connection. */
  crashed(network: SimNetwork): void {
    this.close(network, 'crashed', 'the connection was reset');
  }

  /** A link of this connection is blocked or clogged, or one of its nodes is stopped: after a while of silence both ends give up. */
  silenced(): void {
    if (this.breakTimer !== undefined || this.over) return;
    this.breakTimer = this.fabric.after(PEER_SILENCE_MICROS, () => {
      this.breakTimer = undefined;
      const [left, right] = this.sides;
      this.closeSide(left, right, 'nothing was heard from the peer');
      this.closeSide(right, left, 'nothing was heard from the peer');
    });
  }

  /** A link of this connection is open again, or one of its nodes goes on. */
  heard(): void {
    const [left, right] = this.sides;
    const now = this.fabric.now;
    const silent = this.sides.some((side) => side.link.held(now) || side.network.life.paused);
    if (!silent && this.breakTimer !== undefined) {
      this.fabric.cancel(this.breakTimer);
      this.breakTimer = undefined;
    }
    for (const [side, peer] of [
      [left, right],
      [right, left],
    ] as const) {
      if (side.link.held(now)) continue;
      side.wires?.control.resume();
      side.wires?.bulk.resume();
      // A farewell that could not travel while the link was blocked does so now.
      if (side.state === 'closed' && peer.state !== 'closed') this.closeSide(peer, side, 'the connection was reset');
    }
  }

  get over(): boolean {
    return this.sides[0].state === 'closed' && this.sides[1].state === 'closed';
  }

  private exchangeHellos(): void {
    const [dialler, listener] = this.sides;
    for (const [side, peer] of [
      [dialler, listener],
      [listener, dialler],
    ] as const) {
      side.wires = {
        control: new Wire('control', this.fabric.wireDependencies(side.network, peer.network)),
        bulk: new Wire('bulk', this.fabric.wireDependencies(side.network, peer.network)),
      };
      side.helloTimer = side.network.life.after(HELLO_TIMEOUT_MICROS, EventKind.link, () => {
        if (side.state === 'dialling') this.fail(unreachable(peer, 'the handshake took too long'));
      });
    }
    this.sendHello(dialler, listener);
    listener.network.life.enter(EventKind.link, () => this.sendHello(listener, dialler));
  }

  private sendHello(side: Side, peer: Side): void {
    let hello: Uint8Array;
    try {
      hello = side.network.hello();
    } catch (error) {
      side.network.logFailure(peer.network.self, error);
      return this.refuse(side, peer, 'its hello could not be made');
    }
    if (hello.length > HELLO_BYTES_MAX) return this.refuse(side, peer, `its hello of ${hello.length} bytes is too large`);
    this.post(side, peer, hello.length, () => {
      if (peer.state !== 'dialling') return;
      peer.peerHello = hello;
      void this.judge(peer, side, hello);
    });
  }

  private async judge(side: Side, peer: Side, hello: Uint8Array): Promise<void> {
    let verdict: Admission;
    try {
      verdict = await side.network.judge(peer.network.self, hello);
    } catch (error) {
      side.network.logFailure(peer.network.self, error);
      verdict = { admitted: false, reason: 'the other side failed while it judged the hello' };
    }
    if (!side.network.life.alive || side.state !== 'dialling') return;
    if (!verdict.admitted) return this.refuse(side, peer, verdict.reason);
    side.admitted = true;
    this.post(side, peer, VERDICT_BYTES, () => {
      peer.admittedByPeer = true;
      this.openIfAgreed(peer, side);
    });
    this.openIfAgreed(side, peer);
  }

  private openIfAgreed(side: Side, peer: Side): void {
    if (side.state !== 'dialling' || !side.admitted || !side.admittedByPeer) return;
    side.state = 'open';
    if (side.helloTimer !== undefined) side.network.life.cancel(side.helloTimer);
    side.network.opened(peer.network.self, side, side.peerHello as Uint8Array);
    side.settle((waiter) => waiter.resolve());
  }

  private refuse(side: Side, peer: Side, reason: string): void {
    this.closeRefused(side, peer, reason);
    this.post(side, peer, VERDICT_BYTES + reason.length, () => this.closeRefused(peer, side, reason));
  }

  private closeRefused(side: Side, peer: Side, reason: string): void {
    if (side.state !== 'dialling') return;
    this.end(side);
    side.network.refused(peer.network.self, reason);
    const error = new TreadleError('NETWORK_REFUSED', {
      detail: `${side.network.self} and ${peer.network.self} do not connect: ${reason}`,
      data: { peer: peer.network.self, reason },
    });
    side.settle((waiter) => waiter.reject(error));
  }

  /** The handshake came to nothing without a verdict. */
  private fail(error: TreadleError): void {
    for (const side of this.sides) {
      if (side.state !== 'dialling') continue;
      this.end(side);
      side.settle((waiter) => waiter.reject(error));
    }
  }

  private closeSide(side: Side, peer: Side, reason: string): void {
    const { state } = side;
    if (state === 'closed') return;
    this.end(side);
    const { network } = side;
    if (state === 'open') network.life.enter(EventKind.link, () => network.closed(peer.network.self, side, reason));
    side.settle((waiter) => waiter.reject(unreachable(peer, reason)));
  }

  private end(side: Side): void {
    side.state = 'closed';
    if (side.helloTimer !== undefined) side.network.life.cancel(side.helloTimer);
    if (this.dialTimer !== undefined) this.sides[0].network.life.cancel(this.dialTimer);
    if (this.over) this.fabric.forget(this);
  }

  /** Sends a part of the handshake. */
  private post(side: Side, peer: Side, sizeBytes: number, arrive: () => void): void {
    const wire = side.wires?.control;
    wire?.push(new HandshakeParcel(wire, sizeBytes, () => peer.state !== 'closed' && arrive()));
  }

  private side(network: SimNetwork): Side {
    return this.sides[0].network === network ? this.sides[0] : this.sides[1];
  }

  private ends(network: SimNetwork): readonly [own: Side, peer: Side] {
    return this.sides[0].network === network ? this.sides : [this.sides[1], this.sides[0]];
  }

  private other(side: Side): Side {
    return this.sides[0] === side ? this.sides[1] : this.sides[0];
  }

  /** The two nodes, dialler first. */
  get nodes(): readonly [NodeId, NodeId] {
    return [this.sides[0].network.self, this.sides[1].network.self];
  }

  involves(network: SimNetwork): boolean {
    return this.sides[0].network === network || this.sides[1].network === network;
  }
}

function unreachable(side: Side, reason: string): TreadleError {
  return new TreadleError('NETWORK_UNREACHABLE', {
    detail: `${side.network.self} cannot be reached: ${reason}`,
    data: { peer: side.network.self, reason },
  });
}

interface Sent {
  readonly side: Side;
  readonly peer: Side;
  readonly message: Message;
  readonly sizeBytes: number;
}

/** A message under way. Its bytes are those of the sender: nobody copies a payload on its way. */
class MessageParcel extends Parcel {
  private readonly side: Side;
  private readonly peer: Side;
  private readonly message: Message;
  private readonly sizeBytes: number;

  constructor(wire: Wire, { side, peer, message, sizeBytes }: Sent) {
    super(wire, sizeBytes, message.type === 'frame');
    this.side = side;
    this.peer = peer;
    this.message = message;
    this.sizeBytes = sizeBytes;
  }

  arrive(again: boolean): void {
    if (!again) this.lost();
    if (this.peer.state === 'open') this.peer.session?.receive(this.message);
  }

  /** It is no longer under way. */
  lost(): void {
    this.side.outstandingBytes -= this.sizeBytes;
  }
}

/** A hello or a verdict. */
class HandshakeParcel extends Parcel {
  readonly arrive: () => void;

  constructor(wire: Wire, sizeBytes: number, arrive: () => void) {
    super(wire, sizeBytes, false);
    this.arrive = arrive;
  }

  lost(): void {}
}
