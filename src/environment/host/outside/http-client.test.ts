import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { OUTSIDE_REDIRECTS_MAX } from '../../../limits.ts';
import type { OutsideOptions } from '../../outside.ts';
import type { HttpAccess, HttpHost } from '../../outside-config.ts';
import type { NameLookup } from './http-client.ts';
import { isPublicAddress } from './public-address.ts';
import { type OutsideBench, openBench } from './testing/outside-bench.ts';
import { HAS_OPENSSL, selfSigned } from './testing/self-signed.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const servers: Server[] = [];
const benches: OutsideBench[] = [];

/** A server on the loopback address; returns its port. */
async function serve(handle: Handler, make: (listener: RequestListener) => Server = createServer): Promise<number> {
  const server = make(handle);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function open(http: HttpAccess, options: { lookup?: NameLookup; folder?: string } = {}): Promise<OutsideBench> {
  const bench = await openBench({ http }, options);
  benches.push(bench);
  return bench;
}

const local = (host: HttpHost = {}): HttpAccess => ({ hosts: { '127.0.0.1': { private: true, ...host } } });
const get = (bench: OutsideBench, url: string, options: Partial<OutsideOptions> = {}) =>
  bench.read({ kind: 'http', url }, options);
const failure = (bench: OutsideBench, url: string, options = {}) => get(bench, url, options).catch((error: unknown) => error);
const text = async (bench: OutsideBench, url: string) => new TextDecoder().decode((await get(bench, url)).content);

/** Names become the addresses that a test says; the nth lookup of a name gets its nth answer. */
function names(table: Readonly<Record<string, readonly string[]>>): NameLookup {
  const asked = new Map<string, number>();
  return (name, _options, callback) => {
    const answers = table[name] ?? [];
    const count = asked.get(name) ?? 0;
    asked.set(name, count + 1);
    const address = answers[Math.min(count, answers.length - 1)];
    if (address === undefined) callback(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }), []);
    else callback(null, [{ address, family: address.includes(':') ? 6 : 4 }]);
  };
}

