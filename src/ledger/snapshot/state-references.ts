import { toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT } from '../chain/header.ts';
import { decode, type Item, listOf } from '../rlp-fields.ts';
import { expandPath } from '../trie/nibbles.ts';

/** Something that is part of a state, by its hash without `0x`, and how to read it. */
export interface StateReference {
  readonly hash: string;
  /** A node of the trie of accounts, a node of a trie of slots, or code. */
  readonly kind: 'account' | 'slot' | 'code';
}

const NO_STORAGE = EMPTY_TRIE_ROOT.slice(2);
const NO_CODE = EMPTY_CODE_HASH.slice(2);

/** Where a walk through the state under a root begins; nothing when the state is empty. */
export function rootReferences(root: string): readonly StateReference[] {
  return root.slice(2) === NO_STORAGE ? [] : [{ hash: root.slice(2), kind: 'account' }];
}

/** Everything that a node (whose hash was checked) refers to. @throws TreadleError LEDGER_MALFORMED */
export function referencesOf(node: Uint8Array, kind: StateReference['kind']): readonly StateReference[] {
  if (kind === 'code') return [];
  const items = listOf(decode(node, 'state node'), 'state node');
  if (items.length === 17) return items.slice(0, 16).flatMap((child) => childReference(child, kind));
  const path = items.length === 2 && items[0] instanceof Uint8Array ? expandPath(items[0]) : undefined;
  if (path === undefined) throw new TreadleError('LEDGER_MALFORMED', { detail: 'a state node has no valid form' });
  if (!path.leaf) return childReference(items[1] as Item, kind);
  return kind === 'account' ? accountReferences(items[1] as Item) : [];
}

/** A child that stands in its parent itself is shorter than a hash, so it refers to nothing. */
function childReference(child: Item, kind: 'account' | 'slot'): readonly StateReference[] {
  return child instanceof Uint8Array && child.length === 32 ? [{ hash: toHex(child).slice(2), kind }] : [];
}

function accountReferences(value: Item): readonly StateReference[] {
  const [, , storageRoot, codeHash] = listOf(value instanceof Uint8Array ? decode(value, 'account') : value, 'account', 4);
  const storage = toHex(storageRoot as Uint8Array).slice(2);
  const code = toHex(codeHash as Uint8Array).slice(2);
  return [
    ...(storage === NO_STORAGE ? [] : [{ hash: storage, kind: 'slot' } as const]),
    ...(code === NO_CODE ? [] : [{ hash: code, kind: 'code' } as const]),
  ];
}
