import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TreadleError } from '../../errors.ts';
import { ai4iDataset } from './ai4i.ts';
import { parseCifar } from './cifar.ts';
import { cmapssDataset } from './cmapss.ts';
import { gunzip } from './gzip.ts';
import { idxDataset, parseIdx } from './idx.ts';
import { readTar } from './tar.ts';
import { ai4iText, cmapssText, file, idx, packed, tar, zip } from './testing/files.ts';
import { crc32, readZip } from './zip.ts';

const codeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (error) {
    if (error instanceof TreadleError) return error.code;
    throw error;
  }
  return 'no error';
};

const images = (count: number): Uint8Array =>
  idx(
    [count, 2, 3],
    Uint8Array.from({ length: count * 6 }, (_, at) => at % 256),
  );
const labels = (...values: readonly number[]): Uint8Array => idx([values.length], Uint8Array.from(values));

describe('IDX', () => {
  it('gives back the array that was written', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 4 }), fc.integer(), (shape, fill) => {
        const values = new Uint8Array(shape.reduce((product, size) => product * size, 1)).fill(fill);
        expect(parseIdx(file('a', idx(shape, values)))).toEqual({ shape, values });
      }),
    );
  });

  it('makes a data set of four files', () => {
    const dataset = idxDataset('tiny', ['a', 'b'], {
      trainImages: file('ti', images(3)),
      trainLabels: file('tl', labels(0, 1, 1)),
      testImages: file('vi', images(1)),
      testLabels: file('vl', labels(1)),
    });
    expect(dataset.sampleShape).toEqual([1, 2, 3]);
    expect([...dataset.train.labels]).toEqual([0, 1, 1]);
    expect([...dataset.train.values.subarray(6, 12)]).toEqual([6, 7, 8, 9, 10, 11]);
    expect(dataset.test.count).toBe(1);
  });

  it.each([
    ['an empty file', new Uint8Array(), 'DATASET_TRUNCATED'],
    ['a page of HTML', new TextEncoder().encode('<html>Not found</html>'), 'DATASET_BAD_MAGIC'],
    ['floats', Uint8Array.from([0, 0, 0x0d, 1, 0, 0, 0, 0]), 'DATASET_BAD_MAGIC'],
    ['no dimension', Uint8Array.from([0, 0, 8, 0]), 'DATASET_BAD_SHAPE'],
    ['a header that is cut', Uint8Array.from([0, 0, 8, 3, 0, 0]), 'DATASET_TRUNCATED'],
    ['a file that is cut', images(2).subarray(0, 20), 'DATASET_TRUNCATED'],
    ['a file that goes on', Uint8Array.from([...images(2), 0]), 'DATASET_TRUNCATED'],
    ['sizes beyond all memory', Uint8Array.from([0, 0, 8, 2, 255, 255, 255, 255, 255, 255, 255, 255]), 'DATASET_TOO_LARGE'],
  ])('refuses %s', async (_, bytes, code) => {
    expect(await codeOf(() => parseIdx(file('x', bytes)))).toBe(code);
  });

  it('refuses files that do not belong together', async () => {
    const build = (change: object) => () =>
      idxDataset('tiny', ['a', 'b'], {
        trainImages: file('ti', images(2)),
        trainLabels: file('tl', labels(0, 1)),
        testImages: file('vi', images(1)),
        testLabels: file('vl', labels(1)),
        ...change,
      });
    expect(await codeOf(build({}))).toBe('no error');
    expect(await codeOf(build({ trainLabels: file('tl', labels(0)) }))).toBe('DATASET_BAD_SHAPE');
    expect(await codeOf(build({ trainLabels: file('tl', labels(0, 2)) }))).toBe('DATASET_BAD_LABEL');
    expect(await codeOf(build({ trainImages: file('tl', labels(0, 1)) }))).toBe('DATASET_BAD_SHAPE');
    expect(await codeOf(build({ testImages: file('vi', idx([1, 3, 3], new Uint8Array(9))) }))).toBe('DATASET_BAD_SHAPE');
  });
});

describe('CIFAR-10', () => {
  const record = (label: number, fill: number): number[] => [label, ...new Array<number>(3072).fill(fill)];

  it('reads records of several files in order', () => {
    const samples = parseCifar([
      file('1', Uint8Array.from([...record(3, 1), ...record(9, 2)])),
      file('2', Uint8Array.from(record(0, 7))),
    ]);
    expect([...samples.labels]).toEqual([3, 9, 0]);
    expect([samples.values[0], samples.values[3072], samples.values[2 * 3072 + 3071]]).toEqual([1, 2, 7]);
  });

  it('refuses a cut file and a label that is none', async () => {
    expect(await codeOf(() => parseCifar([file('1', Uint8Array.from(record(3, 1)).subarray(1))]))).toBe('DATASET_TRUNCATED');
    expect(await codeOf(() => parseCifar([file('1', new Uint8Array())]))).toBe('DATASET_TRUNCATED');
    expect(await codeOf(() => parseCifar([file('1', Uint8Array.from(record(10, 1)))]))).toBe('DATASET_BAD_LABEL');
  });
});

