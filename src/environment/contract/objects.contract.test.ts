import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keyFrom } from '../../crypto/index.ts';
import type { Environment, Logger, Metrics, NodeId } from '../environment.ts';
import { createHostEnvironment, folderObjects, s3Blobs, s3Objects } from '../host/index.ts';
import { isSignedWith, type S3Server, startS3 } from '../host/testing/s3-server.ts';
import { createMetrics } from '../metric-store.ts';
import { createWorld } from '../sim/index.ts';
import { tableObjects } from '../table-objects.ts';
import { blobsContract, objectsContract } from './objects-contract.ts';

const NODE = `0x${'11'.repeat(20)}` as NodeId;
const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => silent };
const plainly = <R>(promise: Promise<R>): Promise<R> => promise;
const damaged = (metrics: Metrics): number => metrics.snapshot()['disk_blobs_damaged_total'] ?? 0;
const bucketOf = ({ endpoint, bucket, accessKeyId, secretAccessKey }: S3Server, prefix: string) => ({
  endpoint,
  bucket,
  accessKeyId,
  secretAccessKey,
  prefix,
  region: 'eu-central-1',
});

objectsContract('simulated table', async () => {
  const world = createWorld({ seed: 'objects' });
  const environment = world.addNode(NODE);
  const table = await world.run(environment.disk.table('objects'));
  return { kept: async () => tableObjects(table), run: (promise) => world.run(promise), close: async () => {} };
});

objectsContract('folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'treadle-objects-'));
  const close = () => rm(folder, { recursive: true, force: true });
  return { kept: async () => folderObjects(join(folder, 'log', 'a')), run: plainly, close };
});

objectsContract('S3', async () => {
  const server = await startS3();
  return { kept: async () => s3Objects(bucketOf(server, 'plant-7/')), run: plainly, close: server.stop };
});

blobsContract('simulated disk', async () => {
  const world = createWorld({ seed: 'blobs' });
  let environment: Environment = world.addNode(NODE);
  return {
    kept: () => environment.disk.blobs(),
    run: (promise) => world.run(promise),
    spoil: async () => {
      world.crash(NODE);
      world.damageBlobs(NODE, 100);
      environment = world.restart(NODE);
    },
    damagedCount: () => damaged(environment.metrics),
    close: async () => {},
  };
});

blobsContract('folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'treadle-blobs-'));
  const environment = await createHostEnvironment({
    key: keyFrom(new Uint8Array(32).fill(1)),
    dataFolder: folder,
    logLevel: 'silent',
  });
  return {
    kept: () => environment.disk.blobs(),
    run: plainly,
    spoil: (hash) => writeFile(join(folder, 'blobs', hash.slice(0, 2), hash), 'something else'),
    damagedCount: () => damaged(environment.metrics),
    close: async () => {
      await environment.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});

blobsContract('S3', async () => {
  const server = await startS3();
  const metrics = createMetrics();
  return {
    kept: async () => s3Blobs({ ...bucketOf(server, ''), log: silent, metrics }),
    run: plainly,
    spoil: async (hash) => {
      const files = await readdir(server.folder, { recursive: true });
      const file = files.find((name) => name.includes(hash) && !/metadata|md5/i.test(name)) as string;
      expect(new Uint8Array(await readFile(join(server.folder, file)))).toHaveLength(4);
      await writeFile(join(server.folder, file), 'something else');
    },
    damagedCount: () => damaged(metrics),
    close: server.stop,
  };
});

describe('a bucket', () => {
  it('that refuses, is missing or away is told apart', async () => {
    const server = await startS3();
    try {
      const good = bucketOf(server, '');
      const put = (options: typeof good) => s3Objects(options).put(new Map([['a', Uint8Array.of(1)]]));
      await put(good);
      await expect(put({ ...good, accessKeyId: 'stranger' })).rejects.toMatchObject({
        code: 'OBJECTS_REFUSED',
        data: { reason: '403 InvalidAccessKeyId' },
      });
      await expect(put({ ...good, bucket: 'none' })).rejects.toMatchObject({ code: 'OBJECTS_REFUSED' });
      await expect(s3Objects({ ...good, bucket: 'none' }).get('a')).rejects.toMatchObject({ code: 'OBJECTS_REFUSED' });
      await expect(put({ ...good, endpoint: 'http://127.0.0.1:1' })).rejects.toMatchObject({ code: 'OBJECTS_UNREACHABLE' });
    } finally {
      await server.stop();
    }
  });

  it('gets requests that are signed with the key, bodies included, and is asked again a few times while it is busy', async () => {
    const signed: boolean[] = [];
    const busy = createServer((request, response) => {
      const parts: Uint8Array[] = [];
      request.on('data', (part: Uint8Array) => parts.push(part));
      request.on('end', () => {
        signed.push(isSignedWith('secret', request, Buffer.concat(parts)));
        const isBusy = signed.length < 3;
        response.writeHead(isBusy ? 503 : 200);
        response.end(isBusy ? '<Error><Code>SlowDown</Code></Error>' : 'content');
      });
    });
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
    try {
      const endpoint = `http://127.0.0.1:${(busy.address() as AddressInfo).port}`;
      const objects = s3Objects({ endpoint, bucket: 'b', region: 'eu-1', accessKeyId: 'key', secretAccessKey: 'secret' });
      expect(new TextDecoder().decode(await objects.get('tile/0/x001/234.p/7'))).toBe('content');
      await objects.put(new Map([['checkpoint', new TextEncoder().encode('a body')]]));
      expect(signed).toEqual([true, true, true, true]);
      const stranger = s3Objects({ endpoint, bucket: 'b', region: 'eu-1', accessKeyId: 'key', secretAccessKey: 'guessed' });
      await stranger.get('checkpoint');
      expect(signed.at(-1)).toBe(false);
    } finally {
      busy.close();
    }
  });
});
