import { type Address, type Hex, isAddress } from '../crypto/index.ts';
import type { Reading } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import type { RpcCertificate } from '../ledger/light/index.ts';
import { TWINS_BUNDLE_BYTES_MAX, TWINS_BUNDLE_HEADERS_MAX, TWINS_PROOF_HASHES_MAX } from '../limits.ts';
import type { AnchorSegment } from './checkpoint.ts';
import './errors.ts';

export const BUNDLE_FORMAT = 'treadle-reading-proof/1';

/** Everything that proves one reading to somebody who has nothing but the genesis of the chain. */
export interface ProofBundle {
  readonly format: typeof BUNDLE_FORMAT;
  readonly reading: Reading;
  readonly salt: Hex;
  /** Place of the reading in the log, from 0. */
  readonly index: number;
  /** Text of the checkpoint that covers it. */
  readonly checkpoint: string;
  /** The audit path, lowest hash first. */
  readonly inclusion: readonly Hex[];
  /** Shows that the checkpoint continues an older one. */
  readonly consistency?: { readonly checkpoint: string; readonly path: readonly Hex[] };
  /** Shows that the checkpoint stands on the ledger. */
  readonly anchor?: BundleAnchor;
}

export interface BundleAnchor {
  /** The account whose stream it is. */
  readonly author: Address;
  /** The segment of the checkpoint; its root is the checkpoint's. */
  readonly segment: Omit<AnchorSegment, 'root'>;
  /** Headers with their certificates, oldest first: each is signed by sealers that the one before it names, the first by those of genesis. */
  readonly headers: readonly { readonly rlp: Hex; readonly certificate: RpcCertificate }[];
  /** The stream's two slots after the last of these headers, as `eth_getProof` answers. */
  readonly proof: StorageProof;
}

/** What of an answer of `eth_getProof` counts. */
export interface StorageProof {
  readonly balance: Hex;
  readonly nonce: Hex;
  readonly codeHash: Hex;
  readonly storageHash: Hex;
  readonly accountProof: readonly Hex[];
  readonly storageProof: readonly { readonly key: Hex; readonly value: Hex; readonly proof: readonly Hex[] }[];
}

/** The text of a bundle. */
export function formatBundle(bundle: ProofBundle): string {
  return `${JSON.stringify(bundle, null, 2)}\n`;
}

