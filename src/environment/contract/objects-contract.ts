import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { equalBytes, toHex } from '../../crypto/index.ts';
import type { Blobs } from '../environment.ts';
import type { Objects } from '../objects.ts';

/** How the suites drive what keeps objects. */
export interface ObjectsWorld<T> {
  /** What is under test; asked for once per test, each time empty or with what other tests of the suite left. */
  readonly kept: () => Promise<T>;
  readonly run: <R>(promise: Promise<R>) => Promise<R>;
  readonly close: () => Promise<void>;
}

export interface BlobsWorld extends ObjectsWorld<Blobs> {
  /** Alters what is stored under a hash. */
  readonly spoil: (hash: string) => Promise<void>;
  readonly damagedCount: () => number;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** The suite that everything that keeps objects by path passes. */
export function objectsContract(name: string, makeWorld: () => Promise<ObjectsWorld<Objects>>): void {
  describe(`objects contract: ${name}`, () => {
    let world: ObjectsWorld<Objects>;
    let objects: Objects;
    beforeAll(async () => {
      world = await makeWorld();
      objects = await world.kept();
    });
    afterAll(() => world?.close());

    const found = async (path: string): Promise<string | undefined> => {
      const content = await world.run(objects.get(path));
      return content && toHex(content);
    };

    it('gives back what was put, replaces it, and removes it', async () => {
      const content = new Map([
        ['checkpoint', bytes(1)],
        ['tile/0/000.p/5', bytes(2, 3)],
        ['tile/0/000', bytes()],
        ['tile/entries/x001/234', new Uint8Array(300_000).fill(7)],
      ]);
      await world.run(objects.put(content));
      for (const [path, expected] of content) expect(await found(path)).toBe(toHex(expected));
      await world.run(objects.put(new Map([['checkpoint', bytes(9, 9)]])));
      expect(await world.run(objects.get('checkpoint'))).toEqual(bytes(9, 9));
      await world.run(objects.delete(['checkpoint', 'tile/0/000', 'never/there']));
      expect(await world.run(objects.get('checkpoint'))).toBeUndefined();
      expect(await world.run(objects.get('tile/0/000'))).toBeUndefined();
      expect(await world.run(objects.get('tile/0/000.p/5'))).toEqual(bytes(2, 3));
      expect(await world.run(objects.get('tile'))).toBeUndefined();
    });

    it('stores many at once', async () => {
      const content = new Map(Array.from({ length: 60 }, (_, at) => [`many/${at}`, bytes(at)]));
      await world.run(objects.put(content));
      for (const [path, expected] of content) expect(await world.run(objects.get(path))).toEqual(expected);
    });

    it('refuses paths that lead elsewhere', async () => {
      for (const path of ['', '/etc/passwd', '../up', 'a/../b', 'a//b', 'a/', '.hidden', 'a b', 'a\\b', 'x'.repeat(513)]) {
        const refused = { code: 'OBJECTS_NAME_INVALID' };
        await expect(world.run(objects.get(path))).rejects.toMatchObject(refused);
        await expect(world.run(objects.put(new Map([[path, bytes(1)]])))).rejects.toMatchObject(refused);
        await expect(world.run(objects.delete([path]))).rejects.toMatchObject(refused);
      }
    });
  });
}

/** The suite that every content-addressed store passes. */
export function blobsContract(name: string, makeWorld: () => Promise<BlobsWorld>): void {
  describe(`blobs contract: ${name}`, () => {
    let world: BlobsWorld;
    let blobs: Blobs;
    beforeAll(async () => {
      world = await makeWorld();
      blobs = await world.kept();
    });
    afterAll(() => world?.close());

    it('names a content by its SHA-256 and gives it back', async () => {
      // SHA-256 of "abc", FIPS 180-2 appendix B.1.
      const hash = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
      const content = new TextEncoder().encode('abc');
      expect(await world.run(Promise.all([blobs.put(content), blobs.put(content)]))).toEqual([hash, hash]);
      expect(await world.run(blobs.get(hash))).toEqual(content);
      await world.run(blobs.delete(hash));
      await world.run(blobs.delete(hash));
      expect(await world.run(blobs.get(hash))).toBeUndefined();
    });

    it('knows nothing by what is no hash', async () => {
      for (const hash of ['', 'abc', '../../etc/passwd', 'A'.repeat(64)]) {
        expect(await world.run(blobs.get(hash))).toBeUndefined();
        await world.run(blobs.delete(hash));
      }
    });

    it('takes empty and large contents', async () => {
      for (const size of [0, 1, 3_000_000]) {
        const content = new Uint8Array(size).fill(size & 255);
        const found = await world.run(blobs.get(await world.run(blobs.put(content.slice()))));
        expect(found !== undefined && equalBytes(found, content)).toBe(true);
      }
    });

    it('checks every content against its hash: one that was altered counts as missing, until it is stored anew', async () => {
      const content = bytes(1, 2, 3, 4);
      const hash = await world.run(blobs.put(content.slice()));
      await world.spoil(hash);
      const before = world.damagedCount();
      const fresh = await world.kept();
      expect(await world.run(fresh.get(hash))).toBeUndefined();
      expect(world.damagedCount()).toBe(before + 1);
      expect(await world.run(fresh.put(content.slice()))).toBe(hash);
      expect(await world.run(fresh.get(hash))).toEqual(content);
    });
  });
}
