import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { TreadleError } from '../../errors.ts';
import type { DataFile } from './byte-source.ts';
import { CATALOGUE, catalogueEntry } from './catalogue.ts';
import { classCounts, measureScaling, pick, standardised } from './dataset.ts';
import { type DatasetHost, loadDataset } from './load-dataset.ts';
import type { RemoteFile } from './remote-files.ts';
import { ai4iText, cmapssText, file, idx, joined, packed, tar, zip } from './testing/files.ts';

/** Folders in memory; what is fetched lands in the last of them. */
function hostOf(
  folders: Readonly<Record<string, readonly DataFile[]>>,
  remote: readonly DataFile[] = [],
): DatasetHost & { readonly fetched: string[] } {
  const held = new Map(Object.entries(folders).map(([folder, files]) => [folder, [...files]]));
  const fetched: string[] = [];
  return {
    fetched,
    places: async () =>
      [...held].map(([folder, files]) => ({
        folder,
        files: files.map(({ name, bytes }) => ({ name, sizeBytes: bytes.length })),
      })),
    read: async ({ folder }, name) => (held.get(folder) ?? []).find((each) => each.name === name)?.bytes ?? expect.unreachable(),
    fetch: async (_folder, { name }: RemoteFile) => {
      fetched.push(name);
      const found = remote.find((each) => each.name === name);
      if (found === undefined) throw new TreadleError('DATASET_DOWNLOAD_FAILED');
      held.get('cache')?.push(found);
    },
  };
}

const mnist = (suffix: string, wrap: (bytes: Uint8Array) => Uint8Array): DataFile[] => [
  file(`train-images-idx3-ubyte${suffix}`, wrap(idx([2, 2, 2], Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7)))),
  file(`train-labels-idx1-ubyte${suffix}`, wrap(idx([2], Uint8Array.of(4, 9)))),
  file(`t10k-images-idx3-ubyte${suffix}`, wrap(idx([1, 2, 2], new Uint8Array(4)))),
  file(`t10k-labels-idx1-ubyte${suffix}`, wrap(idx([1], Uint8Array.of(1)))),
];
const cifarRecord = (label: number): Uint8Array => Uint8Array.of(label, ...new Uint8Array(3072).fill(label));
const plain = (bytes: Uint8Array): Uint8Array => bytes;
const cmapssFiles = [
  file('train_FD001.txt', cmapssText([4])),
  file('test_FD001.txt', cmapssText([2])),
  file('RUL_FD001.txt', '7\n'),
];

describe('the catalogue', () => {
  it('names each set once, with what is fetched over HTTP and how long checksums are', () => {
    expect(new Set(CATALOGUE.map(({ name }) => name)).size).toBe(CATALOGUE.length);
    for (const { files, layouts, make, citation, licence } of CATALOGUE) {
      expect(make === undefined).toBe(layouts.length > 0 && files.length > 0);
      expect([citation.length > 10, licence.length > 2]).toEqual([true, true]);
      for (const { urls, sha256 } of files) {
        for (const url of urls) expect(new URL(url).protocol).toMatch(/^https?:$/);
        if (sha256 !== undefined) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
        // Without a checksum only a line that cannot be tampered with will do.
        if (sha256 === undefined) for (const url of urls) expect(url).toMatch(/^https:/);
      }
    }
  });

  it('says which name may have been meant', () => {
    expect(() => catalogueEntry('fashion-mnits')).toThrow(/fashion-mnist/);
    expect(catalogueEntry(' MNIST ').name).toBe('mnist');
  });
});

describe('loading', () => {
  it('takes packed and plain files, from the first folder that has all of them', async () => {
    const some = mnist('', plain).slice(0, 3);
    const dataset = await loadDataset('mnist', hostOf({ data: some, cache: mnist('.gz', packed) }));
    expect([...dataset.train.labels]).toEqual([4, 9]);
    expect(dataset.sampleShape).toEqual([1, 2, 2]);
    // The same file packed and unpacked is one.
    expect((await loadDataset('kmnist', hostOf({ data: [...mnist('', plain), ...mnist('.gz', packed)] }))).name).toBe('kmnist');
  });

  it('reads CIFAR-10 as batches, as prefixes, and as its archive', async () => {
    const [one, two] = [cifarRecord(1), cifarRecord(2)];
    const batches = [file('data_batch_1.bin', one), file('data_batch_2.bin', two), file('test_batch.bin', one)];
    const archive = file(
      'cifar-10-binary.tar.gz',
      packed(tar([...batches].reverse().map(({ name, bytes }) => file(`cifar-10-batches-bin/${name}`, bytes)))),
    );
    const prefixes = [file('train_10k.bin.gz', packed(joined([one, two]))), file('test_2k.bin.gz', packed(one))];
    for (const files of [batches, [archive], prefixes]) {
      const { train, test } = await loadDataset('cifar10', hostOf({ data: files }));
      expect([[...train.labels], [...test.labels]]).toEqual([[1, 2], [1]]);
    }
  });

  it('reads C-MAPSS as text, and as an archive in an archive', async () => {
    const inner = zip(cmapssFiles);
    const outer = zip([file('6. Turbofan/CMAPSSData.zip', inner)], 0);
    for (const files of [cmapssFiles, [file('CMAPSSData.zip', inner)], [file('CMAPSSData.zip', outer)]])
      expect((await loadDataset('cmapss-fd001', hostOf({ data: files }))).train.count).toBe(4);
    await expect(loadDataset('cmapss-fd002', hostOf({ data: [file('CMAPSSData.zip', inner)] }))).rejects.toMatchObject({
      code: 'DATASET_BAD_ARCHIVE',
    });
  });

  it('fetches only when it is told to', async () => {
    const remote = [file('ai4i2020.csv', ai4iText(new Array(5).fill('1,M1,M,298.1,308.6,1551,42.8,0,0,0,0,0,0,0')))];
    const host = hostOf({ cache: [] }, remote);
    await expect(loadDataset('ai4i', host)).rejects.toMatchObject({
      code: 'DATASET_FILES_MISSING',
      data: { files: ['ai4i2020.csv'] },
    });
    expect(host.fetched).toEqual([]);
    expect((await loadDataset('ai4i', host, { fetch: true })).train.count).toBe(4);
    await loadDataset('ai4i', host, { fetch: true });
    expect(host.fetched).toEqual(['ai4i2020.csv']);
  });

  it('makes bearings of nothing', { timeout: 30_000 }, async () => {
    const { train } = await loadDataset('bearing', hostOf({}));
    expect(train.count).toBe(4_000);
  });
});