/** Reads a bundle. What it claims is not checked here. @throws TreadleError TWINS_BUNDLE_MALFORMED naming the field */
export function parseBundle(text: string): ProofBundle {
  if (text.length > TWINS_BUNDLE_BYTES_MAX) throw malformed('it is too large');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw malformed('it is no JSON', cause);
  }
  const fields = record(parsed, 'the bundle');
  if (fields['format'] !== BUNDLE_FORMAT) throw malformed(`its format is not "${BUNDLE_FORMAT}"`);
  const { consistency, anchor } = fields;
  return {
    format: BUNDLE_FORMAT,
    reading: readReading(record(fields['reading'], 'reading')),
    salt: hex(fields['salt'], 'salt', 16),
    index: whole(fields['index'], 'index'),
    checkpoint: words(fields['checkpoint'], 'checkpoint'),
    inclusion: hashes(fields['inclusion'], 'inclusion'),
    ...(consistency !== undefined && { consistency: readConsistency(record(consistency, 'consistency')) }),
    ...(anchor !== undefined && { anchor: readAnchor(record(anchor, 'anchor')) }),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function readReading(fields: Fields): Reading {
  const { value } = fields;
  if (typeof value !== 'string' && typeof value !== 'number') throw malformed('reading.value is neither a number nor a text');
  return {
    twin: words(fields['twin'], 'reading.twin'),
    metric: words(fields['metric'], 'reading.metric'),
    timeMs: whole(fields['timeMs'], 'reading.timeMs'),
    value,
  };
}

function readConsistency(fields: Fields): NonNullable<ProofBundle['consistency']> {
  return { checkpoint: words(fields['checkpoint'], 'consistency.checkpoint'), path: hashes(fields['path'], 'consistency.path') };
}

function readAnchor(fields: Fields): BundleAnchor {
  const author = words(fields['author'], 'anchor.author');
  if (!isAddress(author)) throw malformed('anchor.author is no address in lower case');
  const segment = record(fields['segment'], 'anchor.segment');
  const headers = list(fields['headers'], 'anchor.headers');
  if (headers.length === 0 || headers.length > TWINS_BUNDLE_HEADERS_MAX)
    throw malformed(`anchor.headers has ${headers.length} headers`);
  return {
    author,
    segment: {
      previous: hex(segment['previous'], 'anchor.segment.previous', 32),
      fromMs: whole(segment['fromMs'], 'anchor.segment.fromMs'),
      toMs: whole(segment['toMs'], 'anchor.segment.toMs'),
      count: whole(segment['count'], 'anchor.segment.count'),
    },
    headers: headers.map((each, at) => readHeader(record(each, `anchor.headers[${at}]`), `anchor.headers[${at}]`)),
    proof: readProof(record(fields['proof'], 'anchor.proof')),
  };
}

function readHeader(fields: Fields, name: string): BundleAnchor['headers'][number] {
  const certificate = record(fields['certificate'], `${name}.certificate`);
  return {
    rlp: hex(fields['rlp'], `${name}.rlp`),
    certificate: {
      height: whole(certificate['height'], `${name}.certificate.height`),
      round: whole(certificate['round'], `${name}.certificate.round`),
      digest: hex(certificate['digest'], `${name}.certificate.digest`, 32),
      signatures: list(certificate['signatures'], `${name}.certificate.signatures`).map((each) =>
        hex(each, `${name}.certificate.signatures`, 65),
      ),
    },
  };
}

function readProof(fields: Fields): StorageProof {
  const nodes = (value: unknown, name: string): Hex[] => list(value, name).map((node) => hex(node, name));
  return {
    balance: quantity(fields['balance'], 'anchor.proof.balance'),
    nonce: quantity(fields['nonce'], 'anchor.proof.nonce'),
    codeHash: hex(fields['codeHash'], 'anchor.proof.codeHash', 32),
    storageHash: hex(fields['storageHash'], 'anchor.proof.storageHash', 32),
    accountProof: nodes(fields['accountProof'], 'anchor.proof.accountProof'),
    storageProof: list(fields['storageProof'], 'anchor.proof.storageProof').map((each) => {
      const entry = record(each, 'anchor.proof.storageProof');
      return {
        key: quantity(entry['key'], 'anchor.proof.storageProof.key'),
        value: quantity(entry['value'], 'anchor.proof.storageProof.value'),
        proof: nodes(entry['proof'], 'anchor.proof.storageProof.proof'),
      };
    }),
  };
}

function record(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(`${name} is no object`);
  return value as Fields;
}

function list(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(`${name} is no list`);
  return value;
}

function hashes(value: unknown, name: string): readonly Hex[] {
  const all = list(value, name);
  if (all.length > TWINS_PROOF_HASHES_MAX) throw malformed(`${name} has ${all.length} hashes`);
  return all.map((each) => hex(each, name, 32));
}

function words(value: unknown, name: string): string {
  if (typeof value !== 'string') throw malformed(`${name} is no text`);
  return value;
}

function whole(value: unknown, name: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw malformed(`${name} is no whole number`);
  return value as number;
}

function hex(value: unknown, name: string, lengthBytes?: number): Hex {
  const wanted = typeof value === 'string' && /^0x(?:[0-9a-f]{2})*$/.test(value);
  if (!wanted || (lengthBytes !== undefined && (value as string).length !== 2 + 2 * lengthBytes))
    throw malformed(`${name} is not ${lengthBytes === undefined ? '' : `${lengthBytes} bytes of `}hex in lower case`);
  return value as Hex;
}

function quantity(value: unknown, name: string): Hex {
  if (typeof value !== 'string' || !/^0x[0-9a-f]{1,64}$/.test(value)) throw malformed(`${name} is no quantity in hex`);
  return value as Hex;
}

function malformed(what: string, cause?: unknown): TreadleError {
  return new TreadleError('TWINS_BUNDLE_MALFORMED', {
    detail: `the bundle cannot be read: ${what}`,
    ...(cause !== undefined && { cause }),
  });
}
