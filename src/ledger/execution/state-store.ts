import { equalBytes, fromHex, keccak256, toHex } from '../../crypto/index.ts';
import type { Table, TableOperation } from '../../environment/index.ts';
import { hasCode } from '../../errors.ts';
import { STATE_NODES_CACHED_BYTES_MAX } from '../../limits.ts';
import { hashKey, PREFIX } from '../chain/chain-keys.ts';
import { NodeCache } from '../trie/node-cache.ts';

/** Trie nodes and contract code by their Keccak-256, 64 hex digits without `0x`. */
export type StateNodes = ReadonlyMap<string, Uint8Array>;

/** Where state lives: content-addressed, so an entry never changes and an old root stays readable. */
export interface StateStore {
  get(hash: string): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** The same by the 32 bytes of the hash. */
  node(hash: Uint8Array): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /**
   * Takes nodes in and returns what the caller must write, in the batch of the block that made them, so that they
   * are durable exactly when the block is; nothing for a store that lives in memory.
   *
   * The nodes of a block are all that its root leads to and its parent's root does not, also those which an older state
   * left behind: what no kept root leads to may be deleted at any time.
   */
  stage(nodes: StateNodes): readonly TableOperation[];
}

/** A store in memory, which the simulated nodes of one process share. It grows with the chain, as an archive does. */
export function createMemoryStateStore(): StateStore {
  const entries = new Map<string, Uint8Array>();
  return {
    get: (hash) => entries.get(hash),
    node: (hash) => entries.get(nameOf(hash)),
    stage(nodes) {
      for (const [hash, node] of nodes) entries.set(hash, node);
      return [];
    },
  };
}

/** The key of a node in the chain table. */
export function stateKey(hash: string): Uint8Array {
  return hashKey(PREFIX.state, fromHex(hash));
}

function nameOf(hash: Uint8Array): string {
  return toHex(hash).slice(2);
}

/** Gets back a node that the disk has lost; undefined when nobody has it. */
export type StateMender = (hash: string) => Promise<Uint8Array | undefined>;

/** A store in a node's chain table, with a bounded cache over it. Every node that comes from the disk is held to its hash. */
export class TableStateStore implements StateStore {
  private readonly table: Table;
  private readonly cache = new NodeCache(STATE_NODES_CACHED_BYTES_MAX);
  private mender: StateMender | undefined;
  private readonly stagings = new Set<(nodes: StateNodes) => void>();

  constructor(table: Table) {
    this.table = table;
  }

  /** From now on, what is damaged or missing is mended. */
  mendWith(mender: StateMender): void {
    this.mender = mender;
  }

  /** Calls back for all nodes that are staged from now on; returns the way to end that. */
  onStage(listener: (nodes: StateNodes) => void): () => void {
    this.stagings.add(listener);
    return () => void this.stagings.delete(listener);
  }

  get(hash: string): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    return this.node(fromHex(hash));
  }

  node(hash: Uint8Array): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    return this.cache.get(hash) ?? this.load(hash);
  }

  /** A node as the disk has it; undefined when it is missing there or is not what its hash says. */
  peek(hash: string): Promise<Uint8Array | undefined> {
    return this.read(fromHex(hash));
  }

  stage(nodes: StateNodes): readonly TableOperation[] {
    for (const listener of this.stagings) listener(nodes);
    const operations: TableOperation[] = [];
    for (const [name, node] of nodes) {
      const hash = fromHex(name);
      this.cache.set(hash, node);
      operations.push({ type: 'put', key: hashKey(PREFIX.state, hash), value: node });
    }
    return operations;
  }

  private async read(hash: Uint8Array): Promise<Uint8Array | undefined> {
    let node: Uint8Array | undefined;
    try {
      node = await this.table.get(hashKey(PREFIX.state, hash));
    } catch (error) {
      if (!hasCode(error, 'DISK_DAMAGED')) throw error;
    }
    return node !== undefined && equalBytes(keccak256(node), hash) ? node : undefined;
  }

  private async load(hash: Uint8Array): Promise<Uint8Array | undefined> {
    // The hash may lie in memory that its caller uses again.
    const own = hash.slice();
    const node = (await this.read(own)) ?? (await this.mender?.(nameOf(own)));
    if (node !== undefined) this.cache.set(own, node);
    return node;
  }
}
