import { STATE_MARK_BITS_MAX } from '../../limits.ts';

/** Bits that one hash sets: with ten bits per node, one in a hundred unused nodes is taken for a used one and kept. */
const PROBES = 3;
const BITS_MIN = 2 ** 16;

/**
 * The hashes that are in use, in little memory (a Bloom filter): `has` is always true for what was added, and seldom for
 * what was not. Whoever deletes only what it denies never deletes too much.
 */
export class MarkFilter {
  private readonly words: Uint32Array;
  private readonly mask: number;

  /** @param bytes - of the state that it is for; a node is not smaller than some 100 bytes */
  constructor(bytes: number) {
    const wanted = Math.max(BITS_MIN, Math.min(STATE_MARK_BITS_MAX, bytes / 8));
    const bits = 2 ** Math.ceil(Math.log2(wanted));
    this.words = new Uint32Array(bits / 32);
    this.mask = bits - 1;
  }

  /** @param hash - 64 hex digits; they are as good as random, so parts of them serve as positions */
  add(hash: string): void {
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = this.position(hash, probe);
      this.words[bit >>> 5] = (this.words[bit >>> 5] as number) | (1 << (bit & 31));
    }
  }

  has(hash: string): boolean {
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = this.position(hash, probe);
      if (((this.words[bit >>> 5] as number) & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }

  private position(hash: string, probe: number): number {
    return Number.parseInt(hash.slice(8 * probe, 8 * probe + 8), 16) & this.mask;
  }
}
