import type { Environment, Handshake, NodeId } from '../../../environment/index.ts';
import { createWorld, type World } from '../../../environment/sim/index.ts';
import { createPayloadExchange, type ObservedPayloadExchange } from '../exchange.ts';
import { createMemoryBudget } from '../memory-budget.ts';
import type { MemoryBudget, PayloadCommitment } from '../payload.ts';
import { DiskPayloadStore } from '../payload-store.ts';
import { commitPayload } from '../payload-tree.ts';
import { bodyOf } from './bodies.ts';

export const SECOND = 1_000_000;
const EVERYBODY: Handshake = { hello: () => new Uint8Array(0), admit: () => ({ admitted: true }) };

export interface ExchangeNode {
  readonly id: NodeId;
  readonly environment: Environment;
  readonly store: DiskPayloadStore;
  readonly exchange: ObservedPayloadExchange;
  readonly budget: MemoryBudget;
}

export interface ExchangeWorldOptions {
  readonly seed?: number;
  readonly sealers: number;
  /** Default 100 Mbit/s both ways. */
  readonly bitsPerSecond?: number;
  readonly latencyMicros?: number;
  readonly budgetBytes?: number;
  readonly syncMicros?: number;
}

export function idOf(number: number): NodeId {
  return `0x${number.toString(16).padStart(40, '0')}`;
}

/** Simulated sealers with the real store and exchange, each connected with all others. */
export class ExchangeWorld {
  readonly world: World;
  readonly sealers: readonly NodeId[];
  readonly nodes = new Map<NodeId, ExchangeNode>();
  private readonly options: ExchangeWorldOptions;
  private bodies = 0;

  private constructor(options: ExchangeWorldOptions) {
    this.options = options;
    this.world = createWorld({ seed: options.seed ?? 1, links: { latency: options.latencyMicros ?? 5_000 } });
    this.sealers = Array.from({ length: options.sealers }, (_, index) => idOf(index + 1));
  }

  /** @param liars - seats that are only in the world: the test speaks for them */
  static async open(options: ExchangeWorldOptions, liars: readonly number[] = []): Promise<ExchangeWorld> {
    const opened = new ExchangeWorld(options);
    for (const [seat, id] of opened.sealers.entries()) {
      const environment = opened.addNode(id);
      if (liars.includes(seat)) continue;
      await opened.openNode(environment);
    }
    return opened;
  }

  /** The honest nodes, in order. */
  get all(): readonly ExchangeNode[] {
    return [...this.nodes.values()];
  }

  node(seat: number): ExchangeNode {
    return this.nodes.get(this.sealers[seat] as NodeId) as ExchangeNode;
  }

  addNode(id: NodeId): Environment {
    const rate = this.options.bitsPerSecond ?? 100e6;
    const { syncMicros } = this.options;
    return this.world.addNode(id, {
      uplinkBitsPerSecond: rate,
      downlinkBitsPerSecond: rate,
      ...(syncMicros !== undefined && { syncMicros }),
    });
  }

  /** Opens store and exchange of a node and connects it with everybody. */
  async openNode(environment: Environment, to: readonly NodeId[] = [...this.nodes.keys()]): Promise<ExchangeNode> {
    const store = await this.world.run(DiskPayloadStore.open(environment));
    const budget = createMemoryBudget(this.options.budgetBytes ?? 128 * 1024 * 1024, environment.metrics);
    const exchange = createPayloadExchange({ environment, store, budget, sealers: () => this.sealers });
    exchange.register();
    const node = { id: environment.node, environment, store, exchange, budget };
    await this.join(environment, to);
    this.nodes.set(node.id, node);
    return node;
  }

  /** Starts a node's network and connects it. */
  async join(environment: Environment, to: readonly NodeId[]): Promise<void> {
    await this.world.run(environment.network.start(EVERYBODY));
    for (const id of to) {
      const { network } = (this.nodes.get(id) as ExchangeNode).environment;
      await this.world.run(environment.network.connect({ node: id, addresses: network.addresses() }));
    }
  }

  /** A body that nobody has seen. */
  body(lengthBytes = 1_000_000): { readonly body: Uint8Array; readonly commitment: PayloadCommitment } {
    const body = bodyOf(lengthBytes, 1 + 7919 * ++this.bodies);
    return { body, commitment: commitPayload(body, 'application/octet-stream') };
  }

  /** A body that a client handed to a node. */
  async put(node: ExchangeNode, lengthBytes = 1_000_000): Promise<PayloadCommitment> {
    const { body, commitment } = this.body(lengthBytes);
    await this.world.run(node.store.putBody(commitment, body));
    return commitment;
  }

  expectEverywhere(...commitments: readonly PayloadCommitment[]): void {
    for (const { exchange, store } of this.all)
      for (const each of commitments) if (!store.holds(each.root)) exchange.expect(each);
  }

  /** Runs until these nodes hold these bodies; returns the seconds that took. */
  async untilHeld(
    commitments: readonly PayloadCommitment[],
    withinSeconds = 60,
    nodes: readonly ExchangeNode[] = this.all,
  ): Promise<number> {
    const from = this.world.now;
    const held = () => nodes.every(({ store }) => commitments.every(({ root }) => store.holds(root)));
    await this.world.runUntil(held, withinSeconds * SECOND);
    return (this.world.now - from) / SECOND;
  }

  /** The sum of a metric over all nodes. */
  sum(metric: string): number {
    return this.all.reduce((total, { environment }) => total + (environment.metrics.snapshot()[metric] ?? 0), 0);
  }
}