afterEach(async () => {
  await Promise.all(benches.splice(0).map((bench) => bench.close()));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

describe('an HTTP source', () => {
  it('is read with the headers of the request and those of the configuration, which count more', async () => {
    const port = await serve((request, response) => {
      response.setHeader('content-type', 'application/json; charset=utf-8');
      response.end(JSON.stringify(request.headers));
    });
    const bench = await open(local({ plain: true, headers: { Authorization: 'Bearer 1', Accept: 'application/json' } }));
    const source = {
      kind: 'http',
      url: `http://127.0.0.1:${port}/`,
      headers: { Accept: 'text/csv', 'API-Version': '2' },
    } as const;
    expect(await bench.json(source)).toMatchObject({ authorization: 'Bearer 1', accept: 'application/json', 'api-version': '2' });
    expect((await bench.read(source)).mediaType).toBe('application/json');
    await expect(bench.read({ ...source, headers: { cookie: 'a=b' } })).rejects.toMatchObject({ code: 'OUTSIDE_SOURCE_INVALID' });
  });

  it('is unpacked, and measured by what it unpacks to', async () => {
    const packers = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync };
    const port = await serve((request, response) => {
      const encoding = request.url?.slice(1) as keyof typeof packers;
      response.setHeader('content-encoding', encoding);
      response.end(packers[encoding] === undefined ? 'x' : packers[encoding](Buffer.alloc(1_000_000, 'x')));
    });
    const bench = await open(local());
    for (const encoding of Object.keys(packers)) {
      const url = `http://127.0.0.1:${port}/${encoding}`;
      expect((await get(bench, url, { maxBytes: 1_000_000 })).content.length, encoding).toBe(1_000_000);
      expect(await failure(bench, url, { maxBytes: 999_999 }), encoding).toMatchObject({ code: 'OUTSIDE_TOO_LARGE' });
    }
    expect(await failure(bench, `http://127.0.0.1:${port}/zstd`)).toMatchObject({ code: 'OUTSIDE_REFUSED' });
  });

  it('is given up when it never ends', async () => {
    let closed: () => void = () => {};
    const left = new Promise<void>((resolve) => (closed = resolve));
    const port = await serve((request, response) => {
      response.on('close', closed);
      const more = () => response.write('x'.repeat(10_000), () => setImmediate(more));
      if (request.url === '/endless') more();
      else response.write('x');
    });
    const bench = await open(local());
    expect(await failure(bench, `http://127.0.0.1:${port}/endless`, { maxBytes: 100_000 })).toMatchObject({
      code: 'OUTSIDE_TOO_LARGE',
    });
    await left;
    expect(await failure(bench, `http://127.0.0.1:${port}/stuck`, { timeoutMicros: 100_000 })).toMatchObject({
      code: 'OUTSIDE_TIMEOUT',
    });
  });

  it('is followed through a few redirects, and no more', async () => {
    const port = await serve((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end('here');
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    });
    const bench = await open(local());
    expect(await text(bench, `http://127.0.0.1:${port}/${OUTSIDE_REDIRECTS_MAX}`)).toBe('here');
    expect(await failure(bench, `http://127.0.0.1:${port}/${OUTSIDE_REDIRECTS_MAX + 1}`)).toMatchObject({
      code: 'OUTSIDE_REFUSED',
    });
  });

  it('tells its status when it refuses', async () => {
    const port = await serve((_request, response) => response.writeHead(503).end());
    expect(await failure(await open(local()), `http://127.0.0.1:${port}/`)).toMatchObject({
      code: 'OUTSIDE_REFUSED',
      data: { status: 503 },
    });
  });
});

describe('the rules of HTTP sources', () => {
  it('keep private addresses from whoever is not listed, however they are written', async () => {
    const port = await serve((_request, response) => response.end('secret'));
    const bench = await open({});
    const hosts = [
      '127.0.0.1',
      '2130706433',
      '0x7f.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '10.0.0.1',
      '169.254.169.254',
    ];
    for (const host of [...hosts, 'localhost'])
      expect(await failure(bench, `http://${host}:${port}/`), host).toMatchObject({ code: 'OUTSIDE_NOT_ALLOWED' });
  });

  it('judge the very address that is connected to, also when a name changes it', async () => {
    const port = await serve((_request, response) => response.end('secret'));
    const rebound = await open({}, { lookup: names({ 'evil.example': ['127.0.0.1'], 'nowhere.example': [] }) });
    expect(await failure(rebound, `http://evil.example:${port}/`)).toMatchObject({ code: 'OUTSIDE_NOT_ALLOWED' });
    expect(await failure(rebound, `http://nowhere.example:${port}/`)).toMatchObject({
      code: 'OUTSIDE_UNREACHABLE',
      data: { code: 'ENOTFOUND' },
    });
    // One lookup per connection: a second answer is never asked for.
    let lookups = 0;
    const table = names({ 'mes.plant': ['127.0.0.1', '10.0.0.1'] });
    const lookup: NameLookup = (...asked) => {
      lookups++;
      table(...asked);
    };
    const listed = await open({ hosts: { 'mes.plant': { private: true } } }, { lookup });
    expect(await text(listed, `http://mes.plant:${port}/`)).toBe('secret');
    expect(lookups).toBe(1);
  });

  it('judge every redirect anew, and send no credentials to another host', async () => {
    let seen: string | undefined = 'nothing';
    const inner = await serve((request, response) => {
      seen = request.headers.authorization;
      response.end('inner');
    });
    const outer = await serve((request, response) => {
      response.writeHead(307, { location: `http://${request.url?.slice(1)}:${inner}/` }).end();
    });
    const bench = await open(
      {
        hosts: {
          [`127.0.0.1:${outer}`]: { private: true, plain: true, headers: { authorization: 'Bearer 1' } },
          'mes.plant': { private: true },
        },
      },
      { lookup: names({ 'mes.plant': ['127.0.0.1'], 'evil.example': ['127.0.0.1'] }) },
    );
    expect(await text(bench, `http://127.0.0.1:${outer}/mes.plant`)).toBe('inner');
    expect(seen).toBeUndefined();
    expect(await failure(bench, `http://127.0.0.1:${outer}/evil.example`)).toMatchObject({ code: 'OUTSIDE_NOT_ALLOWED' });
    expect(await failure(bench, `http://127.0.0.1:${outer}/127.0.0.1`)).toMatchObject({ code: 'OUTSIDE_NOT_ALLOWED' });
    expect(await failure(bench, `http://127.0.0.1:${outer}/user@mes.plant`)).toMatchObject({ code: 'OUTSIDE_REFUSED' });
  });

  it('refuse hosts, ports, paths and open credentials', async () => {
    const port = await serve((request, response) => response.end(request.url));
    const bench = await open(
      {
        refused: ['*.internal', 'printer'],
        hosts: {
          '127.0.0.1': { private: true, paths: ['/v1', '/open/'] },
          'wiki.internal': { private: true },
          'keys.plant': { private: true, headers: { 'x-key': '1' } },
        },
      },
      { lookup: names({ 'keys.plant': ['127.0.0.1'], 'public.example': ['8.8.8.8'] }) },
    );
    const base = `http://127.0.0.1:${port}`;
    expect(await text(bench, `${base}/v1/oven?unit=c`)).toBe('/v1/oven?unit=c');
    expect(await text(bench, `${base}/v1`)).toBe('/v1');
    const forbidden = ['/v2', '/v10', '/open', '/v1/../admin', '/v1/..%2fadmin', '/v1/%2e%2e/admin'].map((path) => base + path);
    for (const url of [
      ...forbidden,
      'http://wiki.internal/',
      'http://printer/',
      `http://keys.plant:${port}/`,
      'http://public.example:25/',
    ])
      expect(await failure(bench, url), url).toMatchObject({ code: 'OUTSIDE_NOT_ALLOWED' });
    const listedOnly = await open({ listedOnly: true, ...local() });
    expect(await failure(listedOnly, 'http://8.8.8.8/')).toMatchObject({ code: 'OUTSIDE_NOT_ALLOWED' });
    expect(await text(listedOnly, `${base}/`)).toBe('/');
  });

  it.skipIf(!HAS_OPENSSL)('trust a private certificate only where it is named, and never leave encryption', async () => {
    const bench = await open({});
    const { key, cert } = await selfSigned(bench.folder);
    const port = await serve(
      (request, response) => {
        if (request.url === '/down') response.writeHead(302, { location: 'http://127.0.0.1/' }).end();
        else response.end('safe');
      },
      (listener) => createSecureServer({ key, cert }, listener) as unknown as Server,
    );
    const named = await open(local({ caFile: 'cert.pem', headers: { authorization: 'Bearer 1' } }), { folder: bench.folder });
    expect(await text(named, `https://127.0.0.1:${port}/`)).toBe('safe');
    expect(await failure(named, `https://127.0.0.1:${port}/down`)).toMatchObject({ code: 'OUTSIDE_REFUSED' });
    expect(await failure(await open(local()), `https://127.0.0.1:${port}/`)).toMatchObject({ code: 'OUTSIDE_UNREACHABLE' });
    const absent = await open(local({ caFile: 'absent.pem' }));
    expect(await failure(absent, `https://127.0.0.1:${port}/`)).toMatchObject({ code: 'OUTSIDE_UNREACHABLE' });
  });
});

describe('an address', () => {
  it('is public only where the Internet is', () => {
    for (const address of ['8.8.8.8', '1.1.1.1', '100.128.0.1', '172.32.0.1', '2606:4700::1111', '2a00:1450::1'])
      expect(isPublicAddress(address), address).toBe(true);
    const special = [
      '0.0.0.0',
      '10.1.2.3',
      '100.64.0.1',
      '127.0.0.1',
      '169.254.169.254',
      '172.31.255.255',
      '192.168.1.1',
      '198.19.0.1',
      '224.0.0.1',
      '255.255.255.255',
    ];
    const special6 = [
      '::',
      '::1',
      '::ffff:8.8.8.8',
      '64:ff9b::808:808',
      'fe80::1',
      'fd00::1',
      'ff02::1',
      '2001:db8::1',
      '2002:7f00:1::',
      '2001::1',
      'nothing',
    ];
    for (const address of [...special, ...special6]) expect(isPublicAddress(address), address).toBe(false);
  });
});
