import { describe, expect, it } from 'vitest';
import { keyFrom } from '../crypto/index.ts';
import { type HttpRequest, memoryTelemetry, tableObjects } from '../environment/index.ts';
import { TELEMETRY_POSTS_MAX } from '../limits.ts';
import { parseBundle, verifyBundle } from '../twins/index.ts';
import { ledgerWorld } from '../twins/testing/ledger-world.ts';
import { matchesAny, type TelemetryRule, telemetryAccess, tokenDigest } from './telemetry-access.ts';
import { createTelemetryRoutes, withTelemetry } from './telemetry-http.ts';
import { createTelemetryService } from './telemetry-service.ts';

const OWNER = keyFrom(new Uint8Array(32).fill(7));
const OTHER = keyFrom(new Uint8Array(32).fill(8));

async function opened() {
  const ledger = await ledgerWorld('telemetry');
  const { world, genesis, rpc } = ledger;
  const environment = world.addNode(OTHER.address, { telemetry: memoryTelemetry() });
  const full = { client: ledger.clientOf(OWNER, environment), rpc, setup: { genesis } };
  const objects = tableObjects(await world.run(environment.disk.table('objects')));
  const open = async () =>
    createTelemetryService(
      { origin: 'plant/press' },
      // What a node is besides its genesis plays no part here.
      { environment, full: full as never, objects },
    );
  const service = await world.run(open());
  const access = telemetryAccess({
    loopback: ['read', 'write'],
    tokens: new Map(),
    addresses: new Map([['10.0.0.9', { may: ['read'], twins: ['oven'] }]]),
  });
  const { clock, log } = environment;
  const options = { service, access, twins: ['press-*', 'oven'], clock, log };
  return { ledger, world, service, open, options, genesis, routes: createTelemetryRoutes(options) };
}

function request(target: string, parts: Partial<HttpRequest> & { readonly json?: unknown } = {}): HttpRequest {
  const { pathname, searchParams } = new URL(target, 'http://localhost');
  const { json, headers, ...rest } = parts;
  const posted = json === undefined ? {} : { 'content-type': 'application/json' };
  return {
    method: json === undefined ? 'GET' : 'POST',
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: { host: 'localhost:8545', ...posted, ...headers },
    body: json === undefined ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(json)),
    from: '127.0.0.1',
    ...rest,
  };
}

const reading = (twin: string, timeMs: number, value: number | string = 21.5) => ({ twin, metric: 'temperature', timeMs, value });

