import { TreadleError } from '../errors.ts';
import {
  OUTSIDE_HEADER_CHARACTERS_MAX,
  OUTSIDE_NAME_CHARACTERS_MAX,
  OUTSIDE_PARAMETERS_MAX,
  OUTSIDE_QUERY_CHARACTERS_MAX,
  OUTSIDE_URL_CHARACTERS_MAX,
} from '../limits.ts';
import './errors.ts';
import { type OutsideSource, REQUESTED_HEADERS, type SqlParameter } from './outside.ts';

/**
 * Refuses what no node could read, wherever it runs: what a source says is judged by its text alone here.
 *
 * @throws TreadleError OUTSIDE_SOURCE_INVALID
 */
export function checkOutsideSource(source: OutsideSource): void {
  switch (source.kind) {
    case 'http':
      accept(urlFault(source.url, ['http:', 'https:']));
      for (const [name, value] of Object.entries(source.headers ?? {})) checkHeader(name, value);
      return;
    case 'mqtt':
      accept(serverFault('mqtt', source.broker));
      expect(plain(source.topic, OUTSIDE_NAME_CHARACTERS_MAX), 'a topic is a short text');
      expect(!/[+#]/.test(source.topic), 'a topic without wildcards is needed');
      return;
    case 'opcua':
      accept(serverFault('opcua', source.endpoint));
      expect(
        plain(source.nodeId, OUTSIDE_NAME_CHARACTERS_MAX) && NODE_ID.test(source.nodeId),
        'a node id is "ns=2;s=Name", "ns=2;i=5" or the like',
      );
      return;
    case 'sql':
      expect(CONFIGURED_NAME.test(source.database), 'a database is named as in the node’s configuration');
      expect(queryText(source.query), 'a query is a text');
      return checkParameters(source.parameters);
    case 'file':
      checkFileName(source.name);
      expect(isDatabaseFile(source.name) === (source.query !== undefined), 'a query belongs to a .sqlite file, and only to one');
      expect(source.query === undefined || queryText(source.query), 'a query is a text');
      return checkParameters(source.parameters);
    default:
      throw invalid('it is of no kind that is known');
  }
}

/** A source in one line, for logs, reports and patterns; the same for the same source. */
export function sourceText(source: OutsideSource): string {
  switch (source.kind) {
    case 'http':
      return source.url;
    case 'mqtt':
      return `${source.broker}/${source.topic}`;
    case 'opcua':
      return `${source.endpoint}?${source.nodeId}`;
    case 'sql':
      return `sql:${source.database}?${source.query}${parameterText(source.parameters)}`;
    case 'file':
      return `file:${source.name}${source.query === undefined ? '' : `?${source.query}`}${parameterText(source.parameters)}`;
  }
}

/** Names of databases and queries in a configuration. */
export const CONFIGURED_NAME = /^[a-z][a-z0-9._-]{0,63}$/;

/** The schemes of each kind of server, with their ports. */
const SERVER_PORTS = {
  mqtt: { 'mqtt:': '1883', 'mqtts:': '8883' },
  opcua: { 'opc.tcp:': '4840' },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

/** Whether a text is the address of a broker or an OPC UA server, as sources and configurations have it. */
export function isServerAddress(kind: keyof typeof SERVER_PORTS, text: string): boolean {
  return serverFault(kind, text) === undefined;
}

/** One form for the addresses of one server: with its port, in lower case, without a slash at its end. */
export function serverAddress(kind: keyof typeof SERVER_PORTS, text: string): string {
  const { protocol, hostname, port, pathname } = new URL(text);
  const ports: Readonly<Record<string, string>> = SERVER_PORTS[kind];
  return `${protocol}//${hostname.toLowerCase()}:${port || ports[protocol]}${pathname.replace(/\/$/, '')}`;
}

/** Whether a file is read by a query. */
export function isDatabaseFile(name: string): boolean {
  return name.endsWith('.sqlite');
}

const NODE_ID = /^(ns=\d{1,5};)?(i=\d{1,10}|s=.+|g=[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|b=[A-Za-z0-9+/]+={0,2})$/;
/** What may be read as it is; a database file is queried. */
const FILE_ENDINGS = /\.(json|csv|txt|sqlite)$/;
const FILE_PART = /^[A-Za-z0-9_][A-Za-z0-9_. -]{0,127}$/;

function urlFault(text: string, protocols: readonly string[]): string | undefined {
  if (!plain(text, OUTSIDE_URL_CHARACTERS_MAX) || !URL.canParse(text)) return 'its address is no URL';
  const url = new URL(text);
  if (!protocols.includes(url.protocol))
    return `its address does not begin with ${protocols.map((name) => `${name}//`).join(' or ')}`;
  if (url.hostname === '') return 'its address names no host';
  // What a request says is public: whoever writes a password there has given it away.
  if (url.username !== '' || url.password !== '')
    return 'its address holds a name or a password: those belong into the node’s configuration';
  return undefined;
}

function serverFault(kind: keyof typeof SERVER_PORTS, text: string): string | undefined {
  const fault = urlFault(text, Object.keys(SERVER_PORTS[kind]));
  if (fault !== undefined) return fault;
  const { pathname, search, hash } = new URL(text);
  if (search !== '' || hash !== '') return 'the address of a server ends with its path';
  return kind === 'mqtt' && pathname.length > 1 ? 'the address of a broker ends with its port' : undefined;
}

function checkHeader(name: string, value: string): void {
  expect(
    REQUESTED_HEADERS.some((allowed) => allowed === name.toLowerCase()),
    `a request may name the headers ${REQUESTED_HEADERS.join(', ')} only: others belong into the node’s configuration`,
  );
  expect(
    typeof value === 'string' && value.length <= OUTSIDE_HEADER_CHARACTERS_MAX && /^[\x20-\x7e]*$/.test(value),
    'the value of a header is a short line of ASCII',
  );
}

function checkFileName(name: string): void {
  expect(plain(name, OUTSIDE_NAME_CHARACTERS_MAX), 'the name of a file is a short text');
  expect(
    name.split('/').every((part) => FILE_PART.test(part)),
    'the name of a file is made of letters, digits, "_", "-", "." and spaces, with "/" between folders, and no part begins with a dot',
  );
  expect(FILE_ENDINGS.test(name), 'a file that may be read ends in .json, .csv, .txt or .sqlite');
}

function checkParameters(parameters: readonly SqlParameter[] | undefined): void {
  if (parameters === undefined) return;
  expect(Array.isArray(parameters) && parameters.length <= OUTSIDE_PARAMETERS_MAX, 'a query has a few parameters');
  for (const value of parameters) {
    const fits =
      typeof value === 'string'
        ? plain(value, OUTSIDE_QUERY_CHARACTERS_MAX) || value === ''
        : value === null || typeof value === 'boolean' || Number.isFinite(value);
    expect(fits, 'a parameter is a text, a number, true, false or null');
  }
}

function queryText(query: unknown): boolean {
  return typeof query === 'string' && query.length > 0 && query.length <= OUTSIDE_QUERY_CHARACTERS_MAX && !query.includes('\0');
}

/** A text of one line that is not empty. */
function plain(text: unknown, charactersMax: number): text is string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return typeof text === 'string' && text.length > 0 && text.length <= charactersMax && !/[\x00-\x1f\x7f]/.test(text);
}

function parameterText(parameters: readonly SqlParameter[] | undefined): string {
  return parameters === undefined || parameters.length === 0 ? '' : ` ${JSON.stringify(parameters)}`;
}

function accept(fault: string | undefined): void {
  if (fault !== undefined) throw invalid(fault);
}

function expect(condition: boolean, what: string): asserts condition {
  if (!condition) throw invalid(what);
}

function invalid(what: string): TreadleError {
  return new TreadleError('OUTSIDE_SOURCE_INVALID', { detail: `the source cannot be read: ${what}` });
}
