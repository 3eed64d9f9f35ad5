/** A body of this length whose chunks differ. */
export function bodyOf(lengthBytes: number, seed = 1): Uint8Array {
  const body = new Uint8Array(lengthBytes);
  let state = seed;
  for (let at = 0; at < lengthBytes; at += 97) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    body[at] = state >>> 16;
  }
  return body;
}
