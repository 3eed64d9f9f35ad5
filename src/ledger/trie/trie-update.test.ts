import { createMPT } from '@ethereumjs/mpt';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, keccak256, toHex } from '../../crypto/index.ts';
import { EMPTY_TRIE_ROOT } from '../chain/header.ts';
import { nibblesOf } from './nibbles.ts';
import { stepThrough } from './trie-proof.ts';
import { type LoadNode, updateTrie } from './trie-update.ts';
import { stepThroughOwn } from './trie-walk.ts';

/** Few different keys, some sharing long prefixes, so that nodes are split, joined and emptied again. */
const key = fc.oneof(
  fc.nat(60).map((number) => keccak256(Uint8Array.of(number))),
  fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)).map(([early, middle, late]) => {
    const bytes = new Uint8Array(32);
    bytes[0] = early;
    bytes[16] = middle;
    bytes[31] = late;
    return bytes;
  }),
);
/** Short values make nodes that stand in their parents. */
const value = fc.option(fc.uint8Array({ minLength: 1, maxLength: 40 }), { nil: undefined, freq: 3 });
const block = fc.uniqueArray(fc.record({ key, value }), { maxLength: 25, selector: ({ key }) => toHex(key) });
const blocks = fc.array(block, { minLength: 1, maxLength: 6 });

function storeOf(stored: ReadonlyMap<string, Uint8Array>, isAsync: boolean): LoadNode {
  return (hash) => {
    const node = stored.get(toHex(hash).slice(2));
    if (node === undefined) throw new Error(`node ${toHex(hash)} is missing`);
    return isAsync ? Promise.resolve(node) : node;
  };
}

describe('a batch of changes to a trie', () => {
  it('gives the root that changing one by one gives, and leaves every node that the root needs', async () => {
    await fc.assert(
      fc.asyncProperty(blocks, fc.boolean(), async (changes, isAsync) => {
        const library = await createMPT();
        const stored = new Map<string, Uint8Array>();
        const present = new Map<string, Uint8Array>();
        let root = fromHex(EMPTY_TRIE_ROOT);
        for (const entries of changes) {
          for (const { key, value } of entries) {
            if (value === undefined) await library.del(key);
            else await library.put(key, value);
            if (value === undefined) present.delete(toHex(key));
            else present.set(toHex(key), value);
          }
          const nodes = new Map<string, Uint8Array>();
          const update = entries.map(({ key, value }) => ({ path: nibblesOf(key), value }));
          root = Uint8Array.from(await updateTrie(root, update, { load: storeOf(stored, isAsync), nodes }));
          for (const [hash, node] of nodes) {
            expect(toHex(keccak256(node)).slice(2)).toBe(hash);
            stored.set(hash, node);
          }
          expect(toHex(root)).toBe(toHex(library.root()));
          for (const { key } of changes.flat()) {
            expect(look(root, key, stored, stepThroughOwn)).toEqual(present.get(toHex(key)));
            expect(look(root, key, stored, stepThrough)).toEqual(present.get(toHex(key)));
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});

function look(
  root: Uint8Array,
  key: Uint8Array,
  stored: ReadonlyMap<string, Uint8Array>,
  stepper: typeof stepThrough,
): Uint8Array | undefined {
  if (toHex(root) === EMPTY_TRIE_ROOT) return undefined;
  const path = nibblesOf(key);
  const load = storeOf(stored, false);
  let step = stepper(load(root) as Uint8Array, path, 0);
  while (step.type === 'down') step = stepper(load(step.hash) as Uint8Array, path, step.at);
  return step.type === 'value' ? step.value : undefined;
}
