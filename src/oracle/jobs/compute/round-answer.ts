import { concatBytes, fromHex, type Hex, toHex } from '../../../crypto/index.ts';

/** Why a client's update is not in the model, in the order of their numbers. */
export const rejectionReasons = ['none', 'outvoted', 'unusable', 'absent'] as const;
export type RejectionReason = Exclude<(typeof rejectionReasons)[number], 'none'>;

/** What the ledger learns of a round. Places count from 0 in the order of enrolment. */
export interface RoundAnswer {
  readonly round: number;
  readonly digest: Hex;
  /** Of the record with all that is said of the round. */
  readonly record: Hex;
  readonly sizeBytes: number;
  readonly accuracyPpm: number;
  readonly lossPpm: bigint;
  /** Places ascending. */
  readonly accepted: readonly { readonly place: number; readonly samples: number }[];
  readonly rejected: readonly { readonly place: number; readonly why: RejectionReason }[];
}

const HEAD_BYTES = 88;
const ACCEPTED_BYTES = 6;
const REJECTED_BYTES = 3;
const MILLION = 1_000_000;

/** A measured number in parts of a million, as the ledger has it: what is no number, or beyond it, is the largest. */
export function partsPerMillion(value: number, max: number): number {
  return value * MILLION <= max ? Math.max(0, Math.round(value * MILLION)) : max;
}

/** The bytes that `RoundAnswer.sol` reads. */
export function encodeRoundAnswer(answer: RoundAnswer): Uint8Array {
  const { round, digest, record, sizeBytes, accuracyPpm, lossPpm, accepted, rejected } = answer;
  return concatBytes([
    number(round, 4),
    fromHex(digest),
    fromHex(record),
    number(sizeBytes, 4),
    number(accuracyPpm, 4),
    number(lossPpm, 8),
    number(accepted.length, 2),
    number(rejected.length, 2),
    ...accepted.flatMap(({ place, samples }) => [number(place, 2), number(samples, 4)]),
    ...rejected.flatMap(({ place, why }) => [number(place, 2), number(rejectionReasons.indexOf(why), 1)]),
  ]);
}

/** Undefined for bytes that are none. */
export function decodeRoundAnswer(bytes: Uint8Array): RoundAnswer | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [acceptedCount, rejectedCount] = [view.getUint16(84), view.getUint16(86)];
  const rejectedFrom = HEAD_BYTES + acceptedCount * ACCEPTED_BYTES;
  if (bytes.length !== rejectedFrom + rejectedCount * REJECTED_BYTES) return undefined;
  const rejected = Array.from({ length: rejectedCount }, (_, at) => {
    const from = rejectedFrom + at * REJECTED_BYTES;
    return { place: view.getUint16(from), why: rejectionReasons[view.getUint8(from + 2)] };
  });
  const known = rejected.flatMap(({ place, why }) => (why === undefined || why === 'none' ? [] : [{ place, why }]));
  if (known.length < rejectedCount) return undefined;
  return {
    round: view.getUint32(0),
    digest: toHex(bytes.subarray(4, 36)),
    record: toHex(bytes.subarray(36, 68)),
    sizeBytes: view.getUint32(68),
    accuracyPpm: view.getUint32(72),
    lossPpm: view.getBigUint64(76),
    accepted: Array.from({ length: acceptedCount }, (_, at) => {
      const from = HEAD_BYTES + at * ACCEPTED_BYTES;
      return { place: view.getUint16(from), samples: view.getUint32(from + 2) };
    }),
    rejected: known,
  };
}

function number(value: number | bigint, bytes: number): Uint8Array {
  return fromHex(`0x${value.toString(16).padStart(bytes * 2, '0')}`);
}
