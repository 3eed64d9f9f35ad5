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
  readonly records: readonly Uint8Array[];
  /** Bytes of the valid records at the start; what follows is a torn tail. */
  readonly validBytes: number;
  /** Where a valid record follows a damaged one. */
  readonly damagedAt?: number;
}

/** Reads records until one is not valid, and then looks whether that is the torn tail or damage. */
export function readRecords(bytes: Buffer): LogContent {
  const records: Uint8Array[] = [];
  let at = 0;
  for (let content = recordAt(bytes, at); content !== undefined; content = recordAt(bytes, at)) {
    records.push(content);
    at += HEADER_BYTES + content.length;
  }
  return { records, validBytes: at, ...(validRecordBehind(bytes, at) && { damagedAt: at }) };
}

function validRecordBehind(bytes: Buffer, at: number): boolean {
  for (let next = bytes.indexOf(MARK, at + 1); next >= 0; next = bytes.indexOf(MARK, next + 1)) {
    if (recordAt(bytes, next) !== undefined) return true;
  }
  return false;
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
