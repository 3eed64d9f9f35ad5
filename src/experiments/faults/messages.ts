import type { Environment, FrameHandler, Network, NodeId, Priority, RequestHandler } from '../../environment/index.ts';

/** A frame on its way out. */
export interface Outgoing {
  readonly to: NodeId;
  readonly protocol: string;
  readonly frame: Uint8Array;
  readonly priority: Priority | undefined;
}

/** What stands between a node and the network: it sees, changes, holds back or adds messages. */
export interface MessageHooks {
  /** What leaves in place of a frame; an empty list keeps it from leaving. */
  readonly send?: (out: Outgoing) => readonly Outgoing[];
  /** Stands before the node's handler of a frame. */
  readonly receive?: (protocol: string, from: NodeId, frame: Uint8Array, handle: FrameHandler) => void;
  /** Stands in for the node's handler of a request; `handle` is the node's own. */
  readonly answer?: (protocol: string, from: NodeId, body: Uint8Array, handle: RequestHandler) => Promise<Uint8Array>;
}

/** The environment with a network that passes every message through the hooks. */
export function withHooks(environment: Environment, hooks: MessageHooks): Environment {
  const inner = environment.network;
  const { send, receive, answer } = hooks;
  const network: Network = {
    ...networkOf(inner),
    ...(send !== undefined && {
      send(to: NodeId, protocol: string, frame: Uint8Array, priority?: Priority) {
        for (const out of send({ to, protocol, frame, priority })) inner.send(out.to, out.protocol, out.frame, out.priority);
      },
    }),
    ...(receive !== undefined && {
      onFrame(protocol: string, handler: FrameHandler) {
        inner.onFrame(protocol, (from, frame) => receive(protocol, from, frame, handler));
      },
    }),
    ...(answer !== undefined && {
      onRequest(protocol: string, handler: RequestHandler) {
        inner.onRequest(protocol, (from, body) => answer(protocol, from, body, handler));
      },
    }),
  };
  return { ...environment, network };
}

/** A network's methods as an object of its own: a spread of the class would lose them. */
export function networkOf(inner: Network): Network {
  return {
    self: inner.self,
    addresses: () => inner.addresses(),
    peers: () => inner.peers(),
    start: (handshake) => inner.start(handshake),
    stop: () => inner.stop(),
    connect: (contact) => inner.connect(contact),
    disconnect: (peer, reason) => inner.disconnect(peer, reason),
    send: (to, protocol, frame, priority) => inner.send(to, protocol, frame, priority),
    request: (to, protocol, body, options) => inner.request(to, protocol, body, options),
    onFrame: (protocol, handler) => inner.onFrame(protocol, handler),
    onRequest: (protocol, handler) => inner.onRequest(protocol, handler),
    onPeer: (listener) => inner.onPeer(listener),
    penalise: (peer, reason) => inner.penalise(peer, reason),
  };
}
