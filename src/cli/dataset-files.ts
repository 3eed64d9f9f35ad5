import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { TreadleError } from '../errors.ts';
import type { DatasetHost, DatasetPlace, FetchProgress, RemoteFile } from '../learning/index.ts';
import { DATASET_FETCH_ATTEMPTS, DATASET_FETCH_PAUSE_MS } from '../limits.ts';
import { fetchPart, type PartFile } from './dataset-download.ts';
import './errors.ts';

export interface DatasetFilesOptions {
  /** Where fetched files are kept; {@link defaultDatasetCache} when absent. */
  readonly cache?: string;
  /** A folder with files of the user's own; in it, or in a folder named as the data set. */
  readonly data?: string;
  /** Pause after a try that failed, in place of the usual one. */
  readonly pauseMs?: number;
  readonly silenceMs?: number;
}

/** `$XDG_CACHE_HOME/treadle/datasets`, or the same under `~/.cache`. */
export function defaultDatasetCache(): string {
  return path.join(process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'), 'treadle', 'datasets');
}

/** Files of data sets on this machine: in folders, and fetched over HTTP. */
export function datasetFiles(options: DatasetFilesOptions = {}): DatasetHost {
  const cache = options.cache ?? defaultDatasetCache();
  return {
    async places(folder) {
      const folders = [
        ...(options.data === undefined ? [] : [path.join(options.data, folder), options.data]),
        path.join(cache, folder),
      ];
      const found = await Promise.all(folders.map(listFolder));
      return found.filter((place) => place !== undefined);
    },
    read: async ({ folder }, name) => {
      const file = path.join(folder, name);
      try {
        return await readFile(file);
      } catch (cause) {
        throw new TreadleError('CLI_FILE_UNREADABLE', { detail: `${file} cannot be read (${codeOf(cause)})`, cause });
      }
    },
    fetch: async (folder, file, onProgress = () => undefined) => {
      const target = path.join(cache, folder, file.name);
      if (await isThere(target)) return;
      try {
        await mkdir(path.dirname(target), { recursive: true });
        await fetchFile(file, target, options, onProgress);
      } catch (cause) {
        if (cause instanceof TreadleError) throw cause;
        throw new TreadleError('CLI_FILE_UNWRITABLE', { detail: `${target} cannot be written (${codeOf(cause)})`, cause });
      }
    },
  };
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

async function isThere(file: string): Promise<boolean> {
  return await stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function listFolder(folder: string): Promise<DatasetPlace | undefined> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return undefined;
  const files = [];
  for (const entry of entries) {
    // A link to a file counts as the file.
    const found = await stat(path.join(folder, entry.name)).catch(() => undefined);
    if (found?.isFile()) files.push({ name: entry.name, sizeBytes: found.size });
  }
  return { folder, files };
}

/** Tries each address until one gives the file that was published; only then it gets its name. */
async function fetchFile(
  file: RemoteFile,
  target: string,
  { pauseMs = DATASET_FETCH_PAUSE_MS, silenceMs }: DatasetFilesOptions,
  onProgress: (progress: FetchProgress) => void,
): Promise<void> {
  const part: PartFile = { file: `${target}.part`, note: `${target}.part.json` };
  let last: TreadleError | undefined;
  for (const url of file.urls) {
    let pause = pauseMs;
    for (let idle = 0; idle < DATASET_FETCH_ATTEMPTS; ) {
      const before = await sizeOf(part.file);
      try {
        await fetchPart({ url, part, name: file.name, onProgress, ...(silenceMs && { silenceMs }) });
        await checkWhole(file, part.file, url);
        await rename(part.file, target);
        await rm(part.note, { force: true });
        return;
      } catch (error) {
        if (!(error instanceof TreadleError)) throw error;
        last = error;
        if (error.code === 'DATASET_CHECKSUM') {
          // Whatever is wrong with it, going on from it cannot help.
          await discard(part);
          break;
        }
        if (error.data['final'] === true) break;
        // A line that breaks off again and again, but brings something each time, gets there.
        idle = (await sizeOf(part.file)) > before ? 0 : idle + 1;
        if (idle < DATASET_FETCH_ATTEMPTS) await new Promise((resolve) => setTimeout(resolve, pause));
        pause = idle === 0 ? pauseMs : pause * 2;
      }
    }
  }
  throw last ?? new TreadleError('DATASET_DOWNLOAD_FAILED', { detail: `${file.name} has no address to be fetched from` });
}

async function sizeOf(file: string): Promise<number> {
  return await stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

async function discard(part: PartFile): Promise<void> {
  await rm(part.file, { force: true });
  await rm(part.note, { force: true });
}

async function checkWhole(file: RemoteFile, partFile: string, url: string): Promise<void> {
  const size = await sizeOf(partFile);
  if (file.sizeBytes !== undefined && size !== file.sizeBytes)
    throw new TreadleError('DATASET_CHECKSUM', {
      detail: `${file.name} from ${url} has ${size} bytes, not ${file.sizeBytes}`,
      data: { file: file.name, url, foundBytes: size, wantedBytes: file.sizeBytes },
    });
  if (file.sha256 === undefined) return;
  const found = await sha256OfFile(partFile);
  if (found !== file.sha256)
    throw new TreadleError('DATASET_CHECKSUM', {
      detail: `${file.name} from ${url} has SHA-256 ${found}, not ${file.sha256}`,
      data: { file: file.name, url, found, wanted: file.sha256 },
    });
}

/** SHA-256 of a file, lower-case hexadecimal, whatever its length. */
export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}
