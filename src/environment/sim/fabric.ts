import type { Micros, NodeId } from '../environment.ts';
import type { EventHandle } from './event-queue.ts';
import { Flows } from './flows.ts';
import { EventKind, type Kernel, type Owner } from './kernel.ts';
import { Link, type LinkParameters } from './link.ts';
import type { Pipe } from './pipe.ts';
import type { SimConnection } from './sim-connection.ts';
import type { SimNetwork } from './sim-network.ts';
import { namedStream } from './sim-random.ts';
import type { WireDependencies } from './wire.ts';

export interface FabricOptions {
  readonly kernel: Kernel;
  readonly world: Owner;
  readonly seed: readonly (string | number)[];
  readonly link: LinkParameters;
  /** The access line of a node. */
  readonly pipes: (node: NodeId) => { readonly uplink: Pipe; readonly downlink: Pipe };
}

/** What lies between the nodes of a world: links, the flows on them, and the connections. */
export class Fabric {
  /** Messages and bytes handed to connections so far. */
  messages = 0;
  bytes = 0;
  private readonly options: FabricOptions;
  private readonly flows: Flows;
  private readonly links = new Map<string, Link>();
  private readonly networks = new Map<NodeId, SimNetwork>();
  private readonly connections = new Set<SimConnection>();
  /** The newest connection of each pair of nodes. */
  private readonly pairs = new Map<string, SimConnection>();

  constructor(options: FabricOptions) {
    this.options = options;
    this.flows = new Flows(options.kernel, options.world);
  }

  /** The direction from one node to another; created with the default parameters. */
  link(from: NodeId, to: NodeId): Link {
    const key = `${from}>${to}`;
    let link = this.links.get(key);
    if (link === undefined) {
      link = new Link(this.options.link, namedStream(...this.options.seed, 'link', from, to));
      this.links.set(key, link);
    }
    return link;
  }

  /** Opens or closes one direction. */
  block(from: NodeId, to: NodeId, blocked: boolean): void {
    const link = this.link(from, to);
    if (link.blocked === blocked) return;
    link.blocked = blocked;
    for (const connection of [...this.connections]) {
      const { nodes } = connection;
      if (!nodes.includes(from) || !nodes.includes(to)) continue;
      if (blocked) connection.linkBlocked();
      else connection.linkOpened();
    }
  }

  heal(): void {
    for (const [key, link] of this.links) {
      if (!link.blocked) continue;
      const [from, to] = key.split('>') as [NodeId, NodeId];
      this.block(from, to, false);
    }
  }

  attach(network: SimNetwork): void {
    this.networks.set(network.self, network);
  }

  /** The network of a node's present life. */
  network(node: NodeId): SimNetwork | undefined {
    return this.networks.get(node);
  }

  /** The node of `network` crashed. */
  crashed(network: SimNetwork): void {
    for (const connection of [...this.connections]) if (connection.involves(network)) connection.crashed(network);
  }

  connectionBetween(left: NodeId, right: NodeId): SimConnection | undefined {
    return this.pairs.get(pairOf(left, right));
  }

  remember(connection: SimConnection): void {
    this.connections.add(connection);
    this.pairs.set(pairOf(...connection.nodes), connection);
  }

  forget(connection: SimConnection): void {
    this.connections.delete(connection);
    const pair = pairOf(...connection.nodes);
    if (this.pairs.get(pair) === connection) this.pairs.delete(pair);
  }

  wireDependencies(from: SimNetwork, to: SimNetwork): WireDependencies {
    return {
      kernel: this.options.kernel,
      receiver: to.life,
      link: this.link(from.self, to.self),
      uplink: this.options.pipes(from.self).uplink,
      downlink: this.options.pipes(to.self).downlink,
      flows: this.flows,
    };
  }

  after(delayMicros: Micros, action: () => void): EventHandle {
    return this.options.kernel.schedule(this.options.kernel.now + delayMicros, this.options.world, EventKind.link, action);
  }

  cancel(handle: EventHandle): void {
    this.options.kernel.cancel(handle);
  }

  count(bytes: number): void {
    this.messages++;
    this.bytes += bytes;
  }
}

function pairOf(left: NodeId, right: NodeId): string {
  return left < right ? `${left}|${right}` : `${right}|${left}`;
}
