import { BoundedMap } from './bounded-map.ts';

/**
 * A pure function of an object that is never changed, computed once per object and remembered for as long as that lives.
 * Nodes that share a process share the frames that they receive and what follows from them; elsewhere this costs next to
 * nothing.
 */
export function rememberByIdentity<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, { readonly value: V }>();
  return (key) => {
    const present = known.get(key);
    if (present !== undefined) return present.value;
    const value = compute(key);
    known.set(key, { value });
    return value;
  };
}

/** The same for small byte strings that come in many copies: remembered by their content, at most `entriesMax` of them. */
export function rememberByContent<V>(entriesMax: number, compute: (bytes: Uint8Array) => V): (bytes: Uint8Array) => V {
  const known = new BoundedMap<number, { readonly bytes: Uint8Array; readonly value: V }>(entriesMax);
  return (bytes) => {
    const key = mixOf(bytes);
    const present = known.get(key);
    if (present !== undefined && isSame(present.bytes, bytes)) return present.value;
    const value = compute(bytes);
    known.set(key, { bytes: bytes.slice(), value });
    return value;
  };
}

/** Sorts contents into places (FNV-1a, 32 bits). Two that share one only push each other out. */
function mixOf(bytes: Uint8Array): number {
  let mix = 0x811c9dc5;
  for (let at = 0; at < bytes.length; at++) mix = Math.imul(mix ^ (bytes[at] as number), 0x01000193);
  return mix >>> 0;
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return false;
  return true;
}
