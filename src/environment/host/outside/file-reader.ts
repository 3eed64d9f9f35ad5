import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { TreadleError } from '../../../errors.ts';
import { OUTSIDE_SQLITE_READERS_MAX } from '../../../limits.ts';
import type { FileSource, OutsideReading } from '../../outside.ts';
import type { FileFolder } from '../../outside-config.ts';
import { contentTooLarge, type ReadTerms } from '../../outside-gate.ts';
import { chosenQuery } from './chosen-query.ts';
import { querySqlite } from './sqlite-query.ts';
import { Turns } from './turns.ts';

export interface FileReaderOptions {
  readonly files: FileFolder;
  /** What the folder is relative to. */
  readonly folder: string;
  readonly nowMs: () => number;
}

const MEDIA_TYPES: Readonly<Record<string, string>> = { json: 'application/json', csv: 'text/csv', txt: 'text/plain' };

/** Reads files below one folder. A link that leads out of it is not followed, wherever in the path it stands. */
export class FileReader {
  readonly #options: FileReaderOptions;
  readonly #turns = new Turns(OUTSIDE_SQLITE_READERS_MAX);

  constructor(options: FileReaderOptions) {
    this.#options = options;
  }

  /** @throws TreadleError as {@link Outside.read} */
  async read(source: FileSource, terms: ReadTerms): Promise<OutsideReading> {
    const { files, nowMs } = this.#options;
    const path = await this.#locate(source.name);
    if (source.query === undefined) {
      const content = await readBounded(path, () => this.#locate(source.name), terms.maxBytes);
      return { content, mediaType: MEDIA_TYPES[source.name.split('.').at(-1) as string] as string, observedAtMs: nowMs() };
    }
    const query = chosenQuery(files, source.query);
    const { parameters = [] } = source;
    const content = await this.#turns.run(terms.signal, () => querySqlite({ path, query, parameters }, terms));
    return { content, mediaType: 'application/json', observedAtMs: nowMs() };
  }

  /** Where a file really is. */
  async #locate(name: string): Promise<string> {
    const { files, folder } = this.#options;
    const root = await realpath(resolve(folder, files.folder)).catch((cause: unknown) => {
      throw new TreadleError('OUTSIDE_UNREACHABLE', { detail: 'the folder of the files that may be read is not there', cause });
    });
    const path = await realpath(join(root, name)).catch((cause: unknown) => {
      throw new TreadleError('OUTSIDE_REFUSED', { detail: `there is no file ${name}`, cause });
    });
    if (path.startsWith(root.endsWith(sep) ? root : root + sep)) return path;
    throw new TreadleError('OUTSIDE_NOT_ALLOWED', { detail: `${name} leads out of the folder that may be read` });
  }
}

/** @param locate - asked again once the file is open: the path may have been changed in between */
async function readBounded(path: string, locate: () => Promise<string>, maxBytes: number): Promise<Uint8Array> {
  // Opening a pipe without O_NONBLOCK would wait for its other end, which may never come.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const handle = await open(path, flags).catch((cause: unknown) => {
    throw new TreadleError('OUTSIDE_REFUSED', { detail: 'the file cannot be opened', cause });
  });
  try {
    const opened = await handle.stat();
    if (!opened.isFile()) throw new TreadleError('OUTSIDE_REFUSED', { detail: 'it is not a file' });
    if (!isSame(opened, await stat(await locate())))
      throw new TreadleError('OUTSIDE_REFUSED', { detail: 'the file was replaced while it was opened' });
    if (opened.size > maxBytes) throw contentTooLarge(maxBytes);
    return await readAll(handle, maxBytes);
  } finally {
    await handle.close();
  }
}

/** A file may grow while it is read. */
async function readAll(handle: FileHandle, maxBytes: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(Math.min(maxBytes, (await handle.stat()).size) + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) return buffer.slice(0, length);
    length += bytesRead;
  }
  if (length > maxBytes) throw contentTooLarge(maxBytes);
  throw new TreadleError('OUTSIDE_REFUSED', { detail: 'the file grew while it was read' });
}

function isSame(left: Stats, right: Stats): boolean {
  return left.dev === right.dev && left.ino === right.ino;
}
