import type { Clock, HttpApp, HttpRequest, HttpResponse, Logger, Reading } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import { TELEMETRY_POSTS_MAX, TELEMETRY_READS_MAX, TELEMETRY_RETRY_AFTER_MS } from '../limits.ts';
import './errors.ts';
import { matchesAny, type TelemetryAccess, type TelemetryRight } from './telemetry-access.ts';
import { readBatch, readRange, readWanted, requireText } from './telemetry-requests.ts';
import type { TelemetryService } from './telemetry-service.ts';

export interface TelemetryHttpOptions {
  readonly service: TelemetryService;
  readonly access: TelemetryAccess;
  /** Patterns of the twins of which readings are taken. */
  readonly twins: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

const POST_PATH = '/telemetry';
const READ_PATHS = '/api/telemetry';

/** Status of each code that these routes answer; all others are the node's own failure. */
const STATUS: Readonly<Record<string, number>> = {
  NODE_TELEMETRY_REQUEST: 400,
  TELEMETRY_INVALID: 400,
  NODE_TELEMETRY_REFUSED: 403,
  TWINS_NO_SUCH_READING: 404,
  NODE_TELEMETRY_BUSY: 429,
  TWINS_LOG_FULL: 429,
  TWINS_LOG_CLOSED: 503,
  TELEMETRY_UNREACHABLE: 503,
  OBJECTS_UNREACHABLE: 503,
  DISK_FULL: 507,
};

/** Puts the readings of a node's machines before what the node serves otherwise: `POST /telemetry` and the routes below `/api/telemetry`. */
export function withTelemetry<T extends HttpApp>(app: T, options: TelemetryHttpOptions): HttpApp {
  const routes = createTelemetryRoutes(options);
  const { admit, socket, bodyLimits } = app;
  return {
    handle: (request) => (isTelemetry(request.path) ? routes(request) : app.handle(request)),
    ...(bodyLimits && { bodyLimits }),
    ...(admit && { admit: (path, lengthBytes) => (isTelemetry(path) ? () => undefined : admit.call(app, path, lengthBytes)) }),
    ...(socket && { socket: (path, sink) => socket.call(app, path, sink) }),
  };
}

function isTelemetry(path: string): boolean {
  return path === POST_PATH || path === READ_PATHS || path.startsWith(`${READ_PATHS}/`);
}

/** Answers the requests for readings, each with JSON. */
export function createTelemetryRoutes(options: TelemetryHttpOptions): (request: HttpRequest) => Promise<HttpResponse> {
  const { service, log } = options;
  const writing = turns(TELEMETRY_POSTS_MAX);
  const reading = turns(TELEMETRY_READS_MAX);
  // With turns of its own: everybody may ask, and must not keep readers waiting.
  const telling = turns(TELEMETRY_READS_MAX);

  async function answer(request: HttpRequest): Promise<unknown> {
    if (request.path === POST_PATH) return writing(() => post(request));
    if (request.method !== 'GET' && request.method !== 'HEAD') throw wrong(`${request.method.slice(0, 20)} is not served here`);
    const route = request.path.slice(READ_PATHS.length + 1);
    if (route === 'log') return telling(() => report(request));
    if (route === 'latest') return reading(() => latest(request));
    if (route === 'readings') return reading(() => readings(request));
    if (route === 'bundle') return reading(() => bundle(request));
    throw wrong(`below ${READ_PATHS} there are latest, readings, bundle and log`);
  }

  async function post(request: HttpRequest): Promise<unknown> {
    if (request.method !== 'POST') throw wrong(`${POST_PATH} takes POST`);
    const may = allowed(request, 'write');
    // A page may send text anywhere, but JSON only where it was allowed to.
    if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) throw wrong('the content type is application/json');
    const batch = readBatch(request.body, Math.floor(options.clock.now() / 1000));
    for (const { twin } of batch) {
      if (!may.allows(twin)) throw refused(`this sender writes no readings of ${String(twin)}`);
      if (!matchesAny(options.twins, twin)) throw refused(`this node takes no readings of ${String(twin)}`);
    }
    return service.add(batch);
  }

  /** Hashes and sizes give nothing away; why something fails may name what only readers should know. */
  async function report(request: HttpRequest): Promise<unknown> {
    const { failure, ...rest } = await service.report();
    if (failure === undefined || options.access(request, 'read') !== undefined) return { ...rest, ...(failure && { failure }) };
    return { ...rest, failure: { code: failure.code } };
  }

  async function latest(request: HttpRequest): Promise<unknown> {
    const { metric } = request.query;
    const found = await service.latest(readable(request));
    return { readings: metric === undefined ? found : found.filter((each) => each.metric === metric) };
  }

  async function readings(request: HttpRequest): Promise<unknown> {
    const range = readRange(request.query, readable(request));
    const { readings: page, next } = await service.readings(range);
    return { readings: page, ...(next && { next: { fromMs: next.fromMs, toMs: next.toMs } }) };
  }

  async function bundle(request: HttpRequest): Promise<unknown> {
    const may = allowed(request, 'read');
    const wanted = readWanted(request.query);
    if ('twin' in wanted) checkTwin(may, wanted.twin);
    const proof = await service.prove(wanted);
    checkTwin(may, proof.reading.twin);
    return proof;
  }

  /** The twin that a request names and may read. */
  function readable(request: HttpRequest): string {
    const may = allowed(request, 'read');
    const twin = requireText(request.query, 'twin');
    checkTwin(may, twin);
    return twin;
  }

  function allowed(request: HttpRequest, right: TelemetryRight) {
    const may = options.access(request, right);
    if (may === undefined) throw refused(`nothing allows this request to ${right} readings`);
    return may;
  }

  return async (request) => {
    try {
      return json(200, await answer(request), request.method);
    } catch (error) {
      const known = error instanceof TreadleError && error.code in STATUS ? error : undefined;
      if (known === undefined) log.error('telemetry.request-failed', { path: request.path, error: String(error) });
      const code = known?.code ?? (error instanceof TreadleError ? error.code : 'API_INTERNAL');
      const message = error instanceof TreadleError ? `${error.message}.` : 'The node failed to answer. Look at its log.';
      const status = STATUS[code] ?? 500;
      const response = json(status, { error: { code, message } }, request.method);
      if (status !== 429) return response;
      return { ...response, headers: { ...response.headers, 'retry-after': String(Math.ceil(TELEMETRY_RETRY_AFTER_MS / 1000)) } };
    }
  };
}

function checkTwin(may: { allows(twin: Reading['twin']): boolean }, twin: string): void {
  if (!may.allows(twin)) throw refused(`this reader is not shown ${twin}`);
}

/** Runs at most so many at a time; who comes when all turns are taken is told so. */
function turns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let taken = 0;
  return async (work) => {
    if (taken >= most) throw new TreadleError('NODE_TELEMETRY_BUSY', { data: { retryAfterMs: TELEMETRY_RETRY_AFTER_MS } });
    taken++;
    try {
      return await work();
    } finally {
      taken--;
    }
  };
}

function json(status: number, content: unknown, method: string): HttpResponse {
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  };
  return { status, headers, body: method === 'HEAD' ? '' : JSON.stringify(content) };
}

function wrong(detail: string): TreadleError {
  return new TreadleError('NODE_TELEMETRY_REQUEST', { detail });
}

function refused(detail: string): TreadleError {
  return new TreadleError('NODE_TELEMETRY_REFUSED', { detail });
}
