import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { HTTP_BODY_BYTES_MAX, HTTP_SINK_BUFFER_BYTES_MAX } from '../../limits.ts';
import type { HttpApp, HttpRequest, TextSink } from '../http.ts';
import { type HttpOptions, type HttpServer, serveHttp } from './http-server.ts';

const servers: HttpServer[] = [];
const LOCAL = { host: '127.0.0.1', port: 0 };

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(app: Partial<HttpApp>, options: HttpOptions = LOCAL): Promise<HttpServer> {
  const server = await serveHttp({ handle: async () => ({ status: 404 }), ...app }, options);
  servers.push(server);
  return server;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('did not happen in time');
    await delay(2);
  }
}

describe('requests', () => {
  it('hands the app plain values and sends back what it answers', async () => {
    const seen: HttpRequest[] = [];
    const { url } = await serve({
      handle: async (request) => {
        seen.push(request);
        return { status: 201, headers: { 'content-type': 'application/json', 'x-test': 'yes' }, body: '{"ok":true}' };
      },
    });
    const response = await fetch(`${url}/a%20b/c?x=1&y=%C3%A4`, { method: 'POST', headers: { 'X-Name': 'v' }, body: 'bytes' });
    expect([response.status, response.headers.get('x-test'), await response.json()]).toEqual([201, 'yes', { ok: true }]);
    expect(seen[0]).toMatchObject({ method: 'POST', path: '/a%20b/c', query: { x: '1', y: 'ä' }, from: '127.0.0.1' });
    expect(seen[0]?.headers['x-name']).toBe('v');
    expect(new TextDecoder().decode(seen[0]?.body)).toBe('bytes');
    const empty = await fetch(`${url}/`);
    expect(await empty.text()).toBe('{"ok":true}');
    expect(seen[1]).toMatchObject({ method: 'GET', path: '/', query: {}, body: new Uint8Array() });
  });

  it('serves bytes, whatever a body claims to be', async () => {
    const { url } = await serve({ handle: async (request) => ({ status: 200, body: request.body }) });
    const bytes = Uint8Array.of(0, 255, 128, 10);
    for (const type of ['application/json', 'text/plain', 'application/octet-stream', 'application/x-unheard-of']) {
      const response = await fetch(url, { method: 'PUT', headers: { 'content-type': type }, body: bytes });
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
    }
  });

  it('refuses an oversized body with 413 and hides what went wrong inside', async () => {
    const { url } = await serve({
      handle: async ({ path }) => {
        if (path === '/boom') throw new Error('the secret path of the disk');
        return { status: 200, body: 'fine' };
      },
    });
    const large = await fetch(url, { method: 'POST', body: new Uint8Array(HTTP_BODY_BYTES_MAX + 1) });
    expect([large.status, ((await large.json()) as { error: { code: string } }).error.code]).toEqual([413, 'HTTP_413']);
    const boom = await fetch(`${url}/boom`);
    expect(boom.status).toBe(500);
    expect(await boom.text()).not.toContain('secret');
    expect((await fetch(url, { method: 'POST', body: new Uint8Array(HTTP_BODY_BYTES_MAX) })).status).toBe(200);
  });

  it('moves to the next free port, as often as allowed', async () => {
    const first = await serve({});
    const second = await serve({}, { host: '127.0.0.1', port: first.port, portTries: 20 });
    expect(second.port).toBeGreaterThan(first.port);
    expect(second.url).toBe(`http://127.0.0.1:${second.port}`);
    await expect(serve({}, { host: '127.0.0.1', port: first.port })).rejects.toMatchObject({
      code: 'HTTP_PORT_TAKEN',
      data: { port: first.port },
    });
  });
});

describe('event streams', () => {
  it('sends events and notices when the client leaves', async () => {
    let sink: TextSink | undefined;
    let left = 0;
    const stream = (given: TextSink) => {
      sink = given;
      given.send('first\nwith a second line');
      return () => left++;
    };
    const { url } = await serve({ handle: async () => ({ status: 200, stream }) });
    const leaving = new AbortController();
    const response = await fetch(url, { signal: leaving.signal });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let text = '';
    const read = async (end: string) => {
      while (!text.endsWith(end)) text += new TextDecoder().decode((await reader.read()).value);
    };
    await read('\n\n');
    expect(text).toBe('data: first\ndata: with a second line\n\n');
    expect(sink?.send('more')).toBe(true);
    await read('data: more\n\n');
    leaving.abort();
    await until(() => left === 1);
    expect(sink?.send('nobody')).toBe(false);
    expect(left).toBe(1);
  });

  it('cuts off a client that does not read', async () => {
    let sink: TextSink | undefined;
    let left = 0;
    const stream = (given: TextSink) => {
      sink = given;
      return () => left++;
    };
    const server = await serve({ handle: async () => ({ status: 200, stream }) });
    const socket = connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.pause();
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => sink !== undefined);
    const event = 'x'.repeat(64 * 1024);
    let sent = 0;
    while (sink?.send(event) === true) {
      sent += event.length;
      if (sent % (16 * event.length) === 0) await delay(1);
      expect(sent).toBeLessThan(10 * HTTP_SINK_BUFFER_BYTES_MAX);
    }
    expect(left).toBe(1);
    socket.destroy();
  });
});

