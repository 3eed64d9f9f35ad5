import { createMerkleProof, createMPT } from '@ethereumjs/mpt';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../crypto/index.ts';
import { compactPath, expandPath } from './nibbles.ts';
import { orderedKey, orderedProof, orderedTrie } from './ordered-trie.ts';
import { verifyTrieProof } from './trie-proof.ts';

const values = fc.array(fc.uint8Array({ minLength: 1, maxLength: 80 }), { maxLength: 300 });

describe('the trie over a list', () => {
  it('has the root that inserting one by one gives', async () => {
    await fc.assert(
      fc.asyncProperty(values, async (list) => {
        const trie = await createMPT();
        for (const [index, value] of list.entries()) await trie.put(orderedKey(index), value);
        expect(orderedTrie(list).root).toBe(toHex(trie.root()));
      }),
      { numRuns: 25 },
    );
  });

  it('proves every item, and that there is none after the last', async () => {
    await fc.assert(
      fc.asyncProperty(values, fc.nat(), async (list, draw) => {
        const trie = orderedTrie(list);
        const index = list.length === 0 ? 0 : draw % list.length;
        expect(verifyTrieProof(trie.root, orderedKey(index), await orderedProof(trie, index))).toEqual(list[index]);
        expect(verifyTrieProof(trie.root, orderedKey(list.length), await orderedProof(trie, list.length))).toBeUndefined();
      }),
    );
  });

  it('makes the proofs that @ethereumjs makes', async () => {
    const list = Array.from({ length: 200 }, (_, index) => Uint8Array.of(1, index, index >> 4));
    const trie = await createMPT();
    for (const [index, value] of list.entries()) await trie.put(orderedKey(index), value);
    for (const index of [0, 1, 127, 128, 199]) {
      const expected = (await createMerkleProof(trie, orderedKey(index))).filter((node) => node.length >= 32);
      expect(await orderedProof(orderedTrie(list), index)).toEqual(expected);
    }
  });
});

describe('a proof', () => {
  const list = Array.from({ length: 40 }, (_, index) => new Uint8Array(50).fill(index));
  const trie = orderedTrie(list);

  it('fails with any bit changed, any node missing or added, and for another key or root', async () => {
    const proof = await orderedProof(trie, 17);
    const refused = expect.objectContaining({ code: expect.stringMatching(/LIGHT_BAD_PROOF|LEDGER_MALFORMED/) });
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 7 }), (whichNode, whichByte, bit) => {
        const node = Uint8Array.from(proof[whichNode % proof.length] as Uint8Array);
        const at = whichByte % node.length;
        node[at] = (node[at] as number) ^ (1 << bit);
        const changed = proof.map((each, index) => (index === whichNode % proof.length ? node : each));
        expect(() => verifyTrieProof(trie.root, orderedKey(17), changed)).toThrow(refused);
      }),
    );
    for (let missing = 0; missing < proof.length; missing++) {
      const shorter = proof.filter((_, index) => index !== missing);
      expect(() => verifyTrieProof(trie.root, orderedKey(17), shorter)).toThrow(refused);
    }
    expect(() => verifyTrieProof(trie.root, orderedKey(17), [...proof, proof[0] as Uint8Array])).toThrow(refused);
    expect(() => verifyTrieProof(`0x${'11'.repeat(32)}`, orderedKey(17), proof)).toThrow(refused);
    expect(() => verifyTrieProof(trie.root, orderedKey(30), proof)).toThrow(refused);
    expect(() => verifyTrieProof(trie.root, orderedKey(17), [])).toThrow(refused);
  });
});

describe('compact paths', () => {
  it('go back to their nibbles', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 15 }), { maxLength: 20 }), fc.boolean(), (nibbles, leaf) => {
        expect(expandPath(compactPath(Uint8Array.from(nibbles), leaf))).toEqual({ path: Uint8Array.from(nibbles), leaf });
      }),
    );
    expect(expandPath(new Uint8Array(0))).toBeUndefined();
    expect(expandPath(Uint8Array.of(0x40))).toBeUndefined();
    expect(expandPath(Uint8Array.of(0x05))).toBeUndefined();
  });
});
