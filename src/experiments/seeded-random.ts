import { sha256 } from '../crypto/index.ts';

/** A reproducible source of bytes: SHA-256 in counter mode over the seed. For laying out simulations, not for real keys. */
export function createSeededRandom(seed: string): { bytes(length: number): Uint8Array; float(): number } {
  const encoder = new TextEncoder();
  let counter = 0;
  let pool = new Uint8Array();
  const bytes = (length: number): Uint8Array => {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      if (pool.length === 0) pool = Uint8Array.from(sha256(encoder.encode(`${seed}/${counter++}`)));
      const part = pool.subarray(0, length - at);
      out.set(part, at);
      pool = pool.subarray(part.length);
      at += part.length;
    }
    return out;
  };
  return {
    bytes,
    float: () => {
      const [a = 0, b = 0, c = 0, d = 0] = bytes(4);
      return (a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d) / 2 ** 32;
    },
  };
}
