import { decodeRlp as decodeItem, type RlpItem } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import { MESSAGE_BYTES_MAX, MESSAGE_DEPTH_MAX, MESSAGE_ITEMS_MAX, MESSAGE_NUMBER_MAX } from '../limits.ts';

/** The error for bytes that are not what they should be. */
export function malformed(detail: string, cause?: unknown): TreadleError {
  return new TreadleError('CONSENSUS_MALFORMED', { detail, ...(cause === undefined ? {} : { cause }) });
}

/**
 * Decodes RLP from a stranger: size, depth and number of items are bounded before the (recursive) decoder sees it.
 * @throws TreadleError CONSENSUS_MALFORMED
 */
export function decodeRlp(bytes: Uint8Array): RlpItem {
  if (bytes.length === 0) throw malformed('empty message');
  if (bytes.length > MESSAGE_BYTES_MAX) throw malformed(`message of ${bytes.length} bytes is above ${MESSAGE_BYTES_MAX}`);
  scan(bytes);
  try {
    return decodeItem(bytes);
  } catch (cause) {
    throw malformed('not canonical RLP', cause);
  }
}

/** The items of a list with exactly `count` items. */
export function fieldsOf(item: RlpItem | undefined, count: number, what: string): readonly RlpItem[] {
  const items = listOf(item, count, what);
  if (items.length !== count) throw malformed(`${what} has ${items.length} fields instead of ${count}`);
  return items;
}

/** The items of a list with at most `countMax` items. */
export function listOf(item: RlpItem | undefined, countMax: number, what: string): readonly RlpItem[] {
  if (!Array.isArray(item)) throw malformed(`${what} is not a list`);
  if (item.length > countMax) throw malformed(`${what} has ${item.length} items, at most ${countMax} are allowed`);
  return item;
}

/** Bytes of a length within the bounds. */
export function bytesOf(item: RlpItem | undefined, lengthMin: number, lengthMax: number, what: string): Uint8Array {
  if (!(item instanceof Uint8Array)) throw malformed(`${what} is not a byte string`);
  if (item.length < lengthMin || item.length > lengthMax) throw malformed(`${what} has a wrong length of ${item.length} bytes`);
  return item;
}

/** A natural number without leading zeros, at most MESSAGE_NUMBER_MAX. */
export function numberOf(item: RlpItem | undefined, what: string): number {
  const bytes = bytesOf(item, 0, 6, what);
  if (bytes[0] === 0) throw malformed(`${what} has leading zeros`);
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  if (value > MESSAGE_NUMBER_MAX) throw malformed(`${what} is above ${MESSAGE_NUMBER_MAX}`);
  return value;
}

/** Walks the headers once, without recursion and without copying, and checks that every item lies within its list. */
function scan(bytes: Uint8Array): void {
  const ends: number[] = [];
  let at = 0;
  for (let items = 1; at < bytes.length; items++) {
    if (items > 1 && ends.length === 0) throw malformed('bytes after the message');
    if (items > MESSAGE_ITEMS_MAX) throw malformed(`more than ${MESSAGE_ITEMS_MAX} items`);
    const header = readHeader(bytes, at);
    if (header.end > (ends.at(-1) ?? bytes.length)) throw malformed('an item reaches beyond its list');
    at = header.list ? header.start : header.end;
    if (header.list) ends.push(header.end);
    if (ends.length > MESSAGE_DEPTH_MAX) throw malformed(`lists nested deeper than ${MESSAGE_DEPTH_MAX}`);
    while (ends.at(-1) === at) ends.pop();
  }
  if (ends.length > 0) throw malformed('a list is cut off');
}

function readHeader(bytes: Uint8Array, at: number): { readonly list: boolean; readonly start: number; readonly end: number } {
  const first = bytes[at] as number;
  if (first < 0x80) return { list: false, start: at, end: at + 1 };
  const list = first >= 0xc0;
  const short = first - (list ? 0xc0 : 0x80);
  if (short <= 55) return { list, start: at + 1, end: at + 1 + short };
  const lengthBytes = short - 55;
  let length = 0;
  for (let offset = 1; offset <= lengthBytes; offset++) length = length * 256 + (bytes[at + offset] ?? 0);
  const start = at + 1 + lengthBytes;
  return { list, start, end: start + length };
}
