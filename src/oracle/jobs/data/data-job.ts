import { type JSONValue, query as selectPath } from 'json-p3';
import { type OraclePlace, quorumOf } from '../../../contracts/index.ts';
import { concatBytes, equalBytes, fromHex, type Hex, sha256, toHex } from '../../../crypto/index.ts';
import type { Micros, Outside } from '../../../environment/index.ts';
import { hasCode } from '../../../errors.ts';
import { ORACLE_CONTENT_BYTES_MAX } from '../../../limits.ts';
import { JOB_DEFAULTS, type OracleJob, type OracleRequest, RequestRefused, type Verdict } from '../../job.ts';
import { canonicalJson } from './canonical-json.ts';
import { type DataQuery, readDataSpec, type TwinSource } from './data-spec.ts';
import { type Envelope, isEnvelopeSigned } from './envelope.ts';
import { fromWord, scaledInteger, wordOf } from './numbers.ts';
import { isReaderKey, sealAnswer } from './sealed-answer.ts';

const WORD_BYTES = 32;

export interface DataJobOptions {
  readonly outside: Outside;
  readonly place: OraclePlace;
  /** The latest proved reading of a twin, as text; absent: this node reads no twins. */
  readonly readTwin?: (source: TwinSource, options: { readonly timeoutMicros: Micros }) => Promise<string>;
  /** Whether a certificate is valid now and its holder's. */
  readonly isHolder: (envelope: Envelope) => Promise<boolean>;
  /** Requests without an envelope are refused. */
  readonly envelopesOnly: boolean;
}

/**
 * The data oracle: what a source says, as a number by median or as bytes by majority.
 *
 * A median of more than two thirds of a group lies between two honest values, whichever sights whoever leads picks; a majority value
 * is what more than half of the group saw.
 */
export function dataJob(options: DataJobOptions): OracleJob<DataQuery> {
  return {
    ...JOB_DEFAULTS,
    name: 'data',
    query(request) {
      const query = readDataSpec(request.spec);
      if (query.encryptTo !== undefined && !isReaderKey(fromHex(query.encryptTo as Hex))) {
        throw new RequestRefused('invalidSpec', 'encryptTo is no public key');
      }
      checkEnvelope(query, request, options);
      return query;
    },
    // Whole contents may be large: nobody reads one who need not.
    agreement: ({ agree, as }) => (agree === 'median' || as === 'digest' ? 'collect' : 'propose'),
    firstLook: ({ as }, groupSize) => (as === 'digest' ? quorumOf(groupSize) : groupSize),
    async observe(query, _request, deadlineMicros) {
      if (query.envelope !== undefined && !(await options.isHolder(query.envelope))) {
        throw new RequestRefused('notAllowed', 'the envelope’s holder has no valid certificate');
      }
      return sightOf(query, await read(query, options, deadlineMicros));
    },
    validateSight: ({ as }, value) => (as === 'number' ? value.length === 32 : as === 'digest' ? value.length === 64 : true),
    outcome: (query, values, groupSize) => (query.agree === 'median' ? medianOf(query, values) : majorityOf(values, groupSize)),
    report(query, value, nonce) {
      return query.encryptTo === undefined ? value : sealAnswer(value, fromHex(query.encryptTo as Hex), nonce);
    },
    accept: ({ agree, maxDistance }, value, own) =>
      own === undefined || (agree === 'median' ? isNear(value, own, maxDistance) : equalBytes(value, own)),
  };
}

function checkEnvelope(
  { envelope, ...asked }: DataQuery,
  request: OracleRequest,
  { place, envelopesOnly }: DataJobOptions,
): void {
  if (envelope === undefined) {
    if (envelopesOnly) throw new RequestRefused('notAllowed', 'this oracle answers requests with an envelope only');
    return;
  }
  const context = { place, requester: request.requester, asked: new TextEncoder().encode(canonicalJson(asked)) };
  if (!isEnvelopeSigned(context, envelope, request))
    throw new RequestRefused('notAllowed', 'the envelope is not signed for this');
}

/** What the holder of an envelope signs the hash of: the specification as it is understood, without the envelope. */
export function askedText(spec: Uint8Array): Uint8Array {
  const { envelope: _, ...asked } = readDataSpec(spec);
  return new TextEncoder().encode(canonicalJson(asked));
}

