import { isIP } from 'node:net';
import { TreadleError } from '../../../errors.ts';
import type { HttpAccess, HttpHost } from '../../outside-config.ts';
import { isPublicAddress } from './public-address.ts';

/** How a URL may be read. */
export interface Admitted {
  /** The bare name or address, without brackets. */
  readonly hostname: string;
  /** Whether a network address that the name stands for may be connected to. */
  readonly mayConnect: (address: string) => boolean;
  readonly host: HttpHost;
}

/** What stands in the configuration about a host that is not listed. */
const UNLISTED: HttpHost = {};

/**
 * Decides whether a URL may be read; asked again for every redirect. The addresses that its name stands for are judged when
 * the connection is made, on the very answer that is used then: a name that changes its address in between gains nothing.
 *
 * @throws TreadleError OUTSIDE_NOT_ALLOWED
 */
export function admitUrl(access: HttpAccess, url: URL): Admitted {
  const hostname = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if ((access.refused ?? []).some((pattern) => matches(pattern, hostname)))
    throw refused(`${hostname} is in the list of refused hosts`);
  const listed = hostEntry(access, url, hostname);
  if (listed === undefined && access.listedOnly === true)
    throw refused(`only listed hosts may be read, and ${hostname} is not one`);
  const host = listed ?? UNLISTED;
  const mayConnect = (address: string): boolean => host.private === true || isPublicAddress(address);
  if (isIP(hostname) !== 0 && !mayConnect(hostname)) throw privateAddress(hostname);
  if (listed === undefined && !isOrdinaryPort(url)) throw refused(`port ${url.port} may be read of listed hosts only`);
  if (host.paths !== undefined && !host.paths.some((path) => isBelow(path, url.pathname)))
    throw refused(`of ${hostname}, only listed paths may be read`);
  if (host.headers !== undefined && url.protocol === 'http:' && host.plain !== true)
    throw refused(`the credentials for ${hostname} would be sent without encryption`);
  return { hostname, mayConnect, host };
}

/** What is answered for a name that stands for addresses of a private network only. */
export function privateAddress(hostname: string): TreadleError {
  return refused(`${hostname} is in a private network`);
}

function refused(what: string): TreadleError {
  return new TreadleError('OUTSIDE_NOT_ALLOWED', { detail: `this node does not read that source: ${what}` });
}

function hostEntry({ hosts = {} }: HttpAccess, url: URL, hostname: string): HttpHost | undefined {
  const name = isIP(hostname) === 6 ? `[${hostname}]` : hostname;
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  for (const key of [`${name}:${port}`, name]) if (Object.hasOwn(hosts, key)) return hosts[key];
  return undefined;
}

/** Services that are older than HTTP, mail above all, would take a request for a command. */
function isOrdinaryPort({ port }: URL): boolean {
  return port === '' || port === '80' || port === '443' || Number(port) >= 1024;
}

function matches(pattern: string, hostname: string): boolean {
  return pattern.startsWith('*.') ? hostname.endsWith(pattern.slice(1)) : hostname === pattern;
}

/** An encoded slash is refused: a server may take it for one, and read a path that is not below. */
function isBelow(path: string, pathname: string): boolean {
  if (/%(2f|5c)/i.test(pathname)) return false;
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`);
}
