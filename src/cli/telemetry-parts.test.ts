import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { telemetrySchema } from '../consortium/index.ts';
import { HAS_POSTGRES, startPostgres } from '../environment/host/testing/postgres-server.ts';
import { startS3 } from '../environment/host/testing/s3-server.ts';
import type { Logger } from '../environment/index.ts';
import { type LoadedNode, loadNode } from './load-setup.ts';
import { runNode } from './run-node.ts';
import { openTelemetryParts } from './telemetry-parts.ts';
import { runTreadle } from './testing/run-treadle.ts';

const TOKEN = 'c2l4dGVlbiBieXRlcyEh';
let folder: string;
const fatal = (error: unknown): void => expect.fail(String(error));

beforeAll(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'treadle-telemetry-')), 'new');
  expect(await runTreadle('init', '--folder', folder, '--edges', '0', '--devices', '0')).toMatchObject({ exitCode: 0 });
  await writeFile(join(folder, 'company-1', 'press.token'), `${TOKEN}\n`);
});
afterAll(() => rm(join(folder, '..'), { recursive: true, force: true }));

/** A company's node with this section, on any free ports. */
async function company(telemetry: unknown): Promise<LoadedNode> {
  const loaded = await loadNode(join(folder, 'company-1'));
  const anywhere = { host: '127.0.0.1', port: 0 };
  const file = {
    ...loaded.setup.file,
    listen: anywhere,
    rpc: anywhere,
    console: anywhere,
    contacts: [],
    logLevel: 'error' as const,
    telemetry: telemetrySchema.parse(telemetry),
  };
  return { ...loaded, setup: { ...loaded.setup, file } as LoadedNode['setup'] };
}

async function posted(url: string, headers: Record<string, string> = {}): Promise<{ status: number; answer: unknown }> {
  const response = await fetch(`${url}/telemetry`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify([{ twin: 'press-1', metric: 'temperature', value: 20, timeMs: 1_000 }]),
  });
  return { status: response.status, answer: await response.json() };
}

async function latest(url: string): Promise<unknown> {
  return (await fetch(`${url}/api/telemetry/latest?twin=press-1`)).json();
}

describe('a node with telemetry', () => {
  it('takes readings on both of its ports, and goes on with its log after a restart', async () => {
    const loaded = await company({ batchMs: 1 });
    const node = await runNode(loaded, { fatal });
    const [rpc, console] = [node.rpcUrl ?? '', node.consoleUrl ?? ''];
    expect(await posted(rpc)).toEqual({ status: 200, answer: { accepted: 1, first: 0 } });
    expect(await posted(console)).toEqual({ status: 200, answer: { accepted: 1, first: 1 } });
    await expect
      .poll(() => latest(console), { timeout: 10_000 })
      .toEqual({ readings: [{ twin: 'press-1', metric: 'temperature', value: 20, timeMs: 1_000 }] });
    await node.stop();
    expect(await readdir(join(loaded.dataFolder, 'telemetry-log'))).toContain('tile');

    const again = await runNode(loaded, { fatal });
    expect(await posted(again.rpcUrl ?? '')).toEqual({ status: 200, answer: { accepted: 1, first: 2 } });
    expect(await (await fetch(`${again.rpcUrl}/api/telemetry/log`)).json()).toMatchObject({ anchoredSize: 0 });
    await again.stop();
  });

  it('lets in by tokens from files and environment variables', async () => {
    process.env['TREADLE_TEST_TOKEN'] = `${TOKEN}-other`;
    const loaded = await company({
      loopback: [],
      tokens: [
        { name: 'press', token: { file: 'press.token' }, may: ['write'], twins: ['press-*'] },
        { name: 'oven', token: { variable: 'TREADLE_TEST_TOKEN' }, may: ['write'], twins: ['oven'] },
      ],
    });
    const node = await runNode(loaded, { fatal });
    const post = async (token: string) => (await posted(node.rpcUrl ?? '', { authorization: `Bearer ${token}` })).status;
    expect(await post(TOKEN)).toBe(200);
    expect(await post(`${TOKEN}-other`)).toBe(403);
    expect(await post('guessed-0123456789')).toBe(403);
    expect((await posted(node.rpcUrl ?? '')).status).toBe(403);
    await node.stop();
  });

  it.each<[string, { file?: string; variable?: string }, string]>([
    ['is not set', { variable: 'TREADLE_TEST_NOTHING' }, 'CLI_SECRET_MISSING'],
    ['is too short', { variable: 'TREADLE_TEST_SHORT' }, 'CLI_SECRET_MISSING'],
    ['has no file', { file: 'nothing.token' }, 'CLI_FILE_UNREADABLE'],
  ])('does not start when a secret %s, and says no more than its name', async (_what, token, code) => {
    process.env['TREADLE_TEST_SHORT'] = 'short-one';
    const loaded = await company({ tokens: [{ name: 'press', token, may: ['read'] }] });
    const failure = await runNode(loaded, { fatal }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code });
    expect(String(failure)).not.toContain('short-one');
  });

  it('keeps its log in a bucket where node.json says so', async () => {
    const server = await startS3();
    const { endpoint, bucket, accessKeyId, secretAccessKey } = server;
    process.env['TREADLE_TEST_KEY_ID'] = accessKeyId;
    process.env['TREADLE_TEST_KEY'] = secretAccessKey;
    const keys = { accessKeyId: { variable: 'TREADLE_TEST_KEY_ID' }, secretAccessKey: { variable: 'TREADLE_TEST_KEY' } };
    const objects = { kind: 's3', endpoint, bucket, region: 'eu-central-1', prefix: 'press/', ...keys };
    const parts = (await openTelemetryParts(await company({ objects }), silent)) ?? expect.fail('there are no parts');
    try {
      await parts.objects.put(new Map([['checkpoint', Uint8Array.of(1, 2)]]));
      expect(await parts.objects.get('checkpoint')).toEqual(Uint8Array.of(1, 2));
    } finally {
      await parts.store.close();
      await server.stop();
    }
  });

  it.runIf(HAS_POSTGRES)('keeps its readings in PostgreSQL where node.json says so', async () => {
    const server = await startPostgres();
    const { hostname: host, port, pathname, username: user } = new URL(server.url);
    process.env['TREADLE_TEST_PASSWORD'] = 'of no use: p@ss/word?#';
    const database = decodeURIComponent(pathname.slice(1));
    const store = { kind: 'postgres', host, port: Number(port), database, user, password: { variable: 'TREADLE_TEST_PASSWORD' } };
    const plain =
      (await openTelemetryParts(await company({ store: { ...store, tls: false } }), silent)) ?? expect.fail('no parts');
    try {
      const reading = { twin: 'press-1', metric: 'temperature', timeMs: 1_000, value: 21.5 };
      expect(await plain.store.append([reading])).toBe(1);
      expect(await plain.store.latest('press-1')).toEqual([reading]);
      // This server has no certificate: by default that is no server to send readings to.
      const failure = await openTelemetryParts(await company({ store }), silent).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: expect.stringMatching(/^TELEMETRY_/) });
      expect(String(failure)).not.toContain('p@ss');
    } finally {
      await plain.store.close();
      await server.stop();
    }
  });
});

const nothing = (): void => undefined;
const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => silent };
