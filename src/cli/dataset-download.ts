import { open, readFile, stat, writeFile } from 'node:fs/promises';
import { TreadleError } from '../errors.ts';
import type { FetchProgress } from '../learning/index.ts';
import { DATASET_FETCH_SILENCE_MS, DATASET_FILE_BYTES_MAX } from '../limits.ts';

/** A file that is not whole yet, and a note that says of which version of it the bytes are. */
export interface PartFile {
  readonly file: string;
  readonly note: string;
}

export interface PartOptions {
  readonly url: string;
  readonly part: PartFile;
  /** For messages and progress. */
  readonly name: string;
  readonly silenceMs?: number;
  readonly onProgress: (progress: FetchProgress) => void;
}

interface Note {
  readonly url: string;
  /** ETag or Last-Modified: the server sends the rest only if the file is still that one. */
  readonly validator: string;
}

/**
 * One try to complete a part file over HTTP. Bytes that are there already are not asked for again, as long as the server
 * says that the file has not changed since.
 *
 * @throws TreadleError DATASET_DOWNLOAD_FAILED (data.final: trying this address again is of no use) | DATASET_TOO_LARGE
 */
export async function fetchPart({
  url,
  part,
  name,
  silenceMs = DATASET_FETCH_SILENCE_MS,
  onProgress,
}: PartOptions): Promise<void> {
  const abort = new AbortController();
  let silence = setTimeout(() => abort.abort(), silenceMs);
  try {
    const note = await readNote(part.note);
    const resumeFrom = note?.url === url ? await sizeOf(part.file) : 0;
    const response = await fetch(url, {
      signal: abort.signal,
      headers: {
        // A packed file is wanted as it is, not unpacked on the way.
        'accept-encoding': 'identity',
        ...(resumeFrom > 0 && note && { range: `bytes=${resumeFrom}-`, 'if-range': note.validator }),
      },
    });
    const start = startOf(response, resumeFrom, name, url);
    if (start === undefined || response.body === null) return;
    const length = Number(response.headers.get('content-length') ?? Number.NaN);
    const total = Number.isFinite(length) ? start + length : undefined;
    if ((total ?? 0) > DATASET_FILE_BYTES_MAX) throw tooLarge(name);
    await rememberVersion(part.note, url, response);
    const handle = await open(part.file, start > 0 ? 'r+' : 'w');
    try {
      let received = start;
      onProgress({ file: name, receivedBytes: received, ...(total !== undefined && { totalBytes: total }) });
      for await (const chunk of response.body) {
        clearTimeout(silence);
        silence = setTimeout(() => abort.abort(), silenceMs);
        await handle.write(chunk, 0, chunk.length, received);
        received += chunk.length;
        if (received > DATASET_FILE_BYTES_MAX) throw tooLarge(name);
        onProgress({ file: name, receivedBytes: received, ...(total !== undefined && { totalBytes: total }) });
      }
      if (total !== undefined && received < total) throw failed(name, url, `it ended after ${received} of ${total} bytes`);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof TreadleError || isOfDisk(cause)) throw cause;
    throw failed(name, url, abort.signal.aborted ? `nothing came for ${silenceMs} ms` : reasonOf(cause), cause);
  } finally {
    clearTimeout(silence);
  }
}

/** Where the bytes of an answer belong; undefined when nothing is missing. */
function startOf(response: Response, resumeFrom: number, name: string, url: string): number | undefined {
  const { status } = response;
  if (status === 200) return 0;
  const [, first, whole] = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? [];
  if (status === 206 && resumeFrom > 0) {
    if (Number(first) !== resumeFrom)
      throw failed(name, url, `bytes from ${resumeFrom} on were asked for, those from ${first} came`);
    return resumeFrom;
  }
  // The part is the whole file already: the last try was stopped just before it got its name.
  if (status === 416 && Number(whole) === resumeFrom) return undefined;
  const detail = `the server answers ${status}${response.statusText === '' ? '' : ` ${response.statusText}`}`;
  // "Too many requests" and errors of the server pass; that something is not there, or is forbidden, stays.
  throw failed(name, url, detail, undefined, status < 500 && status !== 408 && status !== 429);
}

async function rememberVersion(noteFile: string, url: string, response: Response): Promise<void> {
  const tag = response.headers.get('etag');
  // A weak tag does not promise equal bytes.
  const validator = tag !== null && !tag.startsWith('W/') ? tag : response.headers.get('last-modified');
  const note: Partial<Note> = { url, ...(validator !== null && { validator }) };
  await writeFile(noteFile, JSON.stringify(note));
}

/** What an earlier run wrote; undefined when there is nothing that can be gone on from. */
async function readNote(file: string): Promise<Note | undefined> {
  try {
    const note = JSON.parse(await readFile(file, 'utf8')) as Partial<Note>;
    return typeof note.url === 'string' && typeof note.validator === 'string'
      ? { url: note.url, validator: note.validator }
      : undefined;
  } catch {
    return undefined;
  }
}

async function sizeOf(file: string): Promise<number> {
  return await stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Errors of files have a system call; those of the network are wrapped by `fetch`. */
function isOfDisk(error: unknown): boolean {
  const { syscall } = error as NodeJS.ErrnoException;
  return syscall === 'open' || syscall === 'write';
}

function reasonOf(error: unknown): string {
  const { cause } = error as { readonly cause?: NodeJS.ErrnoException };
  return cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : String(error));
}

function failed(name: string, url: string, reason: string, cause?: unknown, final = false): TreadleError {
  return new TreadleError('DATASET_DOWNLOAD_FAILED', {
    detail: `${name} could not be fetched from ${url}: ${reason}`,
    data: { file: name, url, final },
    cause,
  });
}

function tooLarge(name: string): TreadleError {
  return new TreadleError('DATASET_TOO_LARGE', {
    detail: `${name} is longer than ${DATASET_FILE_BYTES_MAX} bytes`,
    data: { file: name, limitBytes: DATASET_FILE_BYTES_MAX, final: true },
  });
}
