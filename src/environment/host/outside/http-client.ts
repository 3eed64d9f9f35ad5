import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from 'node:dns';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { TreadleError } from '../../../errors.ts';
import { OUTSIDE_REDIRECTS_MAX } from '../../../limits.ts';
import type { HttpSource, OutsideReading } from '../../outside.ts';
import type { HttpAccess } from '../../outside-config.ts';
import type { ReadTerms } from '../../outside-gate.ts';
import { checkOutsideSource } from '../../outside-source.ts';
import { ACCEPT_ENCODING, readBody } from './bounded-body.ts';
import { trustedBy } from './certificate-file.ts';
import { type Admitted, admitUrl, privateAddress } from './http-policy.ts';
import { unreachable } from './unreachable.ts';

export interface HttpClientOptions {
  readonly access: HttpAccess;
  /** What the paths of certificates are relative to. */
  readonly folder: string;
  readonly nowMs: () => number;
  /** How names become addresses; default: the system's way. */
  readonly lookup?: NameLookup;
}

/** Finds all addresses of a name. */
export type NameLookup = (
  name: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

const REDIRECTS = [301, 302, 303, 307, 308];
const DEFAULT_ACCEPT = 'application/json, text/*;q=0.9, */*;q=0.5';

/** Reads sources over HTTP(S): one GET, a few redirects, each judged anew; one connection per GET. */
export class HttpClient {
  readonly #options: HttpClientOptions;

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /** @throws TreadleError as {@link Outside.read} */
  async read(source: HttpSource, terms: ReadTerms): Promise<OutsideReading> {
    let url = new URL(source.url);
    for (let redirects = 0; redirects <= OUTSIDE_REDIRECTS_MAX; redirects++) {
      const response = await this.#get(url, source, terms.signal);
      try {
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 300) return await this.#reading(response, terms);
        if (!REDIRECTS.includes(status)) throw refused(`${url.host} answered with status ${status}`, { status });
        url = redirected(url, response.headers.location);
      } finally {
        response.destroy();
      }
    }
    throw refused(`more than ${OUTSIDE_REDIRECTS_MAX} redirects`);
  }

  async #get(url: URL, source: HttpSource, signal: AbortSignal): Promise<IncomingMessage> {
    const admitted = admitUrl(this.#options.access, url);
    const { host } = admitted;
    const trusted = await trustedBy(this.#options.folder, host.caFile);
    const options = {
      // One connection per read: none is kept that somebody else's name was resolved for.
      agent: false as const,
      headers: {
        'user-agent': 'treadle',
        accept: DEFAULT_ACCEPT,
        ...lowerCased(source.headers),
        ...lowerCased(host.headers),
        'accept-encoding': ACCEPT_ENCODING,
      },
      lookup: this.#lookup(admitted),
      signal,
      ...trusted,
    };
    return new Promise((resolve, reject) => {
      const request = (url.protocol === 'https:' ? secureRequest : plainRequest)(url, options, resolve);
      request.on('error', (cause) => reject(isOwn(cause) ? cause : unreachable(url.host, cause)));
      request.end();
    });
  }

  async #reading(response: IncomingMessage, { maxBytes }: ReadTerms): Promise<OutsideReading> {
    const content = await readBody(response, maxBytes).catch((cause: unknown) => {
      throw isOwn(cause) ? cause : unreachable('its answer broke off', cause);
    });
    const mediaType = (response.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
    return { content, mediaType: mediaType || 'application/octet-stream', observedAtMs: this.#options.nowMs() };
  }

  /** Names become addresses here and nowhere else, and only those that may be connected to are handed on. */
  #lookup({ hostname, mayConnect }: Admitted): LookupFunction {
    const lookup: NameLookup = this.#options.lookup ?? systemLookup;
    return (name, options, callback) => {
      lookup(name, { ...options, all: true }, (error, found) => {
        if (error !== null) return callback(error, '');
        const allowed = found.filter(({ address }) => mayConnect(address));
        const [first] = allowed;
        if (first === undefined) callback(privateAddress(hostname), '');
        else if (options.all === true) callback(null, allowed);
        else callback(null, first.address, first.family);
      });
    };
  }
}

function redirected(from: URL, location: string | undefined): URL {
  const fits = location !== undefined && URL.canParse(location, from);
  if (!fits) throw refused('it redirects to nowhere');
  const to = new URL(location, from);
  if (from.protocol === 'https:' && to.protocol !== 'https:') throw refused('it redirects to a connection without encryption');
  try {
    checkOutsideSource({ kind: 'http', url: to.href });
  } catch (cause) {
    throw refused('it redirects to what cannot be read', {}, cause);
  }
  return to;
}

function lowerCased(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function refused(what: string, data: Readonly<Record<string, unknown>> = {}, cause?: unknown): TreadleError {
  return new TreadleError('OUTSIDE_REFUSED', { detail: `the source was not read: ${what}`, data, cause });
}

function isOwn(error: unknown): error is TreadleError {
  return error instanceof TreadleError;
}