describe('sockets', () => {
  it('carries texts both ways', async () => {
    const heard: string[] = [];
    let closed = 0;
    const socket: HttpApp['socket'] = (path, sink) => {
      if (path !== '/rpc') return undefined;
      sink.send('welcome');
      return {
        message: (text) => {
          heard.push(text);
          sink.send(`${text} back`);
        },
        closed: () => closed++,
      };
    };
    const { url } = await serve({ socket });
    const client = new WebSocket(`${url.replace('http', 'ws')}/rpc?x=1`);
    const received: string[] = [];
    client.on('message', (data: Buffer) => received.push(data.toString()));
    await once(client, 'open');
    client.send('hello');
    await until(() => received.length === 2);
    expect([heard, received]).toEqual([['hello'], ['welcome', 'hello back']]);
    client.close();
    await until(() => closed === 1);

    const refused = new WebSocket(`${url.replace('http', 'ws')}/other`);
    const [error] = (await once(refused, 'error')) as [Error];
    expect(error.message).toContain('404');
  });

  it('lets pages of its own and of listed origins in, and no others', async () => {
    const options = { ...LOCAL, origins: ['https://console.example'] };
    const { url } = await serve({ socket: () => ({ message: () => {}, closed: () => {} }) }, options);
    const address = url.replace('http', 'ws');
    for (const origin of [url, 'https://console.example']) {
      const client = new WebSocket(address, { origin });
      await once(client, 'open');
      client.close();
    }
    for (const origin of ['https://evil.example', 'null', url.replace('127.0.0.1', 'localhost')]) {
      const [error] = (await once(new WebSocket(address, { origin }), 'error')) as [Error];
      expect(error.message).toContain('403');
    }
  });

  it('cuts off a client that says too much, and says goodbye when it stops', async () => {
    let closed = 0;
    const server = await serve({ socket: () => ({ message: () => {}, closed: () => closed++ }) });
    const address = server.url.replace('http', 'ws');
    const loud = new WebSocket(address);
    await once(loud, 'open');
    loud.on('error', () => {});
    loud.send(new Uint8Array(HTTP_BODY_BYTES_MAX + 1));
    await until(() => closed === 1);
    const quiet = new WebSocket(address);
    await once(quiet, 'open');
    const goodbye = once(quiet, 'close');
    await server.close();
    expect((await goodbye)[0]).toBe(1001);
  });
});

describe('large requests', () => {
  it('are taken where the app says so, and only once it has let them in', async () => {
    const asked: (readonly [string, number])[] = [];
    let inside = 0;
    const { url } = await serve({
      handle: async (request) => ({
        status: 200,
        body: `${request.path} ${request.body.length} ${request.memoryTaken === true}`,
      }),
      bodyLimits: { '/large': 2 * HTTP_BODY_BYTES_MAX },
      admit: (path, lengthBytes) => {
        asked.push([path, lengthBytes]);
        if (path === '/full') return { status: 429, headers: { 'retry-after': '1' }, body: 'later' };
        inside += 1;
        return () => {
          inside -= 1;
        };
      },
    });
    const post = (path: string, length: number) => fetch(`${url}${path}`, { method: 'POST', body: new Uint8Array(length) });
    const large = HTTP_BODY_BYTES_MAX + 1;
    expect(await (await post('/large', large)).text()).toBe(`/large ${large} true`);
    expect((await post('/other', large)).status).toBe(413);
    expect((await post('/large', 2 * HTTP_BODY_BYTES_MAX + 1)).status).toBe(413);
    const refused = await post('/full', 10);
    expect([refused.status, refused.headers.get('retry-after'), await refused.text()]).toEqual([429, '1', 'later']);
    // No more is asked for than the path takes, whatever the client announces.
    expect(asked).toEqual([
      ['/large', large],
      ['/other', HTTP_BODY_BYTES_MAX],
      ['/large', 2 * HTTP_BODY_BYTES_MAX],
      ['/full', 10],
    ]);
    await until(() => inside === 0);
  });
});