async function read(query: DataQuery, { outside, readTwin }: DataJobOptions, timeoutMicros: Micros): Promise<Uint8Array> {
  const { source } = query;
  if (source.kind === 'twin') {
    if (readTwin === undefined) throw new RequestRefused('notAllowed', 'this node reads no twins');
    return new TextEncoder().encode(await readTwin(source, { timeoutMicros }));
  }
  const maxBytes = ORACLE_CONTENT_BYTES_MAX;
  const { content } = await outside.read(source, { timeoutMicros, maxBytes }).catch((error: unknown) => {
    if (hasCode(error, 'OUTSIDE_TOO_LARGE')) throw new RequestRefused('resultTooLarge', String(error));
    throw error;
  });
  return content;
}

function sightOf(query: DataQuery, content: Uint8Array): Uint8Array {
  if (query.as === 'digest') return concatBytes([sha256(content), wordOf(BigInt(content.length))]);
  const text = decode(content);
  const value: unknown = query.select === undefined && query.as !== 'json' ? text.trim() : selectOne(text, query.select);
  if (query.as === 'json') return new TextEncoder().encode(canonicalJson(value));
  if (query.as === 'text') {
    if (typeof value === 'object') throw invalid('the value is no text');
    return new TextEncoder().encode(String(value));
  }
  const scaled =
    typeof value === 'number' || typeof value === 'string' ? scaledInteger(String(value), query.decimals) : undefined;
  if (scaled === undefined) throw invalid('the value is no number');
  return wordOf(scaled);
}

function selectOne(text: string, path: string | undefined): unknown {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw invalid('the content is not JSON');
  }
  if (path === undefined) return content;
  // What JSON.parse gives is what the library means by a JSON value.
  const found = selectPath(path, content as JSONValue).values();
  if (found.length !== 1) throw invalid(`the path selects ${found.length} values`);
  return found[0];
}

function medianOf({ details, tolerancePpm }: DataQuery, values: readonly Uint8Array[]): Verdict {
  const sorted = values.map(fromWord).sort((left, right) => (left < right ? -1 : left > right ? 1 : 0));
  const median = sorted[(sorted.length - 1) >> 1] as bigint;
  if (!details) return { kind: 'value', value: wordOf(median) };
  const outliers = sorted.filter((value) => isOutlier(value, median, tolerancePpm)).length;
  const words = [median, BigInt(sorted.length), BigInt(outliers), sorted[0] as bigint, sorted.at(-1) as bigint];
  return { kind: 'value', value: concatBytes(words.map(wordOf)) };
}

/** Whether a median, the first word of a result, is no further from what a member saw than it may be. */
function isNear(result: Uint8Array, own: Uint8Array, maxDistance: bigint | undefined): boolean {
  if (maxDistance === undefined) return true;
  const distance = fromWord(result.subarray(0, WORD_BYTES)) - fromWord(own);
  return distance <= maxDistance && -distance <= maxDistance;
}

/** Whether a value lies further from the median than the tolerance, a part of the median's magnitude. */
export function isOutlier(value: bigint, median: bigint, tolerancePpm: number): boolean {
  const distance = value > median ? value - median : median - value;
  const magnitude = median < 0n ? -median : median;
  return distance * 1_000_000n > magnitude * BigInt(tolerancePpm);
}

function majorityOf(values: readonly Uint8Array[], groupSize: number): Verdict | undefined {
  const counts = new Map<string, { readonly value: Uint8Array; count: number }>();
  for (const value of values) {
    const entry = counts.get(toHex(value)) ?? { value, count: 0 };
    entry.count++;
    counts.set(toHex(value), entry);
  }
  for (const { value, count } of counts.values()) if (count > groupSize / 2) return { kind: 'value', value };
  // While members that are not heard yet could make a majority there is no verdict: else whoever leads could leave some of them out.
  const most = Math.max(...[...counts.values()].map(({ count }) => count));
  return most + (groupSize - values.length) > groupSize / 2 ? undefined : { kind: 'failure', reason: 'noAgreement' };
}

function decode(content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw invalid('the content is not UTF-8');
  }
}

function invalid(detail: string): RequestRefused {
  return new RequestRefused('invalidData', detail);
}
