import { rm } from 'node:fs/promises';
import path from 'node:path';
import { TreadleError } from '../../errors.ts';
import {
  CATALOGUE,
  type CatalogueEntry,
  catalogueEntry,
  classCounts,
  type Dataset,
  type FetchProgress,
  fetchDataset,
  findFiles,
  loadDataset,
  type Partition,
  partitionByDirichlet,
  partitionByLabelSlices,
  partitionByMachine,
  partitionByQuantity,
  partitionEvenly,
  partitionHistogram,
  seededStream,
} from '../../learning/index.ts';
import { datasetFiles, defaultDatasetCache, sha256OfFile } from '../dataset-files.ts';
import { decimal, wholeNumber } from '../numbers.ts';
import { createOutput, type Output } from '../output.ts';

export interface DataOptions {
  readonly data?: string;
  readonly cache?: string;
  readonly json?: boolean;
}

/** `treadle data list`: every data set, and whether its files are here. */
export async function list(options: DataOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const host = datasetFiles(options);
  const rows = [];
  for (const entry of CATALOGUE) {
    const found = await findFiles(entry, host);
    rows.push({
      name: entry.name,
      content: entry.content,
      here: entry.make ? 'made here' : (found?.place.folder ?? 'no'),
      download: entry.make ? '' : sizeText(entry),
      licence: entry.licence,
    });
  }
  out.table(rows);
  out.result(rows.map((row, at) => ({ ...row, ...described(CATALOGUE[at] as CatalogueEntry) })));
}

export interface FetchOptions {
  readonly cache?: string;
  readonly json?: boolean;
  readonly progress?: boolean;
}

/** `treadle data fetch`: the files of a data set into the cache, each checked. */
export async function fetch(name: string, options: FetchOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const entry = catalogueEntry(name);
  const host = datasetFiles(options);
  const bar = progressBar(out, options.progress !== false);
  try {
    await fetchDataset(entry.name, host, bar.show);
  } finally {
    bar.end();
  }
  // What has no published checksum is held to its format: an error page must not lie in the cache as data.
  const dataset = await loadDataset(entry.name, host).catch(async (error: unknown) => {
    const unchecked = entry.files.filter(({ sha256 }) => sha256 === undefined);
    const cache = path.join(options.cache ?? defaultDatasetCache(), entry.folder);
    for (const file of unchecked) await rm(path.join(cache, file.name), { force: true });
    throw error;
  });
  const folder = (await findFiles(entry, host))?.place.folder;
  out.line(`${entry.title}: ${dataset.train.count} samples to train with, ${dataset.test.count} to test with`);
  out.line(folder === undefined ? '  no file is needed: it is made when it is used' : `  in ${folder}`);
  out.result({ name: entry.name, folder, train: dataset.train.count, test: dataset.test.count });
}

export interface ShowOptions extends DataOptions {
  readonly partition?: 'iid' | 'slices' | 'dirichlet' | 'quantity' | 'machine';
  readonly clients: string;
  readonly alpha: string;
  readonly seed: string;
}