describe('samples', () => {
  it('are scaled by what was measured of those for training', async () => {
    const dataset = await loadDataset('cmapss-fd001', hostOf({ data: cmapssFiles }));
    const scaled = standardised(dataset);
    const again = measureScaling(scaled);
    for (const value of again.mean) expect(Math.abs(value)).toBeLessThan(1e-5);
    for (const value of again.deviation) expect(value).toBeCloseTo(1, 4);
    const own = measureScaling(dataset);
    expect(scaled.test.values[0]).toBeCloseTo(
      ((dataset.test.values[0] as number) - (own.mean[0] as number)) / (own.deviation[0] as number),
      4,
    );
  });

  it('that are constant become 0', async () => {
    const dataset = await loadDataset('mnist', hostOf({ data: mnist('', plain) }));
    const dull = { ...dataset, train: { ...dataset.train, values: new Uint8Array(8).fill(7) } };
    expect([...standardised(dull).train.values]).toEqual(new Array(8).fill(0));
    expect(() => standardised(dataset, { mean: new Float64Array(2), deviation: new Float64Array(2) })).toThrow(/channels/);
  });

  it('are picked with everything that belongs to them', async () => {
    const { train } = await loadDataset('cmapss-fd001', hostOf({ data: cmapssFiles }));
    const two = pick(train, [3, 0]);
    expect([[...(two.targets ?? [])], [...(two.machines ?? [])]]).toEqual([
      [0, 3],
      [1, 1],
    ]);
    expect(two.values.subarray(0, 24)).toEqual(train.values.subarray(72, 96));
    expect(() => pick(train, [4])).toThrow(/no sample 4/);
  });
});

// Real files are not part of this repository; TREADLE_DATA names the folder that holds them.
const DATA = process.env['TREADLE_DATA'] ?? path.resolve(import.meta.dirname, '../../../../shared/data');

describe(`real files${existsSync(DATA) ? '' : ' (left out: TREADLE_DATA names no folder)'}`, () => {
  const onDisk: DatasetHost = {
    places: async (folder) => {
      const names = await readdir(path.join(DATA, folder));
      const files = await Promise.all(
        names.map(async (name) => ({ name, sizeBytes: (await stat(path.join(DATA, folder, name))).size })),
      );
      return [{ folder: path.join(DATA, folder), files }];
    },
    read: async ({ folder }, name) => await readFile(path.join(folder, name)),
    fetch: async () => expect.unreachable(),
  };
  const has = (folder: string): boolean => existsSync(path.join(DATA, folder));

  it.runIf(has('mnist'))('MNIST', async () => {
    const { train, test, sampleShape } = await loadDataset('mnist', onDisk);
    expect([sampleShape, train.count, test.count]).toEqual([[1, 28, 28], 60_000, 10_000]);
    expect(classCounts(test.labels, 10)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    let sum = 0;
    for (const value of train.values) sum += value;
    expect(sum / train.values.length / 255).toBeCloseTo(0.1307, 3);
  });

  it.runIf(has('cifar10'))('CIFAR-10, any balanced prefix', async () => {
    const { train, test } = await loadDataset('cifar10', onDisk);
    expect(classCounts(train.labels, 10)).toEqual(new Array(10).fill(train.count / 10));
    expect(test.count).toBeGreaterThan(0);
  });

  it.runIf(has('cmapss'))('C-MAPSS FD001', async () => {
    const { train, test } = await loadDataset('cmapss-fd001', onDisk);
    expect([train.count, test.count, new Set(train.machines).size, new Set(test.machines).size]).toEqual([
      20_631, 13_096, 100, 100,
    ]);
  });

  it.runIf(has('ai4i'))('AI4I 2020', async () => {
    const { train, test } = await loadDataset('ai4i', onDisk);
    expect([train.count, test.count]).toEqual([8_000, 2_000]);
    expect((classCounts(train.labels, 2)[1] as number) + (classCounts(test.labels, 2)[1] as number)).toBe(339);
  });
});
