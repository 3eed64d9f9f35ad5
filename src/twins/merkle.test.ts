import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../crypto/index.ts';
import { decodeBundle, encodeBundle } from './entry-bundle.ts';
import { consistencyPath, inclusionPath, isConsistent, rootAt, rootFromInclusion } from './merkle-proofs.ts';
import { memoryObjects } from './testing/memory-objects.ts';
import { naivePath, naiveProof, naiveRoot } from './testing/naive-tree.ts';
import { numberPath, partialPaths, tilePath } from './tile-paths.ts';
import { EMPTY_EDGE, growTree, loadEdge, tileReader } from './tile-tree.ts';
import { emptyRoot, leafHash } from './tree-hash.ts';

/** The inputs and roots of the test of Certificate Transparency's reference tree, which RFC 6962 logs share. */
const INPUTS = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map((hex) =>
  fromHex(hex),
);
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const entriesOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, at) => Uint8Array.of(at >> 16, (at >> 8) & 255, at & 255, at % 7));

async function treeOf(steps: readonly (readonly Uint8Array[])[]) {
  const objects = memoryObjects();
  let edge = EMPTY_EDGE;
  let root = emptyRoot();
  for (const entries of steps) {
    const grown = growTree(edge, entries);
    await objects.put(grown.objects);
    ({ edge, root } = grown);
  }
  return { objects, edge, root };
}

describe('the tree', () => {
  it('has the roots of the known test vectors', async () => {
    expect(toHex(emptyRoot())).toBe('0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    for (const [at, root] of ROOTS.entries()) expect(toHex((await treeOf([INPUTS.slice(0, at + 1)])).root)).toBe(`0x${root}`);
  });

  it('has the proofs of the known test vectors', async () => {
    const { objects } = await treeOf([INPUTS]);
    const read = tileReader(objects, 8);
    const hexes = (path: readonly Uint8Array[]) => path.map((hash) => toHex(hash).slice(2));
    expect(hexes(await inclusionPath(read, 5, 8))).toEqual([
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    expect(hexes(await consistencyPath(read, 6, 8))).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });

  it('equals the naive one however it grew, across tiles of three levels, and its edge can be read back', async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(sizes, async (steps) => {
        const all = entriesOf(steps.reduce((sum, count) => sum + count, 0));
        const ends = steps.map((_, at) => steps.slice(0, at + 1).reduce((sum, count) => sum + count, 0));
        const { objects, edge, root } = await treeOf(ends.map((end, at) => all.slice(ends[at - 1] ?? 0, end)));
        expect(root).toEqual(naiveRoot(all));
        expect(await loadEdge(objects, all.length, root)).toEqual(edge);
        expect(await rootAt(tileReader(objects, all.length), all.length)).toEqual(root);
      }),
      { numRuns: 25 },
    );
    const large = entriesOf(66_000);
    const { objects, root, edge } = await treeOf([large.slice(0, 65_535), large.slice(65_535)]);
    expect(root).toEqual(naiveRoot(large));
    expect(objects.content.has('tile/2/000.p/1')).toBe(true);
    expect(await loadEdge(objects, large.length, root)).toEqual(edge);
  });

  it('proves inclusion and consistency as the naive one does, at every earlier size', async () => {
    const all = entriesOf(1_100);
    const { objects } = await treeOf([all]);
    const read = tileReader(objects, all.length);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: all.length }), fc.nat(), async (size, seed) => {
        const index = seed % size;
        const entries = all.slice(0, size);
        const path = await inclusionPath(read, index, size);
        expect(path).toEqual(naivePath(index, entries));
        const leaf = leafHash(entries[index] as Uint8Array);
        const root = naiveRoot(entries);
        expect(rootFromInclusion({ leaf, index, size, path })).toEqual(root);
        const oldSize = seed % (size + 1);
        const proof = await consistencyPath(read, oldSize, size);
        expect(proof).toEqual(naiveProof(oldSize, entries));
        const oldRoot = naiveRoot(entries.slice(0, oldSize));
        expect(isConsistent({ oldSize, oldRoot, size, root, path: proof })).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('lets no altered proof pass', async () => {
    const all = entriesOf(300);
    const { objects, root } = await treeOf([all]);
    const read = tileReader(objects, all.length);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 299 }), fc.nat(), fc.integer({ min: 0, max: 3 }), async (index, seed, kind) => {
        const leaf = leafHash(all[index] as Uint8Array);
        const path = await inclusionPath(read, index, 300);
        const spoilt = path.map((hash) => hash.slice());
        const at = seed % spoilt.length;
        (spoilt[at] as Uint8Array)[seed % 32] = ((spoilt[at] as Uint8Array)[seed % 32] as number) ^ 1;
        const claims = [
          { leaf, index, size: 300, path: spoilt },
          { leaf, index: (index + 1 + (seed % 298)) % 300, size: 300, path },
          { leaf, index, size: 300, path: [...path, leaf] },
          { leaf, index, size: 300, path: path.slice(0, -1) },
        ];
        expect(rootFromInclusion(claims[kind] as (typeof claims)[number])).not.toEqual(root);
        const oldSize = 2 + (seed % 298);
        const oldRoot = naiveRoot(all.slice(0, oldSize));
        const proof = await consistencyPath(read, oldSize, 300);
        const claim = { oldSize, oldRoot, size: 300, root, path: proof };
        expect(isConsistent({ ...claim, oldRoot: path[0] as Uint8Array })).toBe(false);
        expect(isConsistent({ ...claim, path: [...proof, leaf] })).toBe(false);
        expect(isConsistent({ ...claim, path: proof.slice(1) })).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});

describe('tiles', () => {
  it('lie where transparency logs put them', () => {
    expect(numberPath(0)).toBe('000');
    expect(numberPath(1_234_067)).toBe('x001/x234/067');
    expect(tilePath({ level: 1, index: 5, width: 256 })).toBe('tile/1/005');
    expect(partialPaths(256 * 256 + 3)).toEqual(['tile/0/256.p/3', 'tile/2/000.p/1', 'tile/entries/256.p/3']);
    expect(partialPaths(0)).toEqual([]);
  });

  it('never write a path twice, so that what was handed out stays', async () => {
    const first = growTree(EMPTY_EDGE, entriesOf(600));
    const second = growTree(first.edge, entriesOf(600));
    expect([...second.objects.keys()].filter((path) => first.objects.has(path))).toEqual([]);
  });

  it('that are missing or too short are named', async () => {
    const { objects, root } = await treeOf([entriesOf(300)]);
    objects.content.set('tile/0/001.p/44', new Uint8Array(33));
    await expect(loadEdge(objects, 300, root)).rejects.toMatchObject({
      code: 'TWINS_LOG_DAMAGED',
      data: { path: 'tile/0/001.p/44' },
    });
    objects.content.delete('tile/0/001.p/44');
    await expect(loadEdge(objects, 300, root)).rejects.toMatchObject({ code: 'TWINS_LOG_DAMAGED' });
  });
});

describe('bundles', () => {
  it('are read back, and refused when cut off', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (entries) => {
        const bundle = encodeBundle(entries);
        expect(decodeBundle(bundle)).toEqual(entries);
        if (bundle.length > 2)
          expect(() => decodeBundle(bundle.slice(0, -1))).toThrow(expect.objectContaining({ code: 'TWINS_LOG_DAMAGED' }));
      }),
    );
  });
});
