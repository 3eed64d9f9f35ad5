import { query as compilePath } from 'json-p3';
import { z } from 'zod';
import type { Address } from '../../../crypto/index.ts';
import { checkOutsideSource, type OutsideSource } from '../../../environment/index.ts';
import { RequestRefused } from '../../job.ts';
import { type Envelope, envelopeSchema } from './envelope.ts';
import { DECIMALS_MAX, scaledInteger } from './numbers.ts';

/** A reading of a machine's twin, proved against the checkpoint that its owner put on the ledger. */
export interface TwinSource {
  readonly kind: 'twin';
  /** Address of the owner's node, without query: `https://node.plant:8080`. Whoever answers there proves nothing by it. */
  readonly url: string;
  /** The account that speaks for the twin: it puts the checkpoints of the log on the ledger. Lower case. */
  readonly author: Address;
  readonly twin: string;
  readonly metric: string;
  /** A reading that is older than this by a node's clock is none. */
  readonly maxAgeMs?: number;
}

export type DataSource = OutsideSource | TwinSource;

/** What becomes of what the source says. `number`: a decimal number, scaled; `text`: a string; `json`: any value, in canonical form; `digest`: SHA-256 and length of the whole content. */
export type DataForm = 'number' | 'text' | 'json' | 'digest';

/** What a request of the job `data` asks. */
export interface DataQuery {
  readonly source: DataSource;
  /** JSONPath (RFC 9535) that selects exactly one value; absent: the whole content. */
  readonly select?: string;
  readonly as: DataForm;
  /** Numbers are multiplied by 10^decimals and rounded half away from zero. */
  readonly decimals: number;
  /** `median` for numbers, `majority` for the rest, by default. */
  readonly agree: 'median' | 'majority';
  /** Answers further from the median than this part of it count as outliers, in parts of a million. */
  readonly tolerancePpm: number;
  /** With it, the result of a median tells of outliers: `abi.encode(int256 median, uint256 answers, uint256 outliers, int256 lowest, int256 highest)`. */
  readonly details: boolean;
  /** A member does not sign a median that is further than this from what it saw itself, in units of the result; absent: it signs. */
  readonly maxDistance?: bigint;
  /** Compressed secp256k1 key, hex: the result is encrypted to it. */
  readonly encryptTo?: string;
  readonly envelope?: Envelope;
}

const text = z.string().min(1).max(2_048);
const parameters = z
  .array(z.union([z.string().max(2_048), z.number(), z.boolean(), z.null()]))
  .max(16)
  .exactOptional();
const sourceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('http'), url: text, headers: z.record(z.string(), z.string()).exactOptional() }),
  z.strictObject({ kind: z.literal('mqtt'), broker: text, topic: text }),
  z.strictObject({ kind: z.literal('opcua'), endpoint: text, nodeId: text }),
  z.strictObject({ kind: z.literal('sql'), database: text, query: text, parameters }),
  z.strictObject({ kind: z.literal('file'), name: text, query: text.exactOptional(), parameters }),
  z.strictObject({
    kind: z.literal('twin'),
    url: text,
    author: z.templateLiteral(['0x', z.string().regex(/^[0-9a-f]{40}$/)]),
    twin: text,
    metric: text,
    maxAgeMs: z.int().positive().exactOptional(),
  }),
]);
const specSchema = z.strictObject({
  source: sourceSchema,
  select: text.exactOptional(),
  as: z.enum(['number', 'text', 'json', 'digest']).default('number'),
  decimals: z.int().min(0).max(DECIMALS_MAX).default(0),
  agree: z.enum(['median', 'majority']).exactOptional(),
  tolerancePpm: z.int().min(0).max(1_000_000).default(50_000),
  details: z.boolean().default(false),
  maxDistance: z.union([z.number().nonnegative(), z.string().max(100)]).exactOptional(),
  encryptTo: z
    .string()
    .regex(/^0x0[23][0-9a-f]{64}$/)
    .exactOptional(),
  envelope: envelopeSchema.exactOptional(),
});

/**
 * Reads a specification: a JSON object, or the short form that a contract can put together: `URL [JSONPATH [FORM[:DECIMALS]]]`, for
 * instance `https://plant.example/oven $.celsius number:2`.
 *
 * @throws RequestRefused invalidSpec
 */
export function readDataSpec(spec: Uint8Array): DataQuery {
  const written = decodeText(spec).trim();
  const parsed = specSchema.safeParse(written.startsWith('{') ? parseJson(written) : shortForm(written));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refuse(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'no specification'}`);
  }
  const { agree = parsed.data.as === 'number' ? 'median' : 'majority', maxDistance: distance, ...rest } = parsed.data;
  if (agree === 'median' && rest.as !== 'number') throw refuse('only numbers have a median');
  if (rest.details && agree !== 'median') throw refuse('details are told of medians');
  if (distance !== undefined && agree !== 'median') throw refuse('distances are those of medians');
  const maxDistance = distance === undefined ? undefined : scaledInteger(String(distance), rest.decimals);
  if (distance !== undefined && (maxDistance ?? -1n) < 0n) throw refuse('maxDistance is no number of 0 and more');
  if (rest.as === 'digest' && rest.select !== undefined) throw refuse('a digest is of the whole content');
  checkSource(rest.source);
  if (rest.select !== undefined) checkPath(rest.select);
  return { ...rest, agree, ...(maxDistance !== undefined && { maxDistance }) };
}

function shortForm(written: string): unknown {
  const [url, select, form = 'number', ...more] = written.split(/\s+/);
  if (more.length > 0) throw refuse('the short form is URL JSONPATH FORM:DECIMALS');
  const [as, decimals] = form.split(':');
  return {
    source: { kind: 'http', url },
    as,
    ...(select !== undefined && { select }),
    ...(decimals !== undefined && { decimals: Number(decimals) }),
  };
}

function checkSource(source: DataSource): void {
  try {
    if (source.kind === 'twin') checkOutsideSource({ kind: 'http', url: bundleUrl(source) });
    else checkOutsideSource(source);
  } catch (error) {
    throw refuse(String(error));
  }
}

/** Where the owner of a twin shows the proof of its latest reading. @throws RequestRefused invalidSpec for an address with a query */
export function bundleUrl({ url, twin, metric }: Pick<TwinSource, 'url' | 'twin' | 'metric'>): string {
  if (/[?#]/.test(url)) throw refuse('source.url: the address of a node has no query');
  const query = new URLSearchParams({ twin, metric });
  return `${url.replace(/\/+$/, '')}/api/telemetry/bundle?${query.toString()}`;
}

function checkPath(path: string): void {
  try {
    compilePath(path, {});
  } catch (error) {
    throw refuse(`select: ${String(error)}`);
  }
}

function parseJson(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    throw refuse('not JSON');
  }
}

function decodeText(spec: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(spec);
  } catch {
    throw refuse('not UTF-8');
  }
}

function refuse(detail: string): RequestRefused {
  return new RequestRefused('invalidSpec', detail);
}
