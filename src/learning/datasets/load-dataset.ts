import { TreadleError } from '../../errors.ts';
import { DATASET_FILE_BYTES_MAX } from '../../limits.ts';
import type { DataFile } from './byte-source.ts';
import { type CatalogueEntry, catalogueEntry, type Layout } from './catalogue.ts';
import type { Dataset } from './dataset.ts';
import './errors.ts';
import type { RemoteFile } from './remote-files.ts';

/** A folder that may hold files of a data set. */
export interface DatasetPlace {
  readonly folder: string;
  readonly files: readonly { readonly name: string; readonly sizeBytes: number }[];
}

/** How far a download is. */
export interface FetchProgress {
  readonly file: string;
  readonly receivedBytes: number;
  /** Absent while the server has not said. */
  readonly totalBytes?: number;
}

/** What the machine does for data sets: looks into folders, reads, fetches. */
export interface DatasetHost {
  /** Folders where files of this data set may lie, the user's own before the cache; absent ones are left out. */
  places(folder: string): Promise<readonly DatasetPlace[]>;
  /** @throws an error of the host when the file cannot be read */
  read(place: DatasetPlace, name: string): Promise<Uint8Array>;
  /**
   * Fetches a file into the cache, going on where an earlier try broke off; does nothing when it is there.
   *
   * @throws TreadleError DATASET_DOWNLOAD_FAILED | DATASET_CHECKSUM | DATASET_TOO_LARGE
   */
  fetch(folder: string, file: RemoteFile, onProgress?: (progress: FetchProgress) => void): Promise<void>;
}

/** Files that make up a data set, as they were found. */
export interface FoundFiles {
  readonly place: DatasetPlace;
  readonly layout: Layout;
  /** Names of files by what they are for. */
  readonly names: Readonly<Record<string, readonly string[]>>;
}

export interface LoadOptions {
  /** Fetch what is missing; false when absent: nothing goes over the network unasked. */
  readonly fetch?: boolean;
  readonly onProgress?: (progress: FetchProgress) => void;
}

/**
 * Loads a data set by its name: from the first folder that holds all of its files, or from its publisher.
 *
 * @throws TreadleError DATASET_UNKNOWN | DATASET_FILES_MISSING | those of {@link DatasetHost.fetch} and of the parsers
 */
export async function loadDataset(name: string, host: DatasetHost, options: LoadOptions = {}): Promise<Dataset> {
  const entry = catalogueEntry(name);
  if (entry.make) return entry.make();
  let found = await findFiles(entry, host);
  if (found === undefined && options.fetch === true) {
    await fetchDataset(name, host, options.onProgress);
    found = await findFiles(entry, host);
  }
  if (found === undefined)
    throw new TreadleError('DATASET_FILES_MISSING', {
      detail: `the files of ${entry.name} are not here`,
      data: {
        dataset: entry.name,
        folders: (await host.places(entry.folder)).map(({ folder }) => folder),
        files: entry.files.map((file) => file.name),
      },
    });
  return await readFound(found, host);
}

/** Fetches every file of a data set into the cache. @throws TreadleError of {@link DatasetHost.fetch}, DATASET_UNKNOWN */
export async function fetchDataset(
  name: string,
  host: DatasetHost,
  onProgress?: (progress: FetchProgress) => void,
): Promise<void> {
  const entry = catalogueEntry(name);
  for (const file of entry.files) await host.fetch(entry.folder, file, onProgress);
}

/** The first folder that holds all files of one of the layouts; undefined when none does. */
export async function findFiles(entry: CatalogueEntry, host: DatasetHost): Promise<FoundFiles | undefined> {
  for (const place of await host.places(entry.folder)) {
    for (const layout of entry.layouts) {
      const names = matchParts(place, layout);
      if (names !== undefined) return { place, layout, names };
    }
  }
  return undefined;
}

function matchParts(place: DatasetPlace, layout: Layout): Record<string, readonly string[]> | undefined {
  const names: Record<string, readonly string[]> = {};
  for (const [part, pattern] of Object.entries(layout.parts)) {
    const fitting = new Map<string, string>();
    for (const { name } of [...place.files].sort((left, right) => (left.name < right.name ? -1 : 1))) {
      const plain = name.toLowerCase().replace(/\.gz$/, '');
      // A file that is there packed and unpacked is one file.
      if (pattern.test(plain) && !fitting.has(plain)) fitting.set(plain, name);
    }
    if (fitting.size === 0) return undefined;
    names[part] = [...fitting.values()];
  }
  return names;
}

async function readFound({ place, layout, names }: FoundFiles, host: DatasetHost): Promise<Dataset> {
  const parts: Record<string, DataFile[]> = {};
  for (const [part, files] of Object.entries(names)) {
    parts[part] = [];
    for (const name of files) {
      const size = place.files.find((file) => file.name === name)?.sizeBytes ?? 0;
      if (size > DATASET_FILE_BYTES_MAX)
        throw new TreadleError('DATASET_TOO_LARGE', {
          detail: `${name} has ${size} bytes`,
          data: { file: name, limitBytes: DATASET_FILE_BYTES_MAX },
        });
      parts[part].push({ name, bytes: await host.read(place, name) });
    }
  }
  return await layout.read(parts);
}
