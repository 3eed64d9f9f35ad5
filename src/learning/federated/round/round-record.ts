import { encodeRlp, fromHex, type RlpInput, type RlpReader, readRlp } from '../../../crypto/index.ts';
import { FEDERATED_CLIENTS_MAX, FEDERATED_ROUNDS_MAX, FEDERATED_TEXT_BYTES_MAX } from '../../../limits.ts';
import { digestOfBytes, type WeightsDigest } from '../weights.ts';

/** A client whose weights are in the new model. */
export interface AcceptedClient {
  readonly client: string;
  /** Of the weights that it announced. */
  readonly digest: WeightsDigest;
  readonly samples: number;
  readonly share: number;
}

/** A client that gave weights which are not in the new model. */
export interface RejectedClient {
  readonly client: string;
  readonly digest: WeightsDigest;
  readonly samples: number;
  readonly reason: string;
}

/** A client that was asked and gave nothing in time. */
export interface AbsentClient {
  readonly client: string;
  readonly reason: string;
}

export interface RoundMetrics {
  /** Of the new model, on test samples that judged nobody. */
  readonly accuracy: number;
  readonly loss: number;
  /** Passes over the judge's samples that the strategy took. */
  readonly evaluations: number;
  /** Share of samples with the attackers' mark that are taken for what they want; absent without such an attack. */
  readonly triggered?: number;
}

/** What a round leaves behind: enough to check the model that is handed out, and every client's training. */
export interface RoundRecord {
  /** Which training. */
  readonly training: string;
  /** From 1. */
  readonly round: number;
  /** Global model before and after. */
  readonly previous: WeightsDigest;
  readonly digest: WeightsDigest;
  /** Each list by client, ascending. */
  readonly accepted: readonly AcceptedClient[];
  readonly rejected: readonly RejectedClient[];
  readonly absent: readonly AbsentClient[];
  readonly metrics: RoundMetrics;
}

/** The record as bytes that everybody makes alike; its digest is what a ledger signs. */
export function encodeRoundRecord(record: RoundRecord): Uint8Array {
  const { accuracy, loss, evaluations, triggered } = record.metrics;
  return encodeRlp([
    text(record.training),
    record.round,
    fromHex(record.previous),
    fromHex(record.digest),
    record.accepted.map(({ client, digest, samples, share }) => [text(client), fromHex(digest), samples, float(share)]),
    record.rejected.map(({ client, digest, samples, reason }) => [text(client), fromHex(digest), samples, text(reason)]),
    record.absent.map(({ client, reason }) => [text(client), text(reason)]),
    [float(accuracy), float(loss), evaluations, ...(triggered === undefined ? [] : [float(triggered)])],
  ]);
}

/** @throws TreadleError MESSAGE_MALFORMED */
export function decodeRoundRecord(bytes: Uint8Array): RoundRecord {
  const reader = readRlp(bytes, 'round record');
  const name = (from: RlpReader, what: string) => from.text(what, FEDERATED_TEXT_BYTES_MAX);
  const given = (from: RlpReader) => ({
    client: name(from, 'client'),
    digest: from.hash('digest'),
    samples: from.integer('samples', Number.MAX_SAFE_INTEGER),
  });
  const record = {
    training: name(reader, 'training'),
    round: reader.integer('round', FEDERATED_ROUNDS_MAX),
    previous: reader.hash('previous'),
    digest: reader.hash('digest'),
    accepted: reader.list('accepted', FEDERATED_CLIENTS_MAX).map((each) => ({ ...given(each), share: readFloat(each, 'share') })),
    rejected: reader.list('rejected', FEDERATED_CLIENTS_MAX).map((each) => ({ ...given(each), reason: name(each, 'reason') })),
    absent: reader
      .list('absent', FEDERATED_CLIENTS_MAX)
      .map((each) => ({ client: name(each, 'client'), reason: name(each, 'reason') })),
    metrics: readMetrics(reader.sublist('metrics')),
  };
  reader.end();
  return record;
}

function readMetrics(reader: RlpReader): RoundMetrics {
  const [accuracy, loss] = [readFloat(reader, 'accuracy'), readFloat(reader, 'loss')];
  const evaluations = reader.integer('evaluations', Number.MAX_SAFE_INTEGER);
  return { accuracy, loss, evaluations, ...(!reader.isAtEnd() && { triggered: readFloat(reader, 'triggered') }) };
}

export function digestOfRoundRecord(record: RoundRecord): WeightsDigest {
  return digestOfBytes(encodeRoundRecord(record));
}

function text(value: string): RlpInput {
  return new TextEncoder().encode(value);
}

/** Texts of others are cut to this length before they are put into a record. */
export function shortText(value: string): string {
  return new TextDecoder()
    .decode(new TextEncoder().encode(value).subarray(0, FEDERATED_TEXT_BYTES_MAX - 4))
    .replace(/\ufffd+$/, '');
}

/** The inverse of {@link float}. @throws TreadleError MESSAGE_MALFORMED */
export function readFloat(reader: RlpReader, name: string): number {
  const bytes = reader.fixed(name, 8);
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0);
}

/** IEEE 754 double precision, big-endian; every NaN is the same one. */
export function float(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, Number.isNaN(value) ? Number.NaN : value);
  return bytes;
}
