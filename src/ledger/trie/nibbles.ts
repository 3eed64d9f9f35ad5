/** Half-bytes of a key, most significant first. */
export function nibblesOf(key: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(key.length * 2);
  for (let at = 0; at < key.length; at++) {
    nibbles[2 * at] = (key[at] as number) >> 4;
    nibbles[2 * at + 1] = (key[at] as number) & 15;
  }
  return nibbles;
}

/** The compact ("hex prefix") form of a path, with the flag that tells a leaf from an extension. */
export function compactPath(path: Uint8Array, leaf: boolean): Uint8Array {
  const odd = path.length % 2;
  const bytes = new Uint8Array(1 + (path.length - odd) / 2);
  bytes[0] = (leaf ? 0x20 : 0) | (odd === 1 ? 0x10 | (path[0] as number) : 0);
  for (let at = 1; at < bytes.length; at++) {
    bytes[at] = ((path[odd + 2 * (at - 1)] as number) << 4) | (path[odd + 2 * (at - 1) + 1] as number);
  }
  return bytes;
}

/** The inverse of {@link compactPath}; undefined when the bytes are no compact path. */
export function expandPath(bytes: Uint8Array): { readonly path: Uint8Array; readonly leaf: boolean } | undefined {
  const flags = bytes[0];
  if (flags === undefined || flags > 0x3f) return undefined;
  const odd = (flags & 0x10) !== 0;
  if (!odd && (flags & 0x0f) !== 0) return undefined;
  const rest = nibblesOf(bytes.subarray(1));
  const path = odd ? Uint8Array.from([flags & 0x0f, ...rest]) : rest;
  return { path, leaf: (flags & 0x20) !== 0 };
}