describe('C-MAPSS', () => {
  const files = (train: string, test: string, remaining: string) => ({
    train: file('train', train),
    test: file('test', test),
    remaining: file('RUL', remaining),
  });

  it('counts the cycles that are left', () => {
    const { train, test } = cmapssDataset('x', files(cmapssText([200, 3]), cmapssText([2]), '40\n'));
    expect(train.count).toBe(203);
    expect([train.targets?.[0], train.targets?.[198], train.targets?.[199]]).toEqual([125, 1, 0]);
    expect([train.labels[168], train.labels[169], train.labels[202]]).toEqual([0, 1, 1]);
    expect([...(train.machines ?? [])].slice(199)).toEqual([1, 2, 2, 2]);
    expect([...(test.targets ?? [])]).toEqual([41, 40]);
    expect([...(test.machines ?? [])]).toEqual([3, 3]);
    expect(train.values[24]).toBeCloseTo(0.01);
  });

  it('cuts windows with the channels first', () => {
    const { train, sampleShape } = cmapssDataset('x', files(cmapssText([5, 2]), cmapssText([3]), '9'), { windowCycles: 3 });
    expect(sampleShape).toEqual([24, 3]);
    expect(train.count).toBe(3);
    expect([...train.values.subarray(3, 6)].map((value) => value.toFixed(2))).toEqual(['1.00', '1.01', '1.02']);
    expect([...(train.targets ?? [])]).toEqual([2, 1, 0]);
  });

  it.each([
    ['a column too few', '1 1 2 3', 'DATASET_BAD_TEXT'],
    ['a word', cmapssText([2]).replace('0.01', 'n/a'), 'DATASET_BAD_TEXT'],
    ['a number beyond all bounds', cmapssText([2]).replace('0.01', '1e999'), 'DATASET_BAD_TEXT'],
    ['a gap in the cycles', cmapssText([3]).split('\n').toSpliced(1, 1).join('\n'), 'DATASET_BAD_TEXT'],
    ['nothing', '\n\n', 'DATASET_TRUNCATED'],
  ])('refuses %s', async (_, text, code) => {
    expect(await codeOf(() => cmapssDataset('x', files(text, cmapssText([2]), '4')))).toBe(code);
  });

  it('refuses answers for another number of engines, and windows longer than any engine', async () => {
    expect(await codeOf(() => cmapssDataset('x', files(cmapssText([2]), cmapssText([2]), '4 \n5')))).toBe('DATASET_BAD_SHAPE');
    expect(await codeOf(() => cmapssDataset('x', files(cmapssText([2]), cmapssText([2]), '4'), { windowCycles: 9 }))).toBe(
      'DATASET_OPTION_INVALID',
    );
    expect(
      await codeOf(() => cmapssDataset('x', { ...files('', '', ''), train: file('t', Uint8Array.from([0xff, 0xfe])) })),
    ).toBe('DATASET_BAD_TEXT');
  });
});

describe('AI4I', () => {
  const sound = '1,M14860,M,298.1,308.6,1551,42.8,0,0,0,0,0,0,0';
  const rows = [sound, sound, '3,L1,L,298.1,308.5,1498,49.4,5,1,0,1,0,1,0', '4,H1,H,298,308,1400,40,9,1,0,0,0,0,0', sound];

  it('reads rows, classes and machines', () => {
    const { train, test, sampleShape } = ai4iDataset('a', file('a.csv', ai4iText(rows)));
    expect([sampleShape, train.count, test.count]).toEqual([[8], 4, 1]);
    expect([...train.labels]).toEqual([0, 0, 1, 1]);
    expect([...(train.machines ?? [])]).toEqual([1, 1, 0, 2]);
    expect([...train.values.subarray(0, 8)].map((value) => Number(value.toFixed(1)))).toEqual([
      0, 1, 0, 298.1, 308.6, 1551, 42.8, 0,
    ]);
  });

  it('knows the way of a failure, and tabs', () => {
    const { train } = ai4iDataset('a', file('a.csv', ai4iText(rows).replaceAll(',', '\t')), { classes: 'mode' });
    expect([...train.labels]).toEqual([0, 0, 2, 6]);
  });

  it.each([
    ['another table', 'a,b\r\n1,2', 'DATASET_BAD_TEXT'],
    ['no row', ai4iText([]), 'DATASET_TRUNCATED'],
    ['a short row', ai4iText(['1,M1,M,298']), 'DATASET_BAD_TEXT'],
    ['a type that is none', ai4iText([sound.replace(',M,', ',X,')]), 'DATASET_BAD_TEXT'],
    ['a decimal comma', ai4iText([sound.replace('298.1', '"298')]), 'DATASET_BAD_TEXT'],
    ['a flag of 2', ai4iText([sound.replace(/0$/, '2')]), 'DATASET_BAD_TEXT'],
    ['a failure of 2', ai4iText([sound.replace(',0,0,0,0,0,0,0', ',0,2,0,0,0,0,0')]), 'DATASET_BAD_TEXT'],
  ])('refuses %s', async (_, text, code) => {
    expect(await codeOf(() => ai4iDataset('a', file('a.csv', text)))).toBe(code);
  });
});

