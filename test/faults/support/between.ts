import type { Environment, Network, NodeId, Priority, RequestHandler } from '../../../src/environment/index.ts';
import type { Seat } from '../../../src/experiments/index.ts';

/** What stands between a node and its environment. */
export type Between = (environment: Environment, seat: Seat) => Environment;

/** Several of them, the first one nearest to the environment. */
export function chained(...layers: readonly Between[]): Between {
  return (environment, seat) => layers.reduce((inner, layer) => layer(inner, seat), environment);
}

/** Applies a layer to the node of one seat only. */
export function at(name: string, layer: (environment: Environment, seat: Seat) => Environment): Between {
  return (environment, seat) => (seat.name === name ? layer(environment, seat) : environment);
}

/** What may be changed of a node's messages. */
export interface MessageChanges {
  /** Sees every frame before it leaves; undefined keeps it from leaving. */
  readonly send?: (to: NodeId, protocol: string, frame: Uint8Array) => Uint8Array | undefined;
  /** Sees every request before it leaves; what it throws is what the node hears. */
  readonly request?: (to: NodeId, protocol: string, body: Uint8Array) => void;
  /** Stands in for the node's handler of a request; `handle` is the node's own. */
  readonly answer?: (protocol: string, from: NodeId, body: Uint8Array, handle: RequestHandler) => Promise<Uint8Array>;
}

/** The environment with a network on which the node's messages are watched or changed. */
export function withMessages(environment: Environment, changes: MessageChanges): Environment {
  const inner = environment.network;
  const network: Network = {
    self: inner.self,
    addresses: () => inner.addresses(),
    peers: () => inner.peers(),
    start: (handshake) => inner.start(handshake),
    stop: () => inner.stop(),
    connect: (contact) => inner.connect(contact),
    disconnect: (peer, reason) => inner.disconnect(peer, reason),
    send(to: NodeId, protocol: string, frame: Uint8Array, priority?: Priority) {
      const sent = changes.send === undefined ? frame : changes.send(to, protocol, frame);
      if (sent !== undefined) inner.send(to, protocol, sent, priority);
    },
    request(to, protocol, body, options) {
      try {
        changes.request?.(to, protocol, body);
      } catch (error) {
        return Promise.reject(error);
      }
      return inner.request(to, protocol, body, options);
    },
    onFrame: (protocol, handler) => inner.onFrame(protocol, handler),
    onRequest(protocol, handler) {
      const { answer } = changes;
      inner.onRequest(protocol, answer === undefined ? handler : (from, body) => answer(protocol, from, body, handler));
    },
    onPeer: (listener) => inner.onPeer(listener),
    penalise: (peer, reason) => inner.penalise(peer, reason),
  };
  return { ...environment, network };
}
