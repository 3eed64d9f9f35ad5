import { PAYLOAD_BYTES_MAX, PAYLOAD_CHUNK_BYTES } from '../../limits.ts';

/** Words of 32 chunks that the largest body needs. */
const WORDS = Math.ceil(PAYLOAD_BYTES_MAX / PAYLOAD_CHUNK_BYTES / 32);

/** Bytes of a set on the wire. */
export const CHUNK_SET_BYTES = 4 * WORDS;

/** A set of chunks of one body. */
export class ChunkSet implements Iterable<number> {
  size = 0;
  private readonly words = new Uint32Array(WORDS);

  static of(indexes: Iterable<number>): ChunkSet {
    const set = new ChunkSet();
    for (const index of indexes) set.add(index);
    return set;
  }

  /** Reads what {@link write} wrote at `at`. */
  static read(bytes: Uint8Array, at: number): ChunkSet {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, CHUNK_SET_BYTES);
    const set = new ChunkSet();
    for (let index = 0; index < 32 * WORDS; index++) if (view.getUint32(4 * (index >>> 5)) & (1 << (index & 31))) set.add(index);
    return set;
  }

  write(bytes: Uint8Array, at: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, CHUNK_SET_BYTES);
    for (let word = 0; word < WORDS; word++) view.setUint32(4 * word, this.words[word] as number);
  }

  has(index: number): boolean {
    return (((this.words[index >>> 5] ?? 0) >>> (index & 31)) & 1) === 1;
  }

  add(index: number): void {
    if (this.has(index)) return;
    this.size++;
    this.words[index >>> 5] = (this.words[index >>> 5] as number) | (1 << (index & 31));
  }

  delete(index: number): boolean {
    if (!this.has(index)) return false;
    this.size--;
    this.words[index >>> 5] = (this.words[index >>> 5] as number) & ~(1 << (index & 31));
    return true;
  }

  copy(): ChunkSet {
    const set = new ChunkSet();
    set.words.set(this.words);
    set.size = this.size;
    return set;
  }

  /** Lowest first. The set may lose members meanwhile. */
  *[Symbol.iterator](): Generator<number> {
    for (let index = 0; index < 32 * WORDS; index++) if (this.has(index)) yield index;
  }
}
