import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FetchProgress, RemoteFile } from '../learning/index.ts';
import { datasetFiles } from './dataset-files.ts';
import { runTreadle } from './testing/run-treadle.ts';

const CONTENT = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7919) >> 3);
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');

let folder: string;
let server: Server | undefined;
/** Bytes of the file that the client has on its disk, as it says. */
let written: number;
let requests: { readonly range: string | undefined; readonly url: string | undefined }[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'treadle-data-'));
  requests = [];
  written = 0;
});

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

/** A real HTTP server on this machine; gives back its address. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse, count: number) => void): Promise<string> {
  server = createServer((request, response) => {
    requests.push({ range: request.headers.range, url: request.url });
    answer(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Serving {
  readonly etag?: string;
  /** Cut the connection after so many bytes of the answer. */
  readonly cutAfter?: number;
  readonly content?: Uint8Array;
}

/** Answers as a server that knows ranges does. */
function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { etag = '"1"', cutAfter, content = CONTENT }: Serving = {},
): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const resume = from > 0 && request.headers['if-range'] === etag;
  if (resume && from >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    return;
  }
  const body = content.subarray(resume ? from : 0);
  response.writeHead(resume ? 206 : 200, {
    etag,
    'content-length': body.length,
    ...(resume && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }),
  });
  if (cutAfter === undefined) response.end(body);
  else {
    // Cut only once the client has written what was sent: what it had not read yet would be lost with the connection.
    const wanted = (resume ? from : 0) + cutAfter;
    response.write(body.subarray(0, cutAfter));
    const look = setInterval(() => {
      if (written < wanted) return;
      clearInterval(look);
      response.destroy();
    }, 2);
    response.on('close', () => clearInterval(look));
  }
}

const fileAt = (...urls: readonly string[]): RemoteFile => ({ name: 'a.bin', urls, sizeBytes: CONTENT.length, sha256: SHA256 });
const host = (silenceMs = 5_000) => {
  const files = datasetFiles({ cache: path.join(folder, 'cache'), pauseMs: 5, silenceMs });
  const fetch = (set: string, file: RemoteFile, onProgress?: (progress: FetchProgress) => void): Promise<void> =>
    files.fetch(set, file, (progress) => {
      written = progress.receivedBytes;
      onProgress?.(progress);
    });
  return { fetch };
};
const cached = async (): Promise<string[]> => (await readdir(path.join(folder, 'cache', 'set'))).sort();
const cachedBytes = (): Promise<Uint8Array> => readFile(path.join(folder, 'cache', 'set', 'a.bin'));

