import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { WebSocketServer } from 'ws';
import { TreadleError } from '../../errors.ts';
import { HTTP_BODY_BYTES_MAX, HTTP_SINKS_MAX, HTTP_SOCKET_MESSAGE_BYTES_MAX } from '../../limits.ts';
import type { HttpApp, HttpRequest } from '../http.ts';
import '../errors.ts';
import { EventStream } from './event-stream.ts';
import { SocketSink } from './socket-sink.ts';

export interface HttpOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** How many ports in a row are tried when one is taken. Default 1. */
  readonly portTries?: number;
  /**
   * Web pages that may open a WebSocket beside those of this server itself, e.g. `https://console.example`; `*` for all.
   * Browsers let any page open a socket to any server, this one's machine included. Programs send no origin and may.
   */
  readonly origins?: readonly string[];
}

export interface HttpServer {
  readonly url: string;
  readonly port: number;
  /** Ends all streams and sockets and stops listening. */
  close(): Promise<void>;
}

interface Sinks {
  readonly open: Set<{ close(): void }>;
}

/**
 * Serves an app over HTTP: requests, server-sent events and WebSockets. A body above HTTP_BODY_BYTES_MAX is answered with
 * 413; a client that reads slower than its stream writes is cut off.
 *
 * @throws TreadleError HTTP_PORT_TAKEN when none of the ports is free
 */
export async function serveHttp(app: HttpApp, options: HttpOptions): Promise<HttpServer> {
  const tries = options.port === 0 ? 1 : (options.portTries ?? 1);
  for (let attempt = 0; attempt < tries && options.port + attempt <= 65_535; attempt++) {
    const sinks: Sinks = { open: new Set() };
    const server = createServer(app, sinks, options.origins ?? []);
    try {
      await server.listen({ host: options.host, port: options.port + attempt });
    } catch (error) {
      await server.close();
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue;
      throw error;
    }
    return running(server, sinks, options.host);
  }
  const last = options.port + tries - 1;
  throw new TreadleError('HTTP_PORT_TAKEN', {
    detail: tries === 1 ? `port ${options.port} is taken` : `the ports ${options.port} to ${last} are taken`,
    data: { host: options.host, port: options.port, tries },
  });
}

function running(server: FastifyInstance, sinks: Sinks, host: string): HttpServer {
  const { port } = server.server.address() as AddressInfo;
  return {
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    close: async () => {
      for (const sink of [...sinks.open]) sink.close();
      await server.close();
    },
  };
}

function createServer(app: HttpApp, sinks: Sinks, origins: readonly string[]): FastifyInstance {
  const server = Fastify({ bodyLimit: HTTP_BODY_BYTES_MAX, forceCloseConnections: true });
  server.removeAllContentTypeParsers();
  // Bytes in, whatever they claim to be: what a body means is the app's business.
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  if (app.admit !== undefined) server.addHook('onRequest', (request, reply, done) => admit(app, request, reply, done));
  for (const [path, bodyLimit] of Object.entries(app.bodyLimits ?? {})) {
    server.post(path, { bodyLimit }, (request, reply) => answer(app, sinks, request, reply));
  }
  server.all('*', (request, reply) => answer(app, sinks, request, reply));
  server.setErrorHandler((error: { statusCode?: number; message: string }, _request, reply) => {
    const status = error.statusCode ?? 500;
    void reply.code(status).send({ error: { code: `HTTP_${status}`, message: status < 500 ? error.message : 'internal error' } });
  });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: HTTP_SOCKET_MESSAGE_BYTES_MAX });
  server.server.on('upgrade', (request, socket, head) => {
    // Until the upgrade is done, an error of the raw socket has no other listener and would end the process.
    socket.on('error', () => socket.destroy());
    if (!originAllowed(request, origins)) return refuse(socket, '403 Forbidden');
    upgrade(app, sinks, sockets, { request, socket, head });
  });
  return server;
}

