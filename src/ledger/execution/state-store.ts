import { BoundedMap } from '../../bounded-map.ts';
import { fromHex } from '../../crypto/index.ts';
import type { Table, TableOperation } from '../../environment/index.ts';
import { STATE_NODES_CACHED_MAX } from '../../limits.ts';

/** Trie nodes and contract code by their Keccak-256, 64 hex digits without `0x`. */
export type StateNodes = ReadonlyMap<string, Uint8Array>;

/** Where state lives: content-addressed, so an entry never changes and an old root stays readable. */
export interface StateStore {
  get(hash: string): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /**
   * Takes nodes in and returns what the caller must write, in the batch of the block that made them, so that they
   * are durable exactly when the block is; nothing for a store that lives in memory.
   */
  stage(nodes: StateNodes): readonly TableOperation[];
}

/** A store in memory, which the simulated nodes of one process share. It grows with the chain, as an archive does. */
export function createMemoryStateStore(): StateStore {
  const entries = new Map<string, Uint8Array>();
  return {
    get: (hash) => entries.get(hash),
    stage(nodes) {
      for (const [hash, node] of nodes) entries.set(hash, node);
      return [];
    },
  };
}

const STATE_PREFIX = 0x73; // 's'

function keyOf(hash: string): Uint8Array {
  const key = new Uint8Array(33);
  key[0] = STATE_PREFIX;
  key.set(fromHex(hash), 1);
  return key;
}

/** A store in a node's chain table, with a bounded cache over it. */
export function createTableStateStore(table: Table): StateStore {
  const cache = new BoundedMap<string, Uint8Array>(STATE_NODES_CACHED_MAX);
  const load = async (hash: string): Promise<Uint8Array | undefined> => {
    const node = await table.get(keyOf(hash));
    if (node !== undefined) cache.set(hash, node);
    return node;
  };
  return {
    get: (hash) => cache.get(hash) ?? load(hash),
    stage(nodes) {
      const operations: TableOperation[] = [];
      for (const [hash, node] of nodes) {
        cache.set(hash, node);
        operations.push({ type: 'put', key: keyOf(hash), value: node });
      }
      return operations;
    },
  };
}