describe('archives', () => {
  const content = fc.array(fc.uint8Array({ maxLength: 2_000 }), { minLength: 1, maxLength: 4 });
  const named = (parts: readonly Uint8Array[]) => parts.map((bytes, at) => file(`folder/${at}.bin`, Uint8Array.from(bytes)));

  it('computes the CRC-32 of the standard', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  });

  it('give back what was put in', async () => {
    await fc.assert(
      fc.asyncProperty(content, fc.constantFrom(0 as const, 8 as const), async (parts, method) => {
        const files = named(parts);
        expect(readTar(file('a.tar', tar(files)))).toEqual(files);
        const unpacked = await readZip(file('a.zip', zip(files, method)), () => true);
        expect(unpacked.map(({ bytes }) => [...bytes])).toEqual(files.map(({ bytes }) => [...bytes]));
        for (const { bytes } of files) expect([...(await gunzip(file('a.gz', packed(bytes)))).bytes]).toEqual([...bytes]);
      }),
      { numRuns: 30 },
    );
  });

  it('that are cut or damaged are refused with a code, or read in full', async () => {
    const files = [
      file(
        'a.bin',
        Uint8Array.from({ length: 700 }, (_, at) => at % 7),
      ),
      file('b.bin', new Uint8Array(600).fill(9)),
    ];
    const wholes = { tar: tar(files), zip: zip(files), gz: packed(tar(files)) };
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('tar' as const, 'zip' as const, 'gz' as const),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (kind, where, flip, cut) => {
          const at = Math.floor(where * wholes[kind].length);
          const bytes = wholes[kind].slice(0, cut ? at : undefined);
          if (!cut) bytes[at] = (bytes[at] as number) ^ flip;
          const read = async () => {
            if (kind === 'tar') return readTar(file('a.tar', bytes));
            if (kind === 'zip') return await readZip(file('a.zip', bytes), () => true);
            return [await gunzip(file('a.tar.gz', bytes))];
          };
          // Any error but a TreadleError fails the test.
          const code = await codeOf(read);
          expect(['no error', 'DATASET_BAD_ARCHIVE', 'DATASET_TRUNCATED', 'DATASET_TOO_LARGE', 'DATASET_BAD_MAGIC']).toContain(
            code,
          );
          if (kind === 'zip' && code === 'no error')
            for (const { bytes: found } of await readZip(file('a.zip', bytes), () => true))
              expect([600, 700]).toContain(found.length);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('a gzip file that unpacks to more than it may is refused before it fills the memory', async () => {
    expect(await codeOf(() => gunzip(file('a.gz', packed(new Uint8Array(100_000))), 50_000))).toBe('DATASET_TOO_LARGE');
  });

  it('a file named .gz that is none is refused', async () => {
    expect(await codeOf(() => gunzip(file('a.gz', '<html>')))).toBe('DATASET_BAD_MAGIC');
  });
});

describe('any bytes', () => {
  it('are read or refused with a code by every parser', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 1_200 }), fc.constantFrom(0, 1, 2, 3), async (noise, start) => {
        const starts = [[], [0, 0, 8, 2], [0x1f, 0x8b, 8, 0], [0x50, 0x4b, 3, 4]];
        const bytes = Uint8Array.from([...(starts[start] ?? []), ...noise]);
        const one = file('x', bytes);
        for (const read of [
          () => parseIdx(one),
          () => parseCifar([one]),
          () => cmapssDataset('x', { train: one, test: one, remaining: one }),
          () => ai4iDataset('x', one),
          () => readTar(one),
          () => readZip(one, () => true),
          () => gunzip(one),
        ])
          await codeOf(read);
      }),
      { numRuns: 200 },
    );
  });
});
