import type { Micros, NodeId } from '../environment.ts';
import type { Kernel } from './kernel.ts';
import { Link, type LinkParameters } from './link.ts';
import type { Pipe } from './pipe.ts';
import type { SimConnection } from './sim-connection.ts';
import { EventKind, type Owner, type SimEvent } from './sim-event.ts';
import type { SimNetwork } from './sim-network.ts';
import { namedStream } from './sim-random.ts';
import type { Uplink } from './uplink.ts';
import type { WireDependencies } from './wire.ts';

export interface FabricOptions {
  readonly kernel: Kernel;
  readonly world: Owner;
  readonly seed: readonly (string | number)[];
  readonly link: LinkParameters;
  /** The access line of a node. */
  readonly pipes: (node: NodeId) => { readonly uplink: Uplink; readonly downlink: Pipe };
}

/** What lies between the nodes of a world: links and connections. */
export class Fabric {
  /** Messages and bytes handed to connections so far. */
  messages = 0;
  bytes = 0;
  private readonly options: FabricOptions;
  private readonly links = new Map<string, Link>();
  private readonly networks = new Map<NodeId, SimNetwork>();
  /** The connections of each pair of nodes that are not over, the newest last. */
  private readonly pairs = new Map<string, SimConnection[]>();

  constructor(options: FabricOptions) {
    this.options = options;
  }

  /** The direction from one node to another; created with the default parameters. */
  link(from: NodeId, to: NodeId): Link {
    const key = `${from}>${to}`;
    let link = this.links.get(key);
    if (link === undefined) {
      link = new Link(this.options.link, () => namedStream(...this.options.seed, 'link', from, to));
      this.links.set(key, link);
    }
    return link;
  }

  /** Opens or closes one direction. */
  block(from: NodeId, to: NodeId, blocked: boolean): void {
    const link = this.link(from, to);
    if (link.blocked === blocked) return;
    link.blocked = blocked;
    this.changed(from, to);
  }

  /** Holds everything on one direction for a while; a clog within a clog counts if it ends later. */
  clog(from: NodeId, to: NodeId, micros: Micros): void {
    const link = this.link(from, to);
    const until = this.now + Math.ceil(micros);
    if (until <= link.cloggedUntil) return;
    link.cloggedUntil = until;
    this.changed(from, to);
    this.after(until - this.now, () => this.changed(from, to));
  }

  /** Ends blocks and clogs. */
  heal(): void {
    for (const [key, link] of this.links) {
      if (!link.held(this.now)) continue;
      const [from, to] = key.split('>') as [NodeId, NodeId];
      link.cloggedUntil = 0;
      link.blocked = false;
      this.changed(from, to);
    }
  }

  /** The node of `network` stops for a while: whoever waits for it hears nothing. */
  paused(network: SimNetwork, micros: Micros): void {
    for (const connection of this.connectionsOf(network)) connection.silenced();
    // Just after the node goes on: what it missed comes first.
    this.after(Math.ceil(micros), () => {
      for (const connection of this.connectionsOf(network)) connection.heard();
    });
  }

  /** A direction was held or opened. */
  private changed(from: NodeId, to: NodeId): void {
    const held = this.link(from, to).held(this.now);
    for (const connection of [...(this.pairs.get(pairOf(from, to)) ?? [])]) {
      if (held) connection.silenced();
      else connection.heard();
    }
  }

  get now(): Micros {
    return this.options.kernel.now;
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
    for (const connection of this.connectionsOf(network)) connection.crashed(network);
  }

  connectionBetween(left: NodeId, right: NodeId): SimConnection | undefined {
    return this.pairs.get(pairOf(left, right))?.at(-1);
  }

  remember(connection: SimConnection): void {
    const pair = pairOf(...connection.nodes);
    const open = this.pairs.get(pair);
    if (open === undefined) this.pairs.set(pair, [connection]);
    else open.push(connection);
  }

  forget(connection: SimConnection): void {
    const pair = pairOf(...connection.nodes);
    const open = (this.pairs.get(pair) ?? []).filter((other) => other !== connection);
    if (open.length > 0) this.pairs.set(pair, open);
    else this.pairs.delete(pair);
  }

  private connectionsOf(network: SimNetwork): readonly SimConnection[] {
    return [...this.pairs.values()].flat().filter((connection) => connection.involves(network));
  }

  wireDependencies(from: SimNetwork, to: SimNetwork): WireDependencies {
    return {
      kernel: this.options.kernel,
      receiver: to.life,
      link: this.link(from.self, to.self),
      uplink: this.options.pipes(from.self).uplink,
      downlink: this.options.pipes(to.self).downlink,
    };
  }

  after(delayMicros: Micros, action: () => void): SimEvent {
    return this.options.kernel.schedule(this.options.kernel.now + delayMicros, this.options.world, EventKind.link, action);
  }

  cancel(event: SimEvent): void {
    this.options.kernel.cancel(event);
  }

  count(bytes: number): void {
    this.messages++;
    this.bytes += bytes;
  }
}

function pairOf(left: NodeId, right: NodeId): string {
  return left < right ? `${left}|${right}` : `${right}|${left}`;
}
