import { createKeccak, createSHA256 } from 'hash-wasm';

// The WASM hashers are created once, while the module loads: afterwards hashing is synchronous, which the
// simulator's drain between two events relies on. A hasher is reused; JavaScript runs one caller at a time.
const keccakHasher = await createKeccak(256);
const shaHasher = await createSHA256();

/** Up to this size V8 keeps the bytes of an array within its heap, as long as nobody asks for a view of them. */
const HEAP_BYTES_MAX = 64;
const scratch = new Uint8Array(new ArrayBuffer(HEAP_BYTES_MAX));
const scratchViews = Array.from({ length: HEAP_BYTES_MAX + 1 }, (_, length) => scratch.subarray(0, length));

/** Keccak-256 (Ethereum's), 32 bytes. */
export function keccak256(data: Uint8Array): Uint8Array {
  const view = scratchViews[data.length];
  if (view === undefined) return keccakHasher.init().update(data).digest('binary');
  // The hasher makes a view of what it is given, for which V8 would move a small array out of its heap for good.
  view.set(data);
  return keccakHasher.init().update(view).digest('binary');
}

/** Below this size the call into a faster implementation costs more than it saves. */
const FAST_SHA_BYTES_MIN = 4_096;
let fastSha256: ((...parts: readonly Uint8Array[]) => Uint8Array) | undefined;

/** Lets a host that has a faster SHA-256 (with the processor's instructions for it) lend it: for large inputs. */
export function lendSha256(implementation: (...parts: readonly Uint8Array[]) => Uint8Array): void {
  fastSha256 = implementation;
}

/** SHA-256 of the parts one after the other, 32 bytes: to join them first would be a copy of all of them. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const sizeBytes = parts.reduce((sum, { length }) => sum + length, 0);
  if (fastSha256 !== undefined && sizeBytes >= FAST_SHA_BYTES_MIN) return fastSha256(...parts);
  const hasher = shaHasher.init();
  for (const part of parts) hasher.update(part);
  return hasher.digest('binary');
}