describe('the readings of a node over HTTP', () => {
  it('are taken, shown, and proved under the checkpoint on the ledger', async () => {
    const { world, routes, service, genesis } = await opened();
    const ask = async (target: string, json?: unknown) => {
      const { status, body } = await world.run(routes(request(target, { json })));
      return { status, answer: JSON.parse(String(body)) };
    };
    expect(await ask('/telemetry', [reading('press-1', 1_000), reading('press-1', 2_000, 22)])).toEqual({
      status: 200,
      answer: { accepted: 2, first: 0 },
    });
    expect(await ask('/telemetry', { readings: [{ twin: 'oven', metric: 'door', value: 'shut' }] })).toMatchObject({
      status: 200,
    });
    expect(await ask('/api/telemetry/bundle?twin=press-1&metric=temperature')).toMatchObject({ status: 404 });
    await world.run(service.flush());

    expect((await ask('/api/telemetry/latest?twin=press-1')).answer).toEqual({ readings: [reading('press-1', 2_000, 22)] });
    expect((await ask('/api/telemetry/latest?twin=press-1&metric=none')).answer).toEqual({ readings: [] });
    expect((await ask('/api/telemetry/readings?twin=press-1&metric=temperature&limit=1')).answer).toEqual({
      readings: [reading('press-1', 1_000)],
      next: { fromMs: 1_001 },
    });
    const { answer: log } = await ask('/api/telemetry/log');
    expect(log).toMatchObject({
      origin: 'plant/press',
      size: 3,
      anchoredSize: 3,
      author: OWNER.address,
      anchor: { blockNumber: 1 },
    });
    expect(log.checkpoint).toMatch(/^plant\/press\n3\n/);

    for (const [target, value, index] of [
      ['twin=press-1&metric=temperature', 22, 1],
      ['twin=press-1&metric=temperature&time=1000', 21.5, 0],
      ['index=2', 'shut', 2],
    ]) {
      const bundle = parseBundle(JSON.stringify((await ask(`/api/telemetry/bundle?${target}`)).answer));
      expect(bundle).toMatchObject({ index, reading: { value } });
      expect(verifyBundle(bundle, { genesis, author: OWNER.address })).toMatchObject({ size: 3, anchored: { blockNumber: 1 } });
    }
    expect(await ask('/api/telemetry/bundle?twin=press-1&metric=temperature&time=5')).toMatchObject({ status: 404 });
    expect(await ask('/api/telemetry/bundle?index=3')).toMatchObject({ status: 404 });
  });

  it('go on after a restart where they were', async () => {
    const { world, service, open } = await opened();
    await world.run(service.add([reading('press-1', 1_000)]));
    await world.run(service.close());
    const again = await world.run(open());
    expect(await world.run(again.add([reading('press-1', 2_000)]))).toEqual({ accepted: 1, first: 1 });
    await world.run(again.flush());
    expect(await world.run(again.report())).toMatchObject({ anchoredSize: 2, anchoredSegments: 1 });
    // A second checkpoint has a proof of its own.
    expect((await world.run(again.prove({ index: 0 }))).checkpoint).toMatch(/\n2\n/);
    await world.run(again.add([reading('press-1', 3_000)]));
    await world.run(again.flush());
    expect((await world.run(again.prove({ index: 0 }))).checkpoint).toMatch(/\n3\n/);
  });

  it.each<[string, Partial<HttpRequest> & { json?: unknown }, number]>([
    ['another machine', { from: '10.0.0.8' }, 403],
    ['this machine over IPv6', { from: '::1', headers: { host: '[::1]:8545' } }, 200],
    ['this machine as IPv6 shows it', { from: '::ffff:127.0.0.1' }, 200],
    ['a page whose name leads to this machine', { headers: { host: 'evil.example' } }, 403],
    ['a page of another site on this machine', { headers: { origin: 'http://evil.example' } }, 403],
    ['a page of another site that names no origin', { headers: { 'sec-fetch-site': 'cross-site' } }, 403],
    ['a proxy on this machine', { headers: { 'x-forwarded-for': '10.0.0.8' } }, 403],
    ['a token that nobody gave', { from: '10.0.0.8', headers: { authorization: 'Bearer 0123456789abcdef' } }, 403],
  ])('are taken from whom the owner named: %s', async (_who, parts, status) => {
    const { world, routes } = await opened();
    const answer = await world.run(routes(request('/telemetry', { json: [reading('press-1', 1)], ...parts })));
    expect(answer.status).toBe(status);
  });

  it('are for those twins and rights that a token or an address has', async () => {
    const tokens = new Map<`0x${string}`, TelemetryRule>([
      [tokenDigest('0123456789abcdef'), { may: ['write'], twins: ['press-*'] }],
      [tokenDigest('fedcba9876543210'), { may: ['read'] }],
    ]);
    const { world, options } = await opened();
    const addresses = new Map([['10.0.0.9', { may: ['read' as const], twins: ['oven'] }]]);
    const routes = createTelemetryRoutes({ ...options, access: telemetryAccess({ loopback: [], tokens, addresses }) });
    const status = async (target: string, token: string, parts: Partial<HttpRequest> & { json?: unknown } = {}) =>
      (await world.run(routes(request(target, { headers: { authorization: `Bearer ${token}` }, ...parts })))).status;
    const post = (twin: string) => ({ json: [reading(twin, 1)] });
    expect(await status('/telemetry', '0123456789abcdef', post('press-7'))).toBe(200);
    expect(await status('/telemetry', '0123456789abcdef', post('oven'))).toBe(403);
    expect(await status('/telemetry', 'fedcba9876543210', post('press-7'))).toBe(403);
    expect(await status('/telemetry', '0123456789abcdeF', post('press-7'))).toBe(403);
    expect(await status('/api/telemetry/latest?twin=press-7', '0123456789abcdef')).toBe(403);
    expect(await status('/api/telemetry/latest?twin=press-7', 'fedcba9876543210')).toBe(200);
    expect(await status('/api/telemetry/latest?twin=oven', '', { from: '10.0.0.9' })).toBe(200);
    expect(await status('/api/telemetry/latest?twin=press-7', '', { from: '10.0.0.9' })).toBe(403);
    // Digests are everybody's.
    expect(await status('/api/telemetry/log', '', { from: '10.9.9.9' })).toBe(200);
  });

  it.each<[string, string, Partial<HttpRequest> & { json?: unknown }, number]>([
    ['no JSON', '/telemetry', { json: [], body: Uint8Array.of(0xff) }, 400],
    ['no list', '/telemetry', { json: { twin: 'press-1' } }, 400],
    ['no value', '/telemetry', { json: [{ twin: 'press-1', metric: 'm' }] }, 400],
    ['a wrong key', '/telemetry', { json: [{ ...reading('press-1', 1), unit: 'C' }] }, 400],
    ['a time that is none', '/telemetry', { json: [reading('press-1', -1)] }, 400],
    ['another content type', '/telemetry', { json: [], headers: { 'content-type': 'text/plain' } }, 400],
    ['a twin that is not taken', '/telemetry', { json: [reading('lathe', 1)] }, 403],
    ['too many readings', '/telemetry', { json: Array.from({ length: 10_001 }, (_, at) => reading('press-1', at)) }, 400],
    ['a GET of what takes POST', '/telemetry', {}, 400],
    ['no twin', '/api/telemetry/latest', {}, 400],
    ['no metric', '/api/telemetry/readings?twin=oven', {}, 400],
    ['a number that is none', '/api/telemetry/readings?twin=oven&metric=m&limit=-1', {}, 400],
    ['another route', '/api/telemetry/secret', {}, 400],
  ])('refuse %s', async (_what, target, parts, status) => {
    const { world, routes } = await opened();
    const answer = await world.run(routes(request(target, parts)));
    expect({ status: answer.status, body: JSON.parse(String(answer.body)) }).toMatchObject({
      status,
      body: { error: { code: expect.stringMatching(/^(NODE_)?TELEMETRY_/), message: expect.any(String) } },
    });
  });

  it('tell whoever finds the node busy when to come back', async () => {
    const { world, routes } = await opened();
    const all = Array.from({ length: TELEMETRY_POSTS_MAX + 1 }, (_, at) =>
      routes(request('/telemetry', { json: [reading('press-1', at)] })),
    );
    const answers = await world.run(Promise.all(all));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(TELEMETRY_POSTS_MAX);
    expect(answers.at(-1)).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    expect((await world.run(routes(request('/telemetry', { json: [reading('press-1', 99)] })))).status).toBe(200);
  });

  it('stand before what else a node serves', async () => {
    const { world, options } = await opened();
    const served: string[] = [];
    const inner = {
      handle: async ({ path }: HttpRequest) => {
        served.push(path);
        return { status: 204 };
      },
      bodyLimits: { '/batch': 9 },
      admit: (path: string) => ({ status: path === '/batch' ? 418 : 200 }),
    };
    const app = withTelemetry(inner, options);
    expect((await world.run(app.handle(request('/api/telemetry/log')))).status).toBe(200);
    expect((await world.run(app.handle(request('/api/telemetrylog')))).status).toBe(204);
    expect(served).toEqual(['/api/telemetrylog']);
    expect(app.bodyLimits).toEqual({ '/batch': 9 });
    expect(app.admit?.('/batch', 1)).toEqual({ status: 418 });
    expect(app.admit?.('/telemetry', 1)).toBeInstanceOf(Function);
  });

  it('tell strangers that something is wrong, and readers what', async () => {
    const { world, options } = await opened();
    const failure = { code: 'OBJECTS_UNREACHABLE', reason: 's3.plant did not answer' };
    const service = { ...options.service, report: async () => ({ ...(await options.service.report()), failure }) };
    const routes = createTelemetryRoutes({ ...options, service });
    const told = async (from: string) =>
      JSON.parse(String((await world.run(routes(request('/api/telemetry/log', { from })))).body));
    expect((await told('127.0.0.1')).failure).toEqual(failure);
    expect((await told('10.0.0.8')).failure).toEqual({ code: 'OBJECTS_UNREACHABLE' });
  });
});

describe('patterns of twins', () => {
  it.each<[string, string, boolean]>([
    ['*', 'anything', true],
    ['press-*', 'press-', true],
    ['press-*', 'xpress-1', false],
    ['*-1', 'press-1', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['ab*ba', 'aba', false],
    ['press', 'press-1', false],
    ['p.ess', 'press', false],
  ])('%s and %s', (pattern, name, fits) => {
    expect(matchesAny([pattern], name)).toBe(fits);
  });
});
