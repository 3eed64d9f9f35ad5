import { createHash, createHmac } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What of s3rver is used; it has no types of its own. */
interface S3rver {
  readonly store: {
    putObject(object: { readonly bucket: string; readonly key: string }): Promise<{ readonly size: number }>;
    getResourcePath(bucket: string, key: string, resource: string): string;
  };
  run(): Promise<{ readonly port: number }>;
  close(): Promise<void>;
}
type S3rverClass = new (options: Readonly<Record<string, unknown>>) => S3rver;

/** An S3 service on this machine with one bucket. */
export interface S3Server {
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Where the bucket's objects lie as files. */
  readonly folder: string;
  stop(): Promise<void>;
}

export async function startS3(): Promise<S3Server> {
  const Server = createRequire(import.meta.url)('s3rver') as S3rverClass;
  const folder = await mkdtemp(join(tmpdir(), 'treadle-s3-'));
  const server = new Server({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: folder,
    configureBuckets: [{ name: 'plant' }],
  });
  answerWhenStored(server);
  const { port } = await server.run();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucket: 'plant',
    // The one account that this server knows.
    accessKeyId: 'S3RVER',
    secretAccessKey: 'S3RVER',
    folder,
    stop: async () => {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const STORED_MS = 5_000;

/** This server answers a PUT before the bytes have reached its file, which a real one never does: its answer is held back until then. */
function answerWhenStored({ store }: S3rver): void {
  const put = store.putObject.bind(store);
  store.putObject = async (object) => {
    const answer = await put(object);
    const file = store.getResourcePath(object.bucket, object.key, 'object');
    for (const start = performance.now(); (await stat(file).catch(() => undefined))?.size !== answer.size; await delay(1))
      if (performance.now() - start > STORED_MS) throw new Error(`${file} was not written in time`);
    return answer;
  };
}

/** Whether a request carries the Signature Version 4 of this key over itself and this body, reckoned anew from the published rules. */
export function isSignedWith(secretAccessKey: string, request: IncomingMessage, body: Uint8Array): boolean {
  const { authorization = '' } = request.headers;
  const [, day = '', region = '', names = '', signature = ''] =
    /^AWS4-HMAC-SHA256 Credential=[^/]+\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      authorization,
    ) ?? [];
  const hash = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');
  if (request.headers['x-amz-content-sha256'] !== hash(body)) return false;
  const signedHeaders = names.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const canonical = [request.method, request.url, '', signedHeaders.join(''), names, hash(body)].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], `${day}/${region}/s3/aws4_request`, hash(canonical)].join(
    '\n',
  );
  const hmac = (key: string | Uint8Array, text: string): Uint8Array => createHmac('sha256', key).update(text).digest();
  const key = [day, region, 's3', 'aws4_request'].reduce<string | Uint8Array>(hmac, `AWS4${secretAccessKey}`);
  return createHmac('sha256', key).update(toSign).digest('hex') === signature;
}
