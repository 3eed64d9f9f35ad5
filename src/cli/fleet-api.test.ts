import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpApp, HttpResponse } from '../environment/index.ts';
import { createFleetApi } from './fleet-api.ts';
import { loadNode } from './load-setup.ts';
import { genesisExecutor, type RunningNode, runNode } from './run-node.ts';
import { runTreadle } from './testing/run-treadle.ts';

const NAME = '<script>alert("1")</script> & Söhne';
let root: string;
const running: RunningNode[] = [];
let app: HttpApp;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'treadle-fleet-'));
  const folder = join(root, 'new');
  expect(await runTreadle('init', '--folder', folder, '--edges', '0', '--devices', '1')).toMatchObject({ exitCode: 0 });
  const file = join(folder, 'device-1', 'node.json');
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), name: NAME, logLevel: 'error' }));
  for (const seat of ['device-1', 'device-2']) {
    const loaded = await loadNode(join(folder, seat));
    const quiet = { ...loaded, setup: { ...loaded.setup, file: { ...loaded.setup.file, logLevel: 'error' as const } } };
    running.push(
      await runNode(quiet, {
        fatal: (error) => expect.fail(String(error)),
        serve: false,
        periodic: false,
        executor: genesisExecutor(loaded.setup.genesis),
      }),
    );
  }
  app = createFleetApi(NAME, running);
});
afterAll(async () => {
  await Promise.all(running.map((node) => node.stop()));
  await rm(root, { recursive: true, force: true });
});

const get = (path: string, method = 'GET'): Promise<HttpResponse> =>
  Promise.resolve(app.handle({ method, path, query: {}, headers: {}, body: new Uint8Array() }));
const text = ({ body }: HttpResponse): string => (typeof body === 'string' ? body : new TextDecoder().decode(body));

describe('the page of a process with several nodes', () => {
  it.each(['/', '/observe'])('lists them at %s, with names that are text and nothing else', async (path) => {
    const page = await get(path);
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    const html = text(page);
    expect(html).not.toContain('<script');
    expect(html.match(/&lt;script&gt;alert\(&quot;1&quot;\)&lt;\/script&gt; &amp; Söhne/g)).toHaveLength(3);
    for (const { node } of running) expect(html).toContain(`href="/observe/${node.id}"`);
  });

  it('lists them for programs at /api/observe', async () => {
    const answer = await get('/api/observe');
    expect(answer.headers).toMatchObject({ 'content-type': 'application/json' });
    expect(JSON.parse(text(answer))).toEqual({
      name: NAME,
      members: running.map(({ node }) => ({
        id: node.id,
        name: node.name,
        role: 'device',
        company: node.company,
        height: 0,
        peers: [],
        requested: 0,
        completed: 0,
        failed: 0,
        vouchers: 0,
      })),
    });
  });

  it('shows what each of them sees, by its address in any letter case', async () => {
    for (const { node } of running) {
      const own = await get(`/api/observe/${node.id.toUpperCase().replace('0X', '0x')}`);
      expect(own.status).toBe(200);
      expect(text(own)).toContain(node.id);
      const page = await get(`/observe/${node.id}`);
      expect(page).toMatchObject({ status: 200, headers: { 'content-type': expect.stringContaining('text/html') } });
      expect(text(page)).not.toContain('<script>alert');
    }
  });

  it.each(['/observe/0x12', '/api/observe/', '/api', '/nothing', `/api/nodes/0x${'0'.repeat(40)}`, '/api/observe/__proto__'])(
    'has nothing at %s',
    async (path) => {
      const answer = await get(path);
      expect(answer.status).toBe(404);
      expect(JSON.parse(text(answer))).toMatchObject({
        error: { code: 'API_NOT_FOUND', message: expect.stringContaining('/observe lists the nodes') },
      });
    },
  );

  it.each(['POST', 'PUT', 'DELETE'])('takes no %s', async (method) => {
    expect(await get('/observe', method)).toMatchObject({ status: 405 });
  });
});
