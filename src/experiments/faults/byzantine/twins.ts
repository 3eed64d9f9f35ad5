import type { Environment, FrameHandler, Handshake, Network, NodeId, RequestHandler } from '../../../environment/index.ts';
import { TreadleError } from '../../../errors.ts';
import { networkOf } from '../messages.ts';

/** Which of two copies of a node a peer meets. */
export type Side = 'left' | 'right' | 'both';

/**
 * Two environments out of one: two copies of a node with one identity run on them at the same time, each with a disk of
 * its own, and every peer is connected to the one, to the other or to both. This is the general liar of the Twins
 * method: whatever two honest copies that do not know of each other say, the world hears it from one signer.
 *
 * @param sideOf - which copy a peer meets; asked for every message, so it may change
 */
export function splitTwins(environment: Environment, sideOf: (peer: NodeId) => Side): readonly [Environment, Environment] {
  const shared = new SharedNetwork(environment.network, sideOf);
  const left = { ...environment, network: shared.view('left') };
  const right: Environment = {
    ...environment,
    network: shared.view('right'),
    disk: {
      ...environment.disk,
      log: (name, options) => environment.disk.log(`twin-${name}`, options),
      table: (name) => environment.disk.table(`twin-${name}`),
    },
    random: { stream: (purpose) => environment.random.stream(`twin ${purpose}`) },
  };
  return [left, right];
}

type Half = 'left' | 'right';

/** One network behind two copies. */
class SharedNetwork {
  readonly #inner: Network;
  readonly #sideOf: (peer: NodeId) => Side;
  readonly #frames = new Map<string, Partial<Record<Half, FrameHandler>>>();
  readonly #requests = new Map<string, Partial<Record<Half, RequestHandler>>>();
  #started: Promise<void> | undefined;

  constructor(inner: Network, sideOf: (peer: NodeId) => Side) {
    this.#inner = inner;
    this.#sideOf = sideOf;
  }

  view(half: Half): Network {
    const inner = this.#inner;
    const meets = (peer: NodeId): boolean => this.#meets(half, peer);
    return {
      ...networkOf(inner),
      peers: () => inner.peers().filter(meets),
      start: (handshake: Handshake) => {
        this.#started ??= inner.start(handshake);
        return this.#started;
      },
      connect: (contact) =>
        meets(contact.node)
          ? inner.connect(contact)
          : Promise.reject(new TreadleError('NETWORK_UNREACHABLE', { detail: `${contact.node} meets the other copy` })),
      send(to, protocol, frame, priority) {
        if (meets(to)) inner.send(to, protocol, frame, priority);
      },
      request: (to, protocol, body, options) =>
        meets(to)
          ? inner.request(to, protocol, body, options)
          : Promise.reject(new TreadleError('NETWORK_UNREACHABLE', { detail: `${to} meets the other copy` })),
      onFrame: (protocol, handler) => this.#onFrame(half, protocol, handler),
      onRequest: (protocol, handler) => this.#onRequest(half, protocol, handler),
      onPeer: (listener) =>
        inner.onPeer((event) => {
          if (meets(event.peer)) listener(event);
        }),
    };
  }

  #meets(half: Half, peer: NodeId): boolean {
    const side = this.#sideOf(peer);
    return side === 'both' || side === half;
  }

  #onFrame(half: Half, protocol: string, handler: FrameHandler): void {
    const known = this.#frames.get(protocol);
    if (known !== undefined) {
      known[half] = handler;
      return;
    }
    const handlers: Partial<Record<Half, FrameHandler>> = { [half]: handler };
    this.#frames.set(protocol, handlers);
    this.#inner.onFrame(protocol, (from, frame) => {
      for (const each of ['left', 'right'] as const) if (this.#meets(each, from)) handlers[each]?.(from, frame);
    });
  }

  #onRequest(half: Half, protocol: string, handler: RequestHandler): void {
    const known = this.#requests.get(protocol);
    if (known !== undefined) {
      known[half] = handler;
      return;
    }
    const handlers: Partial<Record<Half, RequestHandler>> = { [half]: handler };
    this.#requests.set(protocol, handlers);
    this.#inner.onRequest(protocol, (from, body) => {
      const answering = (this.#meets('left', from) ? handlers.left : handlers.right) ?? handlers.left ?? handlers.right;
      return answering === undefined
        ? Promise.reject(new TreadleError('NETWORK_NO_HANDLER', { detail: `nobody answers ${protocol}` }))
        : answering(from, body);
    });
  }
}
