import { invariant } from '../../errors.ts';
import { STATE_CACHE_CHUNK_BYTES } from '../../limits.ts';

const HASH_BYTES = 32;
/** Before every node: its hash and its length. */
const HEADER_BYTES = HASH_BYTES + 4;
/** Places that one hash may have in the index: whoever makes up hashes that begin alike only loses entries of the cache. */
const PROBES_MAX = 16;
const PLACES_MIN = 1_024;
/** A place in the index is the number of a chunk above this bit and an offset below it. Zero is none: no entry begins there. */
const OFFSET_BITS = 20;

/**
 * State nodes by their hash, packed into a few large pieces of memory: hundreds of thousands of small arrays would cost the
 * garbage collector more than the nodes cost the state. Bounded in bytes: when the young half is full, the old one goes. A node
 * that is read moves to the young half, so what is in use stays.
 */
export class NodeCache {
  private readonly halfBytes: number;
  private young = new Half(PLACES_MIN);
  private old = new Half(PLACES_MIN);

  constructor(bytesMax: number) {
    this.halfBytes = bytesMax / 2;
  }

  /** Bytes of the nodes and hashes that are kept. */
  get sizeBytes(): number {
    return this.young.sizeBytes + this.old.sizeBytes;
  }

  /** The node with this hash, a view that stays as it is; undefined when it is not here. */
  get(hash: Uint8Array): Uint8Array | undefined {
    const young = this.young.get(hash);
    if (young !== undefined) return young;
    const old = this.old.get(hash);
    if (old !== undefined) this.add(hash, old);
    return old;
  }

  /** Keeps a copy of a node, until others need the room. */
  set(hash: Uint8Array, node: Uint8Array): void {
    if (this.young.get(hash) === undefined) this.add(hash, node);
  }

  private add(hash: Uint8Array, node: Uint8Array): void {
    if (HEADER_BYTES + node.length > this.halfBytes) return;
    if (this.young.sizeBytes + HEADER_BYTES + node.length > this.halfBytes) {
      // Its memory is left to those who still hold views of it.
      this.old = this.young;
      // It will take about as many: growing to that step by step would move each of them several times.
      this.young = new Half(this.old.placesCount);
    }
    this.young.add(hash, node);
  }
}

/** Nodes one behind the other, and an open-addressed index over them. Entries are only added. */
class Half {
  sizeBytes = 0;
  private readonly chunks: Uint8Array[] = [];
  private free = 0;
  private places: Uint32Array;
  private entries = 0;

  constructor(places: number) {
    this.places = new Uint32Array(places);
  }

  get placesCount(): number {
    return this.places.length;
  }

  get(hash: Uint8Array): Uint8Array | undefined {
    const { places } = this;
    const mask = places.length - 1;
    for (let probe = 0, at = startOf(hash); probe < PROBES_MAX; probe++, at++) {
      const place = places[at & mask] as number;
      if (place === 0) return undefined;
      const chunk = this.chunks[place >>> OFFSET_BITS] as Uint8Array;
      const offset = place & ((1 << OFFSET_BITS) - 1);
      if (!isAt(chunk, offset, hash)) continue;
      return chunk.subarray(offset, offset + lengthAt(chunk, offset));
    }
    return undefined;
  }

  add(hash: Uint8Array, node: Uint8Array): void {
    const sizeBytes = HEADER_BYTES + node.length;
    const last = this.chunks.at(-1);
    if (last === undefined || this.free + sizeBytes > last.length) {
      this.chunks.push(new Uint8Array(Math.max(STATE_CACHE_CHUNK_BYTES, sizeBytes)));
      this.free = 0;
    }
    const chunk = this.chunks.at(-1) as Uint8Array;
    const offset = this.free + HEADER_BYTES;
    invariant(offset < 2 ** OFFSET_BITS && this.chunks.length <= 2 ** (32 - OFFSET_BITS), 'a place fits 32 bits');
    chunk.set(hash, this.free);
    for (let byte = 0; byte < 4; byte++) chunk[offset - 4 + byte] = node.length >>> (24 - 8 * byte);
    chunk.set(node, offset);
    this.free += sizeBytes;
    this.sizeBytes += sizeBytes;
    if (2 * ++this.entries > this.places.length) this.grow();
    put(this.places, hash, (((this.chunks.length - 1) << OFFSET_BITS) | offset) >>> 0);
  }

  private grow(): void {
    const before = this.places;
    this.places = new Uint32Array(2 * before.length);
    for (const place of before) {
      if (place === 0) continue;
      const from = (place & ((1 << OFFSET_BITS) - 1)) - HEADER_BYTES;
      const chunk = this.chunks[place >>> OFFSET_BITS] as Uint8Array;
      put(this.places, chunk.subarray(from, from + HASH_BYTES), place);
    }
  }
}

/** Where a hash begins to look for its place: hashes are spread evenly already. */
function startOf(hash: Uint8Array): number {
  return (((hash[0] as number) << 24) | ((hash[1] as number) << 16) | ((hash[2] as number) << 8) | (hash[3] as number)) >>> 0;
}

/** Takes the first free place, or the last that the hash may have, whose entry is lost then. */
function put(places: Uint32Array, hash: Uint8Array, place: number): void {
  const mask = places.length - 1;
  let at = startOf(hash) & mask;
  for (let probe = 1; probe < PROBES_MAX && places[at] !== 0; probe++) at = (at + 1) & mask;
  places[at] = place;
}

function isAt(chunk: Uint8Array, offset: number, hash: Uint8Array): boolean {
  const from = offset - HEADER_BYTES;
  for (let at = 0; at < HASH_BYTES; at++) if (chunk[from + at] !== hash[at]) return false;
  return true;
}

function lengthAt(chunk: Uint8Array, offset: number): number {
  let length = 0;
  for (let at = offset - 4; at < offset; at++) length = length * 256 + (chunk[at] as number);
  return length;
}
