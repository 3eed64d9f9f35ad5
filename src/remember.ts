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
  const known = new BoundedMap<string, { readonly value: V }>(entriesMax);
  return (bytes) => {
    const key = String.fromCharCode.apply(null, bytes as unknown as number[]);
    const present = known.get(key);
    if (present !== undefined) return present.value;
    const value = compute(bytes);
    known.set(key, { value });
    return value;
  };
}
