import { expandPath } from './nibbles.ts';
import { contentAt, itemEnd } from './trie-node.ts';
import type { Step } from './trie-proof.ts';

const EMPTY_STRING = 0x80;
const HASH_PREFIX = 0xa0;

/**
 * Walks from one encoded node of the own state along `path`, as `stepThrough` does for nodes of others, but without
 * decoding what lies beside the way and without checking a form that was written here.
 */
export function stepThroughOwn(rlp: Uint8Array, path: Uint8Array, from: number): Step {
  let node = 0;
  let at = from;
  for (;;) {
    const first = contentAt(rlp, node);
    const second = itemEnd(rlp, first);
    let child = first;
    if (itemEnd(rlp, second) === itemEnd(rlp, node)) {
      const compact = expandPath(rlp.subarray(contentAt(rlp, first), second));
      if (compact === undefined || !startsWith(path, compact.path, at)) return { type: 'absent' };
      at += compact.path.length;
      if (compact.leaf) return { type: 'value', value: rlp.slice(contentAt(rlp, second), itemEnd(rlp, second)) };
      child = second;
    } else {
      for (let nibble = path[at] as number; nibble > 0; nibble--) child = itemEnd(rlp, child);
      at += 1;
    }
    const head = rlp[child] as number;
    if (head === EMPTY_STRING) return { type: 'absent' };
    if (head === HASH_PREFIX) return { type: 'down', hash: rlp.subarray(child + 1, child + 33), at };
    // A node of less than 32 bytes stands here itself.
    node = child;
  }
}

function startsWith(path: Uint8Array, prefix: Uint8Array, at: number): boolean {
  for (let offset = 0; offset < prefix.length; offset++) if (path[at + offset] !== prefix[offset]) return false;
  return true;
}
