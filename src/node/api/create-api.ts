import { contractCatalog } from '../../contracts/index.ts';
import type { Address } from '../../crypto/index.ts';
import type { HttpApp, HttpRequest, HttpResponse } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import type { LedgerView, MembershipReport, TreadlePort } from '../../ledger/index.ts';
import { API_MEMBERSHIP_MICROS } from '../../limits.ts';
import { type ConsoleFiles, PAGE_HEADERS, serveConsole } from './console-files.ts';
import type { ApiEnvironment, ChainContext, ObserveContext } from './context.ts';
import { API_STATUS, type ApiErrorCode } from './errors.ts';
import { createEventHub, type EventHub } from './events.ts';
import { createOracleReads, type OracleRounds } from './oracle-reads.ts';
import { plainPage } from './plain-page.ts';
import { createNames } from './projection/names.ts';
import { createProjection } from './projection/projection.ts';
import { chainRoutes } from './routes/chain-routes.ts';
import { observe } from './routes/observe.ts';
import type { ApiErrorBody } from './types.ts';

export interface CreateApiOptions {
  readonly environment: ApiEnvironment;
  readonly treadle: TreadlePort;
  /** Absent on a node that keeps headers only: it answers `/observe` and `/api/observe`. */
  readonly ledger?: LedgerView;
  /** The built console; without it `/` and `/observe` are a plain page. */
  readonly consoleFiles?: ConsoleFiles;
  /** A node's own name, e.g. from its contact. Not trusted: shown as text only. */
  readonly nameOf?: (node: Address) => string | undefined;
  /** The latest round in which a peer was seen voting. */
  readonly viewOf?: (node: Address) => number | undefined;
  /** What oracle nodes did when they led. */
  readonly oracleRounds?: OracleRounds;
}

/** The HTTP API of a node and the console that it serves. */
export interface Api extends HttpApp {
  /** Ends streams and stops following the chain. */
  stop(): void;
}

/**
 * The read-only HTTP API of a node: what `types.ts` describes under `/api/`, events under `/api/events`, the console
 * elsewhere. Its lists are made from the node's own chain, from the first request on.
 */
export function createApi(options: CreateApiOptions): Api {
  const { environment, treadle, ledger } = options;
  const names = createNames((address) => options.nameOf?.(address) ?? contractCatalog.get(address)?.name);
  let report: MembershipReport | undefined;
  const members = (): MembershipReport | undefined => report;
  const base: ObserveContext = { environment, treadle, names, members, ledger, viewOf: options.viewOf ?? (() => undefined) };
  const chain: ChainContext | undefined = ledger && {
    ...base,
    ledger,
    projection: createProjection({ environment, ledger, names }),
    oracle: createOracleReads(environment, ledger),
    rounds: options.oracleRounds ?? { own: undefined, ask: () => Promise.resolve([]) },
  };
  const hub: EventHub | undefined = chain && createEventHub(chain);
  const refreshNames = memberRefresher(base, (latest) => {
    report = latest;
  });

  const answer = async (request: HttpRequest): Promise<HttpResponse> => {
    const { method, path } = request;
    if (method !== 'GET' && method !== 'HEAD')
      throw new TreadleError('API_METHOD_NOT_ALLOWED', { detail: `${method.slice(0, 20)} is not served here` });
    if (path === '/observe' || !(path === '/api' || path.startsWith('/api/'))) return page(path);
    await refreshNames();
    if (path === '/api/observe') return json(await observe(base));
    if (chain === undefined || hub === undefined) throw new TreadleError('API_NO_CHAIN');
    if (path === '/api/events') return events(hub, chain);
    return json(await chainRoutes(chain, { parts: pathParts(path), query: request.query }));
  };
  const page = async (path: string): Promise<HttpResponse> => {
    const served = options.consoleFiles && (await serveConsole(options.consoleFiles, path));
    if (served !== undefined) return served;
    if (path !== '/' && path !== '/observe')
      throw new TreadleError('API_NOT_FOUND', { detail: `Nothing is served at ${path.slice(0, 80)}` });
    await refreshNames();
    const headers = { ...PAGE_HEADERS, 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' };
    return { status: 200, headers, body: plainPage(await observe(base)) };
  };

  return {
    async handle(request) {
      try {
        const response = await answer(request);
        return request.method === 'HEAD' && response.stream === undefined ? { ...response, body: '' } : response;
      } catch (error) {
        return failure(error, request, environment);
      }
    },
    stop() {
      hub?.stop();
      chain?.projection.stop();
    },
  };
}

function events(hub: EventHub, chain: ChainContext): HttpResponse {
  hub.checkRoom();
  // Tasks and channels are told of once the view follows the chain: a listener starts it.
  void chain.projection.ready();
  return { status: 200, headers: { 'cache-control': 'no-store', 'x-accel-buffering': 'no' }, stream: (sink) => hub.join(sink) };
}

function json(body: unknown): HttpResponse {
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  };
  return { status: 200, headers, body: JSON.stringify(body) };
}

function failure(error: unknown, request: HttpRequest, environment: ApiEnvironment): HttpResponse {
  const known = error instanceof TreadleError && error.code in API_STATUS ? error : undefined;
  if (known === undefined)
    environment.log.error('api.failed', {
      path: request.path.slice(0, 200),
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  const shown = known ?? new TreadleError('API_INTERNAL');
  const status = API_STATUS[shown.code as ApiErrorCode];
  const body: ApiErrorBody = { error: { code: shown.code, message: `${shown.message}.` } };
  return { ...json(body), status, ...(status === 405 && { headers: { ...json(body).headers, allow: 'GET, HEAD' } }) };
}

/** The decoded parts of a path below `/api/`. */
function pathParts(path: string): string[] {
  try {
    return path.split('/').slice(2).map(decodeURIComponent);
  } catch {
    throw new TreadleError('API_BAD_QUERY', { detail: 'The path holds a percent sign that encodes nothing' });
  }
}

/** Learns what companies call themselves, now and then; the founders' names are in the genesis state, not in any event. */
function memberRefresher(
  { environment, treadle, names }: Pick<ObserveContext, 'environment' | 'treadle' | 'names'>,
  take: (report: MembershipReport) => void,
): () => Promise<void> {
  let asked: Promise<void> | undefined;
  let askedAt = 0;
  const ask = async (): Promise<void> => {
    try {
      const report = await treadle.membership();
      take(report);
      if (report.proxy !== null) names.setProxy(report.proxy, report.proxySealer ?? report.proxy);
      for (const { account, name, sealer } of report.companies) names.setCompany(account, name, sealer);
    } catch (error) {
      // Without names accounts are shown by their addresses.
      environment.log.warn('api.membership-failed', { error: String(error) });
    }
  };
  return () => {
    const now = environment.clock.now();
    if (asked === undefined || now - askedAt > API_MEMBERSHIP_MICROS) {
      askedAt = now;
      asked = ask();
    }
    return asked;
  };
}