/** Requests that the app let in before their bodies were read. */
const admitted = new WeakSet<IncomingMessage>();

function admit(app: HttpApp, request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const { path } = splitUrl(request.raw.url ?? '/');
  const announced = request.headers['content-length'];
  const lengthBytes = announced === undefined ? bodyLimitOf(app, request) : Number(announced);
  const outcome = app.admit?.(path, Math.min(lengthBytes, bodyLimitOf(app, request)));
  if (typeof outcome === 'function') {
    admitted.add(request.raw);
    reply.raw.once('close', outcome);
    done();
    return;
  }
  if (outcome === undefined) return done();
  // What the client still sends of the body is not read: the connection ends here.
  void reply
    .code(outcome.status)
    .headers({ ...outcome.headers, connection: 'close' })
    .send(outcome.body);
}

function bodyLimitOf(app: HttpApp, request: FastifyRequest): number {
  if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS') return 0;
  return app.bodyLimits?.[splitUrl(request.raw.url ?? '/').path] ?? HTTP_BODY_BYTES_MAX;
}

async function answer(app: HttpApp, sinks: Sinks, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const response = await app.handle(plainRequest(request));
  if (response.stream === undefined) {
    const body = response.body instanceof Uint8Array ? Buffer.from(response.body) : response.body;
    return reply
      .code(response.status)
      .headers({ ...response.headers })
      .send(body);
  }
  if (sinks.open.size >= HTTP_SINKS_MAX)
    return reply.code(503).send({ error: { code: 'HTTP_503', message: 'too many streams are open' } });
  reply.hijack();
  const stream = new EventStream(reply.raw, { status: response.status, headers: { ...response.headers } });
  sinks.open.add(stream);
  const left = response.stream(stream);
  stream.onEnd(() => {
    sinks.open.delete(stream);
    left();
  });
  return reply;
}

function plainRequest(request: FastifyRequest): HttpRequest {
  const { path, query } = splitUrl(request.raw.url ?? '/');
  const { remoteAddress } = request.raw.socket;
  const plain = {
    method: request.method,
    path,
    query,
    headers: plainHeaders(request.raw),
    body: bytesOf(request.body),
    ...(remoteAddress !== undefined && { from: remoteAddress }),
  };
  return admitted.has(request.raw) ? { ...plain, memoryTaken: true } : plain;
}

function splitUrl(url: string): { readonly path: string; readonly query: Readonly<Record<string, string>> } {
  const at = url.indexOf('?');
  if (at < 0) return { path: url, query: {} };
  return { path: url.slice(0, at), query: Object.fromEntries(new URLSearchParams(url.slice(at + 1))) };
}

function plainHeaders(request: IncomingMessage): Readonly<Record<string, string>> {
  const pairs = Object.entries(request.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ]);
  return Object.fromEntries(pairs);
}

function bytesOf(body: unknown): Uint8Array {
  return body instanceof Uint8Array ? new Uint8Array(body.buffer, body.byteOffset, body.byteLength) : new Uint8Array();
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

function upgrade(app: HttpApp, sinks: Sinks, sockets: WebSocketServer, { request, socket, head }: Upgrade): void {
  if (sinks.open.size >= HTTP_SINKS_MAX) return refuse(socket, '503 Service Unavailable');
  const sink = new SocketSink();
  const handler = app.socket?.(splitUrl(request.url ?? '/').path, sink);
  if (handler === undefined) return refuse(socket, '404 Not Found');
  sinks.open.add(sink);
  sink.onEnd(() => {
    sinks.open.delete(sink);
    handler.closed();
  });
  // An upgrade that fails (a bad key, a client that left) ends the socket without a call.
  socket.once('close', () => sink.ended());
  sockets.handleUpgrade(request, socket, head, (webSocket) => sink.attach(webSocket, (text) => handler.message(text)));
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function originAllowed({ headers }: IncomingMessage, origins: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || origins.includes('*') || origins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
