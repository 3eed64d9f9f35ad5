import { BoundedMap } from '../../bounded-map.ts';
import { type Address, fromHex, type Hex, keccak256 } from '../../crypto/index.ts';
import { BLOOM_ENTRIES_MAX, BLOOM_PIECE_BYTES } from '../../limits.ts';
import { BytePacker } from '../byte-packer.ts';

export const BLOOM_BYTES = 256;

// The filters of a block's transactions live and go together.
const packer = new BytePacker(BLOOM_PIECE_BYTES);

/** A log reduced to what a bloom filter holds. */
export interface BloomSource {
  readonly address: Address;
  readonly topics: readonly Hex[];
}

function bitsOf(entry: Uint8Array): readonly number[] {
  const hash = keccak256(entry);
  return [0, 2, 4].map((at) => (((hash[at] as number) << 8) | (hash[at + 1] as number)) & 2047);
}

// Contracts, events and accounts come again and again; other topics hardly ever do.
const remembered = new BoundedMap<Hex, readonly number[]>(BLOOM_ENTRIES_MAX);
const PADDED_ADDRESS = /^0x0{24}/;

function rememberedBitsOf(entry: Hex): readonly number[] {
  const known = remembered.get(entry);
  if (known !== undefined) return known;
  const bits = bitsOf(fromHex(entry));
  remembered.set(entry, bits);
  return bits;
}

function addTo(bloom: Uint8Array, bits: readonly number[]): void {
  for (const bit of bits) {
    const at = BLOOM_BYTES - 1 - (bit >> 3);
    bloom[at] = (bloom[at] as number) | (1 << (bit & 7));
  }
}

/** The 2048-bit filter over addresses and topics of the Yellow Paper, section 4.3.1. */
export function bloomOf(logs: readonly BloomSource[]): Uint8Array {
  const bloom = packer.take(BLOOM_BYTES);
  for (const { address, topics } of logs) {
    addTo(bloom, rememberedBitsOf(address));
    for (const [index, topic] of topics.entries()) {
      addTo(bloom, index === 0 || PADDED_ADDRESS.test(topic) ? rememberedBitsOf(topic) : bitsOf(fromHex(topic)));
    }
  }
  return bloom;
}

/** The union of filters. */
export function mergeBlooms(blooms: readonly Uint8Array[]): Uint8Array {
  const union = new Uint8Array(BLOOM_BYTES);
  for (const bloom of blooms) for (let at = 0; at < BLOOM_BYTES; at++) union[at] = (union[at] as number) | (bloom[at] as number);
  return union;
}

/** Precomputes a test whether a filter may hold an address or topic: false means certainly not. */
export function bloomTest(entry: Hex): (bloom: Uint8Array) => boolean {
  const bits = bitsOf(fromHex(entry));
  return (bloom) => bits.every((bit) => ((bloom[BLOOM_BYTES - 1 - (bit >> 3)] as number) & (1 << (bit & 7))) !== 0);
}
