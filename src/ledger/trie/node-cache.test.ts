import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalBytes, keccak256, toHex } from '../../crypto/index.ts';
import { STATE_CACHE_CHUNK_BYTES } from '../../limits.ts';
import { NodeCache } from './node-cache.ts';

function nodeOf(number: number, sizeBytes: number): Uint8Array {
  const node = new Uint8Array(sizeBytes);
  new DataView(node.buffer).setUint32(0, number);
  return node;
}

function holds(cache: NodeCache, node: Uint8Array): boolean {
  const found = cache.get(keccak256(node));
  return found !== undefined && equalBytes(found, node);
}

describe('the cache of state nodes', () => {
  it('gives back what was put in or nothing, and never takes more bytes than it may', () => {
    const sizes = fc.array(fc.integer({ min: 4, max: 700 }), { minLength: 1, maxLength: 600 });
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(599), { maxLength: 100 }), (sizes, asked) => {
        const bytesMax = 40_000;
        const cache = new NodeCache(bytesMax);
        const nodes = sizes.map((sizeBytes, number) => nodeOf(number, sizeBytes));
        for (const [number, node] of nodes.entries()) {
          cache.set(keccak256(node), node);
          expect(holds(cache, node)).toBe(true);
          expect(cache.sizeBytes).toBeLessThanOrEqual(bytesMax);
          const other = nodes[(asked[number % (asked.length + 1)] ?? 0) % nodes.length] as Uint8Array;
          const found = cache.get(keccak256(other));
          if (found !== undefined) expect(equalBytes(found, other)).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('keeps what is asked for and forgets what is not', () => {
    const cache = new NodeCache(100_000);
    const nodes = Array.from({ length: 2_000 }, (_, number) => nodeOf(number, 100));
    const hashes = nodes.map((node) => keccak256(node));
    for (const [number, node] of nodes.entries()) {
      cache.set(hashes[number] as Uint8Array, node);
      expect(holds(cache, nodes[0] as Uint8Array)).toBe(true);
    }
    expect(cache.get(hashes[1] as Uint8Array)).toBeUndefined();
    expect(cache.get(hashes.at(-1) as Uint8Array)).toEqual(nodes.at(-1));
  });

  it('leaves a node alone that somebody holds while others take its room', () => {
    const cache = new NodeCache(10_000);
    const first = nodeOf(7, 200);
    cache.set(keccak256(first), first);
    const held = cache.get(keccak256(first)) as Uint8Array;
    for (let number = 100; number < 400; number++) cache.set(keccak256(nodeOf(number, 200)), nodeOf(number, 200));
    expect(cache.get(keccak256(first))).toBeUndefined();
    expect(toHex(held)).toBe(toHex(first));
  });

  it('finds its entries among hashes that begin alike, of which it loses some', () => {
    const cache = new NodeCache(100_000);
    const hashes = Array.from({ length: 40 }, (_, number) => {
      const hash = new Uint8Array(32);
      hash[31] = number;
      return hash;
    });
    for (const [number, hash] of hashes.entries()) cache.set(hash, nodeOf(number, 40));
    const found = hashes.filter((hash, number) => {
      const node = cache.get(hash);
      if (node !== undefined) expect(node).toEqual(nodeOf(number, 40));
      return node !== undefined;
    });
    expect(found).toHaveLength(16);
    expect(cache.get(hashes.at(-1) as Uint8Array)).toEqual(nodeOf(39, 40));
  });

  it('takes a node that is larger than a piece of its memory, but none larger than half of it', () => {
    const large = nodeOf(1, STATE_CACHE_CHUNK_BYTES + 5);
    const roomy = new NodeCache(4 * STATE_CACHE_CHUNK_BYTES);
    for (const node of [nodeOf(2, 100), large, nodeOf(3, 100)]) roomy.set(keccak256(node), node);
    expect(holds(roomy, large)).toBe(true);
    expect(holds(roomy, nodeOf(3, 100))).toBe(true);
    const narrow = new NodeCache(STATE_CACHE_CHUNK_BYTES);
    narrow.set(keccak256(large), large);
    expect(narrow.get(keccak256(large))).toBeUndefined();
  });
});
