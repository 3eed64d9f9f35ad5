import type { Hex } from '../crypto/index.ts';
import type { Objects } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import type { AnchorSegment } from './checkpoint.ts';
import './errors.ts';
import { numberPath } from './tile-paths.ts';

/** A checkpoint of a log as its folder keeps it: what was put on the ledger, and where. */
export interface SegmentRecord extends AnchorSegment {
  /** Size of the tree with it. */
  readonly size: number;
  /** Whose stream it is. */
  readonly author: Hex;
  /** Absent when the log was stopped between sending and hearing of it. */
  readonly blockNumber?: number;
  readonly transactionHash?: Hex;
}

/** Where the record of the segment with this number (from 0) lies. */
export function segmentPath(sequence: number): string {
  return `segment/${numberPath(sequence)}`;
}

export function encodeSegmentRecord(record: SegmentRecord): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(record)}\n`);
}

/** The record with this number; undefined when there is none. @throws TreadleError TWINS_LOG_DAMAGED */
export async function readSegmentRecord(objects: Objects, sequence: number): Promise<SegmentRecord | undefined> {
  const path = segmentPath(sequence);
  const bytes = await objects.get(path);
  if (bytes === undefined) return undefined;
  try {
    const record = JSON.parse(new TextDecoder().decode(bytes)) as SegmentRecord;
    const hashes = [record.previous, record.root].every((hash) => /^0x[0-9a-f]{64}$/.test(hash));
    const numbers = [record.fromMs, record.toMs, record.count, record.size].every((number) => Number.isSafeInteger(number));
    if (hashes && numbers && /^0x[0-9a-f]{40}$/.test(record.author)) return record;
  } catch {
    // Told below.
  }
  throw new TreadleError('TWINS_LOG_DAMAGED', { detail: `${path} is not the record of a segment`, data: { path } });
}
