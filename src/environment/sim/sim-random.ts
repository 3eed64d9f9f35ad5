import { sha256 } from '../../crypto/index.ts';
import type { Random, RandomStream } from '../environment.ts';
import { randomStream } from '../random-source.ts';

/**
 * The stream of one purpose: xoshiro128** seeded with SHA-256 of the path, e.g. (seed, run, node, purpose). A new
 * stream, node or draw elsewhere never shifts its numbers.
 */
export function namedStream(...path: readonly (string | number)[]): RandomStream {
  const seed = sha256(new TextEncoder().encode(JSON.stringify(path)));
  const view = new DataView(seed.buffer, seed.byteOffset, 16);
  // The all-zero state is the one that xoshiro cannot leave; the last word is made odd to exclude it.
  return randomStream(xoshiro128(view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12) | 1));
}

/** The random streams of a node. */
export function simRandom(...path: readonly (string | number)[]): Random {
  const streams = new Map<string, RandomStream>();
  return {
    stream: (purpose) => {
      let stream = streams.get(purpose);
      if (stream === undefined) {
        stream = namedStream(...path, purpose);
        streams.set(purpose, stream);
      }
      return stream;
    },
  };
}

/** xoshiro128** (Blackman and Vigna 2018): 32-bit words, period 2^128 - 1. */
function xoshiro128(a: number, b: number, c: number, d: number): () => number {
  return () => {
    const product = Math.imul(b, 5);
    const word = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return word;
  };
}
