import { type Hex, sha256, toHex } from '../crypto/index.ts';
import type { HttpRequest } from '../environment/index.ts';

export type TelemetryRight = 'read' | 'write';

/** Who may do something with which twins. */
export interface TelemetryRule {
  readonly may: readonly TelemetryRight[];
  /** Patterns of names, `*` standing for any characters; all twins when absent. */
  readonly twins?: readonly string[];
}

export interface TelemetryAccessOptions {
  /** Programs on this machine. */
  readonly loopback: readonly TelemetryRight[];
  /** Rules by the SHA-256 of their token, so that the secrets themselves are kept nowhere. */
  readonly tokens: ReadonlyMap<Hex, TelemetryRule>;
  readonly addresses: ReadonlyMap<string, TelemetryRule>;
}

/** What a request may do; undefined when it may do nothing of the kind. */
export type TelemetryAccess = (request: HttpRequest, right: TelemetryRight) => { allows(twin: string): boolean } | undefined;

/**
 * Readings are their owner's: whoever shows a token, comes from an address of the list, or is on the same machine. A web page is
 * none of these, even one that is open on this machine.
 */
export function telemetryAccess({ loopback, tokens, addresses }: TelemetryAccessOptions): TelemetryAccess {
  return (request, right) => {
    const rules = [tokenRule(tokens, request), addressRule(addresses, request), loopbackRule(loopback, request)];
    const granted = rules.filter((rule) => rule?.may.includes(right) === true);
    if (granted.length === 0) return undefined;
    return { allows: (twin) => granted.some((rule) => rule?.twins === undefined || matchesAny(rule.twins, twin)) };
  };
}

/** The key under which a token's rule is kept. */
export function tokenDigest(token: string): Hex {
  return toHex(sha256(new TextEncoder().encode(token)));
}

/** Whether a name fits one of the patterns. */
export function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => matches(pattern, name));
}

/** In time that grows with the product of the lengths, whatever the pattern. */
function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*');
  const [head = '', ...rest] = parts;
  const tail = rest.pop();
  if (tail === undefined) return name === pattern;
  if (!name.startsWith(head) || name.length < head.length + tail.length || !name.endsWith(tail)) return false;
  let at = head.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= name.length - tail.length;
}

function tokenRule(tokens: ReadonlyMap<Hex, TelemetryRule>, { headers }: HttpRequest): TelemetryRule | undefined {
  const [, token] = /^Bearer +(\S+)$/i.exec(headers['authorization'] ?? '') ?? [];
  return token === undefined ? undefined : tokens.get(tokenDigest(token));
}

function addressRule(addresses: ReadonlyMap<string, TelemetryRule>, request: HttpRequest): TelemetryRule | undefined {
  const { from } = request;
  return from === undefined || isFromPage(request) ? undefined : addresses.get(plainAddress(from));
}

function loopbackRule(may: readonly TelemetryRight[], request: HttpRequest): TelemetryRule | undefined {
  const from = plainAddress(request.from ?? '');
  const isHere = from === '::1' || /^127\.\d+\.\d+\.\d+$/.test(from);
  // A name that leads here is not enough: a page can give its own name this machine's address, and a proxy names another host.
  const named = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i.test(request.headers['host'] ?? '');
  const forwarded = ['x-forwarded-for', 'forwarded'].some((name) => request.headers[name] !== undefined);
  return isHere && named && !forwarded && !isFromPage(request) ? { may } : undefined;
}

/** Browsers say which page a request comes from; the node's own pages may read. */
function isFromPage({ headers }: HttpRequest): boolean {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`;
}

/** An IPv4 address that came over an IPv6 socket is the IPv4 address. */
function plainAddress(from: string): string {
  return from.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '').toLowerCase();
}
