import { encodeRlp, type RlpInput } from '../../../crypto/index.ts';
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
    text(record.previous),
    text(record.digest),
    record.accepted.map(({ client, digest, samples, share }) => [text(client), text(digest), samples, float(share)]),
    record.rejected.map(({ client, digest, samples, reason }) => [text(client), text(digest), samples, text(reason)]),
    record.absent.map(({ client, reason }) => [text(client), text(reason)]),
    [float(accuracy), float(loss), evaluations, ...(triggered === undefined ? [] : [float(triggered)])],
  ]);
}

export function digestOfRoundRecord(record: RoundRecord): WeightsDigest {
  return digestOfBytes(encodeRoundRecord(record));
}

function text(value: string): RlpInput {
  return new TextEncoder().encode(value);
}

/** IEEE 754 double precision, big-endian; every NaN is the same one. */
function float(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, Number.isNaN(value) ? Number.NaN : value);
  return bytes;
}