describe('fetching a file', () => {
  it('keeps it under its name, says how far it is, and does not ask again', async () => {
    const url = await serve((request, response) => sendFile(request, response));
    const seen: FetchProgress[] = [];
    await host().fetch('set', fileAt(url), (progress) => seen.push(progress));
    expect(await cached()).toEqual(['a.bin']);
    expect(Buffer.compare(await cachedBytes(), CONTENT)).toBe(0);
    expect(seen.at(-1)).toEqual({ file: 'a.bin', receivedBytes: CONTENT.length, totalBytes: CONTENT.length });
    expect(
      seen.every(({ receivedBytes }, at) => at === 0 || receivedBytes >= (seen[at - 1] as FetchProgress).receivedBytes),
    ).toBe(true);
    await host().fetch('set', fileAt(url));
    expect(requests.length).toBe(1);
  });

  it('goes on where a cut connection stopped, as often as each try brings something', async () => {
    const url = await serve((request, response, count) => sendFile(request, response, count <= 6 ? { cutAfter: 40_000 } : {}));
    await host().fetch('set', fileAt(url));
    expect(requests.length).toBe(7);
    expect(requests.map(({ range }) => range)).toEqual([
      undefined,
      ...[1, 2, 3, 4, 5, 6].map((times) => `bytes=${times * 40_000}-`),
    ]);
    expect(Buffer.compare(await cachedBytes(), CONTENT)).toBe(0);
  });

  it('goes on in a later run', async () => {
    let cut = true;
    const url = await serve((request, response) =>
      cut && requests.length > 1 ? response.destroy() : sendFile(request, response, cut ? { cutAfter: 100_000 } : {}),
    );
    await expect(host().fetch('set', fileAt(url))).rejects.toMatchObject({ code: 'DATASET_DOWNLOAD_FAILED' });
    expect(await cached()).toEqual(['a.bin.part', 'a.bin.part.json']);
    cut = false;
    await host().fetch('set', fileAt(url));
    expect(requests.at(-1)?.range).toBe('bytes=100000-');
    expect(await cached()).toEqual(['a.bin']);
  });

  it('begins anew when the file has changed meanwhile, or the server knows no ranges', async () => {
    const url = await serve((request, response, count) =>
      sendFile(
        request,
        response,
        count === 1 ? { etag: '"old"', content: new Uint8Array(CONTENT.length), cutAfter: 50_000 } : {},
      ),
    );
    await host().fetch('set', fileAt(url));
    expect(requests.map(({ range }) => range)).toEqual([undefined, 'bytes=50000-']);
    expect(Buffer.compare(await cachedBytes(), CONTENT)).toBe(0);
  });

  it('asks nothing more when the part is whole already', async () => {
    const url = await serve((request, response) => sendFile(request, response));
    const set = path.join(folder, 'cache', 'set');
    await mkdir(set, { recursive: true });
    await writeFile(path.join(set, 'a.bin.part'), CONTENT);
    await writeFile(path.join(set, 'a.bin.part.json'), JSON.stringify({ url, validator: '"1"' }));
    await host().fetch('set', fileAt(url));
    expect(requests.map(({ range }) => range)).toEqual([`bytes=${CONTENT.length}-`]);
    expect(await cached()).toEqual(['a.bin']);
  });

  it('throws away what has the wrong checksum, and takes the next address', async () => {
    const wrong = CONTENT.slice();
    wrong[123_456] = (wrong[123_456] as number) ^ 1;
    const url = await serve((request, response) => sendFile(request, response, request.url === '/bad' ? { content: wrong } : {}));
    await expect(host().fetch('set', fileAt(`${url}/bad`))).rejects.toMatchObject({
      code: 'DATASET_CHECKSUM',
      data: { wanted: SHA256 },
    });
    expect(await cached()).toEqual([]);
    await host().fetch('set', fileAt(`${url}/bad`, `${url}/good`));
    expect(requests.map(({ url: asked }) => asked)).toEqual(['/bad', '/bad', '/good']);
    expect(Buffer.compare(await cachedBytes(), CONTENT)).toBe(0);
  });

  it('refuses a file of another length', async () => {
    const url = await serve((request, response) => sendFile(request, response, { content: CONTENT.subarray(1) }));
    await expect(host().fetch('set', fileAt(url))).rejects.toMatchObject({
      code: 'DATASET_CHECKSUM',
      data: { foundBytes: CONTENT.length - 1 },
    });
  });

  it('does not ask again for what is not there, and asks again a server that is busy', async () => {
    const url = await serve((request, response, count) => {
      if (request.url === '/gone') response.writeHead(404).end();
      else if (count < 3) response.writeHead(503).end();
      else sendFile(request, response);
    });
    await expect(host().fetch('set', fileAt(`${url}/gone`))).rejects.toMatchObject({
      code: 'DATASET_DOWNLOAD_FAILED',
      detail: expect.stringContaining('404'),
    });
    expect(requests.length).toBe(1);
    await host().fetch('set', fileAt(url));
    expect(requests.length).toBe(3);
  });

  it('gives up on a server that says nothing', async () => {
    const url = await serve(() => undefined);
    await expect(host(50).fetch('set', fileAt(url))).rejects.toMatchObject({
      code: 'DATASET_DOWNLOAD_FAILED',
      detail: expect.stringContaining('50 ms'),
    });
  });

  it('says what is wrong without a network', async () => {
    const url = await serve(() => undefined);
    await new Promise((resolve) => server?.close(resolve));
    server = undefined;
    await expect(host().fetch('set', fileAt(url))).rejects.toMatchObject({
      code: 'DATASET_DOWNLOAD_FAILED',
      detail: expect.stringContaining('ECONNREFUSED'),
    });
    expect(await cached()).toEqual([]);
  });
});

describe('treadle data', () => {
  it("list: finds files of one's own", async () => {
    await mkdir(path.join(folder, 'ai4i'), { recursive: true });
    await writeFile(path.join(folder, 'ai4i', 'ai4i2020.csv'), 'x');
    const { exitCode, stdout } = await runTreadle(
      'data',
      'list',
      '--data',
      folder,
      '--cache',
      path.join(folder, 'cache'),
      '--json',
    );
    expect(exitCode).toBe(0);
    const rows = JSON.parse(stdout) as { name: string; here: string }[];
    expect(rows.find(({ name }) => name === 'ai4i')?.here).toBe(path.join(folder, 'ai4i'));
    expect(rows.find(({ name }) => name === 'mnist')?.here).toBe('no');
  });

  it('show: refuses a file that is no data with its code', async () => {
    await writeFile(path.join(folder, 'ai4i2020.csv'), '<html>');
    const { exitCode, stderr } = await runTreadle('data', 'show', 'ai4i', '--data', folder, '--cache', folder);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('[DATASET_BAD_TEXT]')]);
  });

  it('show: divides bearings by machine', async () => {
    const outcome = await runTreadle(
      'data',
      'show',
      'bearing',
      '--partition',
      'machine',
      '--clients',
      '4',
      '--json',
      '--cache',
      folder,
    );
    expect(outcome.json()).toMatchObject({ sampleShape: [1, 4096], partition: new Array(4).fill(new Array(5).fill(200)) });
  });

  it('names files that are missing, and refuses unknown names', async () => {
    const missing = await runTreadle('data', 'show', 'kmnist', '--cache', folder, '--json');
    expect(missing.json()).toMatchObject({ error: { code: 'DATASET_FILES_MISSING' } });
    const unknown = await runTreadle('data', 'fetch', 'kmnits', '--cache', folder, '--json');
    expect(unknown.json()).toMatchObject({ error: { code: 'DATASET_UNKNOWN', message: expect.stringContaining('kmnist') } });
  });
});
