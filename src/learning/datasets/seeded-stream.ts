import { sha256 } from '../../crypto/index.ts';
import { type RandomStream, randomStream } from '../../environment/index.ts';

/**
 * A stream of random numbers that a seed and a purpose determine, on every machine: the generator of the environment is
 * the system's own on the host, and what others are to compute again must not come from it. The generator is sfc32
 * (Doty-Humphrey, PractRand), seeded with SHA-256 of what it is for.
 */
export function seededStream(...path: readonly (string | number)[]): RandomStream {
  const seed = sha256(new TextEncoder().encode(JSON.stringify(path)));
  const view = new DataView(seed.buffer, seed.byteOffset, 16);
  return randomStream(sfc32(view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)));
}

function sfc32(a: number, b: number, c: number, counter: number): () => number {
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  // The first outputs still show the seed.
  for (let round = 0; round < 12; round++) next();
  return next;
}
