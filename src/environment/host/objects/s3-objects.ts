import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { AwsClient } from 'aws4fetch';
import { TreadleError } from '../../../errors.ts';
import { OBJECT_ATTEMPTS, OBJECT_BYTES_MAX, OBJECT_RETRY_MS, OBJECT_TIMEOUT_MS, OBJECT_WRITES_AT_ONCE } from '../../../limits.ts';
import { checkObjectPath, type Objects } from '../../objects.ts';

/** A bucket of any service that speaks the S3 API. */
export interface S3Options {
  /** Base address of the service, e.g. `https://s3.eu-central-1.amazonaws.com`; the bucket is an element of the path. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** In front of every path, e.g. `plant-7/`; default none. */
  readonly prefix?: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Objects in a bucket: requests signed with AWS Signature Version 4, tried again while the service is busy or away. */
export function s3Objects(options: S3Options): Objects {
  const { endpoint, region, bucket, prefix = '', accessKeyId, secretAccessKey } = options;
  const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 0 });
  const urlOf = (path: string): string => {
    checkObjectPath(path);
    return `${endpoint.replace(/\/+$/, '')}/${bucket}/${prefix}${path}`;
  };

  const once = async (method: 'GET' | 'PUT' | 'DELETE', path: string, content?: Uint8Array): Promise<Response> => {
    // The hash of the body is signed as well: without it, what is stored could be exchanged on the way.
    const hash = createHash('sha256')
      .update(content ?? '')
      .digest('hex');
    const body = content === undefined ? {} : { body: Uint8Array.from(content) };
    const request = await client.sign(urlOf(path), { method, headers: { 'x-amz-content-sha256': hash }, ...body });
    return fetch(request, { signal: AbortSignal.timeout(OBJECT_TIMEOUT_MS) });
  };

  /** A request with its answer read: a connection that breaks half-way counts as one that could not be made. */
  const ask = async (method: 'GET' | 'PUT' | 'DELETE', path: string, content?: Uint8Array): Promise<Uint8Array | undefined> => {
    let why: unknown = 'not asked yet';
    for (let attempt = 0; attempt < OBJECT_ATTEMPTS; attempt++) {
      if (attempt > 0) await delay(OBJECT_RETRY_MS * 2 ** (attempt - 1));
      try {
        const response = await once(method, path, content);
        if (response.ok && method === 'GET') return await boundedBody(response, path);
        const text = (await response.text()).slice(0, 300);
        if (response.ok) return undefined;
        if (response.status === 404 && !text.includes('NoSuchBucket') && method !== 'PUT') return undefined;
        why = `${response.status} ${/<Code>([^<]*)/.exec(text)?.[1] ?? response.statusText}`;
        if (response.status < 500 && response.status !== 429) throw refused(bucket, path, String(why));
      } catch (error) {
        if (error instanceof TreadleError) throw error;
        why = error;
      }
    }
    const words =
      why instanceof Error ? `${why.message}${why.cause instanceof Error ? `: ${why.cause.message}` : ''}` : String(why);
    throw new TreadleError('OBJECTS_UNREACHABLE', {
      detail: `${endpoint} did not answer in ${OBJECT_ATTEMPTS} attempts (${words})`,
      data: { endpoint, bucket, path },
      ...(why instanceof Error && { cause: why }),
    });
  };

  return {
    get: (path) => ask('GET', path),
    put: async (objects) => {
      const waiting = [...objects];
      const writer = async (): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await ask('PUT', ...next);
      };
      await Promise.all(Array.from({ length: OBJECT_WRITES_AT_ONCE }, writer));
    },
    delete: async (paths) => {
      for (const path of paths) await ask('DELETE', path);
    },
  };
}

async function boundedBody(response: Response, path: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of response.body ?? []) {
    sizeBytes += part.length;
    if (sizeBytes > OBJECT_BYTES_MAX)
      throw new TreadleError('OBJECTS_TOO_LARGE', { detail: `${path} is larger than ${OBJECT_BYTES_MAX} bytes`, data: { path } });
    parts.push(part);
  }
  const whole = new Uint8Array(sizeBytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function refused(bucket: string, path: string, why: string): TreadleError {
  return new TreadleError('OBJECTS_REFUSED', {
    detail: `the bucket ${bucket} refused ${path}: ${why}`,
    data: { bucket, path, reason: why },
  });
}
