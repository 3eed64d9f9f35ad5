import { type Hex, keccak256, toHex } from '../../crypto/index.ts';
import { rememberByIdentity } from '../../remember.ts';

/** A transaction of the comparison: opaque bytes, told apart by a number. */
export interface Body {
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** Makes a body whose first bytes hold its number, so that no two are alike. */
export function makeBody(id: number, sizeBytes: number): Body {
  const bytes = new Uint8Array(sizeBytes);
  new DataView(bytes.buffer).setUint32(0, id);
  return { id, bytes };
}

/** A body that came over the network. */
export function bodyOf(bytes: Uint8Array): Body {
  return { id: new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0), bytes };
}

/** What a baseline agrees on: the height (so that equal batches differ), then each body with its length. */
export function encodeBatch(salt: string, bodies: readonly Body[]): Uint8Array {
  const head = new TextEncoder().encode(salt);
  const out = new Uint8Array(4 + head.length + bodies.reduce((sum, { bytes }) => sum + 4 + bytes.length, 0));
  const view = new DataView(out.buffer);
  view.setUint32(0, head.length);
  out.set(head, 4);
  let at = 4 + head.length;
  for (const { bytes } of bodies) {
    view.setUint32(at, bytes.length);
    out.set(bytes, at + 4);
    at += 4 + bytes.length;
  }
  return out;
}

/** The bodies of a batch; shares memory with it. */
export const readBatch = rememberByIdentity((batch: Uint8Array): readonly Body[] => {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  const bodies: Body[] = [];
  for (let at = 4 + view.getUint32(0); at < batch.length; ) {
    const sizeBytes = view.getUint32(at);
    bodies.push(bodyOf(batch.subarray(at + 4, at + 4 + sizeBytes)));
    at += 4 + sizeBytes;
  }
  return bodies;
});

/** The digest of a batch, computed once per process. */
export const batchDigest = rememberByIdentity((batch: Uint8Array): Hex => toHex(keccak256(batch)));