/** `treadle data show`: what a data set holds, and how it would be divided among clients. */
export async function show(name: string, options: ShowOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const entry = catalogueEntry(name);
  const host = datasetFiles(options);
  const found = await findFiles(entry, host);
  const dataset = await loadDataset(entry.name, host);
  const files = await Promise.all(
    Object.values(found?.names ?? {})
      .flat()
      .map(async (file) => {
        const sha256 = await sha256OfFile(path.join(found?.place.folder ?? '', file));
        const published = entry.files.find((remote) => remote.name === file)?.sha256;
        return { file, sha256, asPublished: published === undefined ? undefined : published === sha256 };
      }),
  );
  const train = classCounts(dataset.train.labels, dataset.classNames.length);
  const test = classCounts(dataset.test.labels, dataset.classNames.length);
  const classes = dataset.classNames.map((className, at) => ({ class: className, train: train[at], test: test[at] }));
  const division = options.partition === undefined ? undefined : divide(dataset, options.partition, options);
  out.line(`${entry.title}: ${entry.content}`);
  out.line(`  licence ${entry.licence}`);
  out.line(`  cite    ${entry.citation}`);
  out.line(`  sample  ${dataset.sampleShape.join(' x ')} ${dataset.train.values instanceof Uint8Array ? 'bytes' : 'numbers'}`);
  for (const { file, asPublished } of files) {
    const words = asPublished === undefined ? '' : asPublished ? ' (as published)' : ' (another copy than the published one)';
    out.line(`  file    ${path.join(found?.place.folder ?? '', file)}${words}`);
  }
  out.line();
  out.table(classes);
  const histogram = division && partitionHistogram(division, dataset.train.labels, dataset.classNames.length);
  if (histogram) {
    out.line();
    out.table(
      histogram.map((row, client) => ({
        client: client + 1,
        samples: sum(row),
        ...Object.fromEntries(row.map((count, at) => [columnOf(dataset.classNames[at] as string), count])),
      })),
    );
  }
  out.result({
    ...described(entry),
    sampleShape: dataset.sampleShape,
    folder: found?.place.folder,
    files,
    classes,
    ...(histogram && { partition: histogram }),
  });
}

/** Keys that look like numbers would come first in the table. */
const columnOf = (className: string): string => (/^\d+$/.test(className) ? `class ${className}` : className);

const sum = (row: readonly number[]): number => row.reduce((total, count) => total + count, 0);

function divide({ train }: Dataset, partition: NonNullable<ShowOptions['partition']>, options: ShowOptions): Partition {
  const clients = wholeNumber('--clients', options.clients, { min: 1, max: 100_000 });
  const alpha = decimal('--alpha', options.alpha, { min: 0.001, max: 1_000_000 });
  const random = seededStream('partition', options.seed);
  switch (partition) {
    case 'iid':
      return partitionEvenly(train.count, clients, random);
    case 'slices':
      return partitionByLabelSlices(train.labels, { clients, slices: 2 * clients, random });
    case 'dirichlet':
      return partitionByDirichlet(train.labels, { clients, alpha, random });
    case 'quantity':
      return partitionByQuantity(train.count, { clients, alpha, random });
    case 'machine':
      if (train.machines === undefined)
        throw new TreadleError('PARTITION_IMPOSSIBLE', { detail: 'the data do not say which machine a sample comes from' });
      return partitionByMachine(train.machines, clients, random);
  }
}

function described({ name, title, homepage, licence, citation, files }: CatalogueEntry): object {
  return { name, title, homepage, licence, citation, files };
}

function sizeText({ files }: CatalogueEntry): string {
  return files.some(({ sizeBytes }) => sizeBytes === undefined)
    ? ''
    : megabytes(sum(files.map(({ sizeBytes = 0 }) => sizeBytes)));
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

const EVERY_MS = 200;
const BAR_CELLS = 30;

/** A bar that is written over on a terminal; elsewhere a line when a file is done. */
function progressBar(
  out: Output,
  wanted: boolean,
): { readonly show: (progress: FetchProgress) => void; readonly end: () => void } {
  if (out.json || !wanted) return { show: () => undefined, end: () => undefined };
  const terminal = process.stderr.isTTY === true;
  let shownAt = 0;
  return {
    show({ file, receivedBytes, totalBytes }) {
      const done = receivedBytes === totalBytes;
      if (!done && (!terminal || Date.now() - shownAt < EVERY_MS)) return;
      shownAt = Date.now();
      const cells = totalBytes ? Math.floor((BAR_CELLS * receivedBytes) / totalBytes) : 0;
      const bar = totalBytes ? `[${'#'.repeat(cells)}${'.'.repeat(BAR_CELLS - cells)}] of ${megabytes(totalBytes)}` : '';
      process.stderr.write(`${terminal ? '\r\u001b[2K' : ''}${file} ${megabytes(receivedBytes)} ${bar}${terminal ? '' : '\n'}`);
    },
    end() {
      if (terminal) process.stderr.write('\r\u001b[2K');
    },
  };
}
