import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256, toHex } from '../../crypto/index.ts';
import { PAYLOAD_BYTES_MAX, PAYLOAD_CHUNK_BYTES } from '../../limits.ts';
import { chunkCountOf, chunkFault, chunkOf, commitPayload, isMediaType, payloadTreeOf } from './payload-tree.ts';
import { bodyOf } from './testing/bodies.ts';

const lengths = fc.oneof(
  fc.integer({ min: 1, max: 9 }).map((chunks) => chunks * PAYLOAD_CHUNK_BYTES),
  fc.integer({ min: 1, max: 9 * PAYLOAD_CHUNK_BYTES }),
);

describe('the tree over a body', () => {
  it('is the one that the reference describes', () => {
    const body = bodyOf(2 * PAYLOAD_CHUNK_BYTES + 1);
    const leaf = (index: number) =>
      sha256(
        Uint8Array.from([0, 0, 0, 0, index, ...body.subarray(index * PAYLOAD_CHUNK_BYTES, (index + 1) * PAYLOAD_CHUNK_BYTES)]),
      );
    const node = (left: Uint8Array, right: Uint8Array) => sha256(Uint8Array.from([1, ...left, ...right]));
    const top = node(node(leaf(0), leaf(1)), leaf(2));
    const length = Uint8Array.from([0, 0, 0, 0, 0, 2, 0, 1]);
    expect(payloadTreeOf(body).root).toBe(toHex(sha256(Uint8Array.from([2, ...length, ...top]))));
  });

  it('proves every chunk of every body, and no chunk in the place of another', () => {
    fc.assert(
      fc.property(lengths, fc.nat(), (lengthBytes, seed) => {
        const body = bodyOf(lengthBytes, seed + 1);
        const commitment = commitPayload(body, 'application/octet-stream');
        const count = chunkCountOf(lengthBytes);
        for (let index = 0; index < count; index++) {
          const chunk = chunkOf(body, index);
          expect(chunkFault(commitment, chunk)).toBeUndefined();
          if (count > 1) expect(chunkFault(commitment, { ...chunk, index: (index + 1) % count })).toBeDefined();
        }
      }),
      { numRuns: 40 },
    );
  });

  it('refuses what was changed: bytes, proof, length, root, index', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 9 }), fc.nat(), fc.nat(), (chunks, seed, where) => {
        const body = bodyOf(chunks * PAYLOAD_CHUNK_BYTES - 5, seed + 1);
        const commitment = commitPayload(body, 'a/b');
        const chunk = chunkOf(body, where % chunks);
        const bytes = Uint8Array.from(chunk.bytes);
        const at = where % bytes.length;
        bytes[at] = (bytes[at] as number) ^ 1;
        expect(chunkFault(commitment, { ...chunk, bytes })).toMatch(/does not lead/);
        expect(chunkFault(commitment, { ...chunk, proof: chunk.proof.slice(1) })).toMatch(/too short|does not lead/);
        expect(chunkFault(commitment, { ...chunk, proof: [...chunk.proof, new Uint8Array(32)] })).toMatch(/too long/);
        expect(chunkFault(commitment, { ...chunk, index: chunks })).toMatch(/no chunk/);
        expect(chunkFault({ ...commitment, lengthBytes: commitment.lengthBytes + 1 }, chunkOf(body, 0))).toBeDefined();
        expect(chunkFault({ ...commitment, root: toHex(new Uint8Array(32)) }, chunk)).toMatch(/does not lead/);
      }),
      { numRuns: 30 },
    );
  });

  it('has one root per body: repeating the last chunk, or cutting the body, gives another', () => {
    const three = bodyOf(3 * PAYLOAD_CHUNK_BYTES);
    const four = new Uint8Array(4 * PAYLOAD_CHUNK_BYTES);
    four.set(three);
    four.set(three.subarray(2 * PAYLOAD_CHUNK_BYTES), 3 * PAYLOAD_CHUNK_BYTES);
    const roots = [three, four, three.slice(0, -1), Uint8Array.of(0), Uint8Array.of(0, 0)].map(
      (body) => payloadTreeOf(body).root,
    );
    expect(new Set(roots).size).toBe(5);
  });

  it('is computed once per array', () => {
    const body = bodyOf(100);
    expect(payloadTreeOf(body)).toBe(payloadTreeOf(body));
    expect(payloadTreeOf(body.slice()).root).toBe(payloadTreeOf(body).root);
  });

  it('is refused for nothing and for too much', () => {
    for (const length of [0, PAYLOAD_BYTES_MAX + 1]) {
      expect(() => payloadTreeOf(new Uint8Array(length))).toThrow(expect.objectContaining({ code: 'PAYLOAD_BAD_BODY' }));
    }
    expect(payloadTreeOf(new Uint8Array(PAYLOAD_BYTES_MAX)).levels).toHaveLength(7);
  });
});

describe('media types', () => {
  it.each(['application/octet-stream', 'text/plain;charset=utf-8', 'image/svg+xml', 'a/b'])('takes %s', (type) => {
    expect(isMediaType(type)).toBe(true);
  });
  it.each(['', 'text', '/plain', 'text/', 'text/pl ain', 'text/plain\r\nx: y', `a/${'b'.repeat(63)}`, 'tëxt/plain'])(
    'refuses %j',
    (type) => {
      expect(isMediaType(type)).toBe(false);
      expect(() => commitPayload(Uint8Array.of(1), type)).toThrow(expect.objectContaining({ code: 'PAYLOAD_BAD_MEDIA_TYPE' }));
    },
  );
});
