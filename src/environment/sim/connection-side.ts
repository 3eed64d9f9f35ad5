import type { Priority } from '../environment.ts';
import type { PeerSession } from '../peer-session.ts';
import type { Link } from './link.ts';
import type { SimConnection } from './sim-connection.ts';
import { EventKind, type SimEvent } from './sim-event.ts';
import type { SimNetwork } from './sim-network.ts';
import type { Wire } from './wire.ts';

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export type SideState = 'dialling' | 'open' | 'closed';

/** One end of a connection. */
export class Side {
  readonly connection: SimConnection;
  readonly network: SimNetwork;
  /** What the node says and hears here while the side is open. */
  session: PeerSession | undefined;
  /** The link to the other end. */
  readonly link: Link;
  state: SideState = 'dialling';
  /** Those who wait in `connect`. */
  readonly waiters: Waiter[] = [];
  wires: Readonly<Record<Priority, Wire>> | undefined;
  outstandingBytes = 0;
  peerHello: Uint8Array | undefined;
  /** Whether we admitted the peer and whether it admitted us, as far as known. */
  admitted = false;
  admittedByPeer = false;
  helloTimer: SimEvent | undefined;

  constructor(connection: SimConnection, network: SimNetwork, link: Link) {
    this.connection = connection;
    this.network = network;
    this.link = link;
  }

  /** Tells those who wait; on a crashed node they wait for ever, on a stopped one until it goes on. */
  settle(tell: (waiter: Waiter) => void): void {
    const { life } = this.network;
    for (const waiter of this.waiters.splice(0)) if (life.alive) life.enter(EventKind.link, () => tell(waiter));
  }
}
