import { createKeccak, createSHA256 } from 'hash-wasm';

// The WASM hashers are created once, while the module loads: afterwards hashing is synchronous, which the
// simulator's drain between two events relies on. A hasher is reused; JavaScript runs one caller at a time.
const keccakHasher = await createKeccak(256);
const shaHasher = await createSHA256();

/** Keccak-256 (Ethereum's), 32 bytes. */
export function keccak256(data: Uint8Array): Uint8Array {
  return keccakHasher.init().update(data).digest('binary');
}

/** SHA-256, 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  return shaHasher.init().update(data).digest('binary');
}
