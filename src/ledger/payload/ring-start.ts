import type { Hex } from '../../crypto/index.ts';

/** A place in a ring of peers that differs from body to body and is the same on every node: the root's first 48 bits. */
export function ringStart(root: Hex): number {
  return Number.parseInt(root.slice(2, 14), 16);
}
