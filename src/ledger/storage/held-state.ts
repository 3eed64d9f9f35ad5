import type { Address, Hex } from '../../crypto/index.ts';
import { fromHex, keccak256, toHex } from '../../crypto/index.ts';
import type { TableOperation } from '../../environment/index.ts';
import { hasCode } from '../../errors.ts';
import type { ChainStore } from '../chain/chain-store.ts';
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT } from '../chain/header.ts';
import { decodeAccount } from '../execution/state-snapshot.ts';
import { type StateStore, TableStateStore } from '../execution/state-store.ts';
import type { StateReference } from '../snapshot/state-references.ts';
import { StateWalk } from '../snapshot/state-walk.ts';
import { nibblesOf } from '../trie/nibbles.ts';
import { type Step, stepThrough } from '../trie/trie-proof.ts';

/** State as this node holds it by itself, wherever it lives. Nothing here asks a peer. */
export interface HeldState {
  /** A node or code by its hash without `0x`; undefined when it is missing or spoilt. */
  read(hash: string): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Stores nodes whose hashes were checked; durable when it resolves. @throws TreadleError DISK_FULL */
  put(nodes: ReadonlyMap<string, Uint8Array>): Promise<void>;
  /** The store on this node's disk; absent where the state lives in memory. */
  readonly onDisk?: TableStateStore;
}

export function heldState(state: StateStore, store: ChainStore): HeldState {
  const put = async (nodes: ReadonlyMap<string, Uint8Array>): Promise<void> => {
    const operations: readonly TableOperation[] = state.stage(nodes);
    if (operations.length > 0) await store.exclusively((table) => table.batch(operations, { sync: true }));
  };
  if (!(state instanceof TableStateStore)) return { read: (hash) => state.get(hash), put };
  return { read: (hash) => state.peek(hash), put, onDisk: state };
}

/** Whether everything of one account can be read under a root: the way to it, its code and its slots. */
export async function isAccountWhole(root: Hex, address: Address, held: HeldState): Promise<boolean> {
  if (root === EMPTY_TRIE_ROOT) return true;
  const path = nibblesOf(keccak256(fromHex(address)));
  let step: Step = { type: 'down', hash: fromHex(root), at: 0 };
  while (step.type === 'down') {
    const node = await held.read(toHex(step.hash).slice(2));
    if (node === undefined) return false;
    step = stepThrough(node, path, step.at);
  }
  if (step.type === 'absent') return true;
  const account = decodeAccount(step.value);
  const [storage, code] = [toHex(account.storageRoot), toHex(account.codeHash)];
  const parts: readonly StateReference[] = [
    ...(storage === EMPTY_TRIE_ROOT ? [] : [{ hash: storage.slice(2), kind: 'slot' } as const]),
    ...(code === EMPTY_CODE_HASH ? [] : [{ hash: code.slice(2), kind: 'code' } as const]),
  ];
  const walk = new StateWalk({ read: (hash) => held.read(hash), fetch: async () => new Map(), stopped: () => false });
  try {
    return await walk.walkFrom(parts);
  } catch (error) {
    if (hasCode(error, 'LEDGER_DAMAGED')) return false;
    throw error;
  }
}
