import { crc32 } from 'node:zlib';
import { LOG_RECORD_BYTES_MAX } from '../../limits.ts';

/** Marks the start of a record, so that a valid one can be found behind a damaged one. */
const MARK = Buffer.from('TRL1');
const HEADER_BYTES = 12;

/** A record on disk: mark (4), length of the content (4), CRC-32 of length and content (4), content. Big endian. */
export function encodeRecord(content: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(HEADER_BYTES + content.length);
  MARK.copy(out, 0);
  out.writeUInt32BE(content.length, 4);
  out.set(content, HEADER_BYTES);
  out.writeUInt32BE(checksum(out.subarray(4, 8), content), 8);
  return out;
}

/** What the bytes of a log hold. */
export interface LogContent {
  /** Every valid record, also those behind damage. */
  readonly records: readonly Uint8Array[];
  /** Bytes up to the end of the last valid record; what follows is a torn tail. */
  readonly validBytes: number;
  /** Where stretches begin that cannot be read although valid records follow them. */
  readonly damagedAt: readonly number[];
}

/** Reads all records; where one is not valid, it looks for the next mark with a valid record behind it. */
export function readRecords(bytes: Buffer): LogContent {
  const records: Uint8Array[] = [];
  const damagedAt: number[] = [];
  let at = 0;
  for (;;) {
    const content = recordAt(bytes, at);
    if (content !== undefined) {
      records.push(content);
      at += HEADER_BYTES + content.length;
      continue;
    }
    const next = validRecordBehind(bytes, at);
    if (next === undefined) return { records, validBytes: at, damagedAt };
    damagedAt.push(at);
    at = next;
  }
}

function validRecordBehind(bytes: Buffer, at: number): number | undefined {
  for (let next = bytes.indexOf(MARK, at + 1); next >= 0; next = bytes.indexOf(MARK, next + 1)) {
    if (recordAt(bytes, next) !== undefined) return next;
  }
  return undefined;
}

function recordAt(bytes: Buffer, at: number): Uint8Array | undefined {
  if (bytes.length - at < HEADER_BYTES || !bytes.subarray(at, at + 4).equals(MARK)) return undefined;
  const length = bytes.readUInt32BE(at + 4);
  if (length < 1 || length > LOG_RECORD_BYTES_MAX || at + HEADER_BYTES + length > bytes.length) return undefined;
  const content = bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
  return bytes.readUInt32BE(at + 8) === checksum(bytes.subarray(at + 4, at + 8), content) ? Uint8Array.from(content) : undefined;
}

function checksum(length: Uint8Array, content: Uint8Array): number {
  return crc32(content, crc32(length));
}
