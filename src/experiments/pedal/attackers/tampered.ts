import type {
  Environment,
  Network,
  NodeId,
  Outside,
  OutsideOptions,
  OutsideReading,
  OutsideSource,
  RequestHandler,
} from '../../../environment/index.ts';

/** What is changed of what a node sends, is asked and sees. */
export interface Tampering {
  /** The request that leaves instead; a throw is what the node hears. */
  readonly request?: (to: NodeId, protocol: string, body: Uint8Array) => Uint8Array;
  /** Sees what others answered. */
  readonly answered?: (protocol: string, answer: Uint8Array, from: NodeId) => void;
  /** Whether a frame leaves. */
  readonly sends?: (to: NodeId, protocol: string) => boolean;
  /** Stands in for the node's handler of a request; `handle` is the node's own. */
  readonly answer?: (protocol: string, from: NodeId, body: Uint8Array, handle: RequestHandler) => Promise<Uint8Array>;
  /** What the node believes a source said. */
  readonly read?: (source: OutsideSource, reading: OutsideReading) => OutsideReading;
}

/** The environment of a node whose operator changes what goes in and out of it. */
export function tampered(environment: Environment, change: Tampering): Environment {
  return {
    ...environment,
    network: tamperedNetwork(environment.network, change),
    outside: tamperedOutside(environment.outside, change),
  };
}

function tamperedNetwork(inner: Network, change: Tampering): Network {
  const seen = (protocol: string, answer: Uint8Array, from: NodeId): Uint8Array => {
    change.answered?.(protocol, answer, from);
    return answer;
  };
  return {
    self: inner.self,
    addresses: () => inner.addresses(),
    peers: () => inner.peers(),
    start: (handshake) => inner.start(handshake),
    stop: () => inner.stop(),
    connect: (contact) => inner.connect(contact),
    disconnect: (peer, reason) => inner.disconnect(peer, reason),
    send(to, protocol, frame, priority) {
      if (change.sends?.(to, protocol) !== false) inner.send(to, protocol, frame, priority);
    },
    request(to, protocol, body, options) {
      try {
        const answer = inner.request(to, protocol, change.request?.(to, protocol, body) ?? body, options);
        return change.answered === undefined ? answer : answer.then((bytes) => seen(protocol, bytes, to));
      } catch (error) {
        return Promise.reject(error);
      }
    },
    onFrame: (protocol, handler) => inner.onFrame(protocol, handler),
    onRequest(protocol, handler) {
      const { answer } = change;
      inner.onRequest(protocol, answer === undefined ? handler : (from, body) => answer(protocol, from, body, handler));
    },
    onPeer: (listener) => inner.onPeer(listener),
    penalise: (peer, reason) => inner.penalise(peer, reason),
  };
}

function tamperedOutside(inner: Outside, { read }: Tampering): Outside {
  return {
    read: async (source: OutsideSource, options: OutsideOptions) => {
      const reading = await inner.read(source, options);
      return read?.(source, reading) ?? reading;
    },
    close: () => inner.close(),
  };
}
