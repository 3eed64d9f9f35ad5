import fc from 'fast-check';
import { encodeAbiParameters, keccak256 as viemKeccak } from 'viem';
import { describe, expect, it } from 'vitest';
import { type Hex, keccak256, toHex } from '../crypto/index.ts';
import { type Envelope, encodeLaneAnswer, laneHead, laneHeadSlot, laneSpec, messageHash, receiptHash } from './lane-messages.ts';
import { isPlacedUnder, LaneTree } from './lane-tree.ts';

const leafOf = (index: number): Hex => toHex(keccak256(new TextEncoder().encode(`leaf ${index}`)));
const join = (left: Hex, right: Hex): Hex => viemKeccak(`0x${left.slice(2)}${right.slice(2)}`);

/** RFC 9162, section 2.1.1, word by word. */
function hashOf(leaves: readonly Hex[]): Hex {
  if (leaves.length === 1) return leaves[0] as Hex;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return join(hashOf(leaves.slice(0, split)), hashOf(leaves.slice(split)));
}

function treeOf(size: number): LaneTree {
  const tree = new LaneTree();
  for (let index = 0; index < size; index++) expect(tree.append(leafOf(index))).toBe(index);
  return tree;
}

describe('the tree of a lane', () => {
  it('has the root that RFC 9162 defines, at every size', () => {
    const tree = treeOf(70);
    const leaves = Array.from({ length: 70 }, (_, index) => leafOf(index));
    for (let size = 1; size <= 70; size++) expect(tree.root(size)).toBe(hashOf(leaves.slice(0, size)));
    expect(tree.root(0)).toBe(`0x${'00'.repeat(32)}`);
  });

  it('proves every leaf at every size it was in', () => {
    const tree = treeOf(40);
    for (let size = 1; size <= 40; size++) {
      for (let index = 0; index < size; index++) {
        const place = tree.place(index, size);
        expect(isPlacedUnder(tree.root(size), leafOf(index), place)).toBe(true);
        expect(place.proof.length).toBeLessThanOrEqual(Math.ceil(Math.log2(size)));
      }
    }
  });

  it('proves nothing else', () => {
    const sizes = fc.integer({ min: 2, max: 300 });
    const tree = treeOf(300);
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), fc.nat(), (size, first, second, bit) => {
        const [index, other] = [first % size, second % size];
        const place = tree.place(index, size);
        const root = tree.root(size);
        if (other !== index) {
          expect(isPlacedUnder(root, leafOf(other), place)).toBe(false);
          expect(isPlacedUnder(root, leafOf(index), { ...place, index: BigInt(other) })).toBe(false);
        }
        expect(isPlacedUnder(root, leafOf(index), { ...place, proof: place.proof.slice(1) })).toBe(false);
        expect(isPlacedUnder(root, leafOf(index), { ...place, proof: [...place.proof, root] })).toBe(false);
        expect(isPlacedUnder(root, leafOf(index), { ...place, index: BigInt(size) })).toBe(false);
        const at = bit % place.proof.length;
        const bent = place.proof.map((hash, step) => (step === at ? leafOf(10_000 + bit) : hash));
        expect(isPlacedUnder(root, leafOf(index), { ...place, proof: bent })).toBe(false);
      }),
    );
  });

  it('knows what it has', () => {
    const tree = treeOf(5);
    expect(tree.leaf(4)).toBe(leafOf(4));
    for (const wrong of [
      () => tree.leaf(5),
      () => tree.root(6),
      () => tree.place(5),
      () => tree.place(0, 6),
      () => tree.place(-1),
    ]) {
      expect(wrong).toThrow(RangeError);
    }
  });
});

describe('what is hashed of a lane', () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(toHex);
  const uint = (bits: number) => fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n });
  const envelopes = fc.record<Envelope>({
    source: uint(64),
    destination: uint(64),
    nonce: uint(64),
    sender: bytes(20),
    target: bytes(20),
    sentAt: uint(64),
    expiresAt: uint(64),
    gas: fc.nat(2 ** 31),
    callbackGas: fc.nat(2 ** 31),
    depositWei: uint(96),
    dataHash: bytes(32),
  });
  const tagOf = (name: string) => viemKeccak(toHex(new TextEncoder().encode(`treadle.crossledger.${name}.v1`)));
  const tuple = [
    ...['source', 'destination', 'nonce'].map((name) => ({ name, type: 'uint256' })),
    ...['sender', 'target'].map((name) => ({ name, type: 'address' })),
    ...['sentAt', 'expiresAt', 'gas', 'callbackGas', 'depositWei'].map((name) => ({ name, type: 'uint256' })),
    { name: 'dataHash', type: 'bytes32' },
  ];

  it('is what Solidity encodes', () => {
    fc.assert(
      fc.property(envelopes, fc.uint8Array({ maxLength: 600 }).map(toHex), (envelope, data) => {
        const told = { ...envelope, gas: BigInt(envelope.gas), callbackGas: BigInt(envelope.callbackGas) };
        const encoded = encodeAbiParameters(
          [{ type: 'bytes32' }, { type: 'tuple', components: tuple }],
          [tagOf('message'), told],
        );
        const message = messageHash(envelope);
        expect(message).toBe(viemKeccak(encoded));
        const types = ['bytes32', 'bytes32', 'uint8', 'uint32', 'bytes32'].map((type) => ({ type }));
        const receipt = encodeAbiParameters(types, [tagOf('receipt'), message, 2, 7, viemKeccak(data)]);
        expect(receiptHash(message, { outcome: 2, returnedBytes: 7, data })).toBe(viemKeccak(receipt));
        const lane = { source: envelope.source, destination: envelope.destination, size: envelope.nonce, root: message };
        const laneTypes = ['bytes32', 'uint256', 'uint256', 'uint64', 'bytes32'].map((type) => ({ type }));
        const head = encodeAbiParameters(laneTypes, [tagOf('lane'), lane.source, lane.destination, lane.size, message]);
        expect(laneHead(lane)).toBe(viemKeccak(head));
        const slot = encodeAbiParameters([{ type: 'uint256' }, { type: 'uint256' }], [lane.destination, 0n]);
        expect(laneHeadSlot(lane.destination)).toBe(viemKeccak(slot));
        expect(laneSpec(lane).length).toBe(2 + 2 * 96);
        expect(encodeLaneAnswer({ ...lane, height: 1n, blockHash: message }).length).toBe(2 + 2 * 160);
      }),
      { numRuns: 50 },
    );
  });
});
