import { concatBytes } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import './errors.ts';

/** Longest entry that a bundle can hold: its length is written in two bytes. */
export const ENTRY_BYTES_MAX = 0xffff;

/** Entries one after the other, each behind its length in two bytes, big-endian (C2SP tlog-tiles). */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  return concatBytes(entries.flatMap((entry) => [Uint8Array.of(entry.length >> 8, entry.length & 255), entry]));
}

/** @throws TreadleError TWINS_LOG_DAMAGED when the lengths do not add up */
export function decodeBundle(bytes: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 + (((bytes[at] as number) << 8) | (bytes[at + 1] ?? 0));
    if (at + 2 > bytes.length || end > bytes.length)
      throw new TreadleError('TWINS_LOG_DAMAGED', { detail: 'a bundle of entries is cut off in the middle of an entry' });
    entries.push(bytes.slice(at + 2, end));
    at = end;
  }
  return entries;
}
