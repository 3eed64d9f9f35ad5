/** What RLP decodes to: bytes or a list. */
export type RlpItem = Uint8Array | RlpItem[];

/** An item that was encoded before, to stand in a list as it is. */
export class EncodedRlp {
  readonly bytes: Uint8Array;

  constructor(value: RlpInput) {
    this.bytes = encodeRlp(value);
  }
}

/** What RLP encodes: bytes, natural numbers (big-endian, without leading zeros) and lists of them. */
export type RlpInput = Uint8Array | number | bigint | EncodedRlp | readonly RlpInput[];

const STRING = 0x80;
const LIST = 0xc0;
/** Contents of so many bytes and more have their length in bytes of its own. */
const LONG = 56;
/** Lists within lists: the deepest message of the house nests a dozen; a call stack has room for this many. */
const DEPTH_MAX = 1024;

/**
 * Encodes a value as RLP (Ethereum's Recursive Length Prefix): lengths first, then everything into one array.
 * @param options - `bytesBefore`: zero bytes left before it, for what travels with it
 * @throws RangeError when a number is negative or no integer
 */
export function encodeRlp(value: RlpInput, options: { readonly bytesBefore?: number } = {}): Uint8Array {
  const { bytesBefore = 0 } = options;
  const lengths: number[] = [];
  const out = new Uint8Array(bytesBefore + measure(value, lengths));
  write(value, { out, lengths, nextLength: 0 }, bytesBefore);
  return out;
}

/** Bytes of the item; the content lengths of the lists in it are appended to `lengths`, each before those within. */
function measure(value: RlpInput, lengths: number[]): number {
  if (value instanceof Uint8Array) {
    return value.length === 1 && (value[0] as number) < STRING ? 1 : headerBytes(value.length) + value.length;
  }
  if (typeof value === 'number' || typeof value === 'bigint') {
    return value >= 0 && value < STRING ? measureSmall(value) : 1 + numberBytes(value);
  }
  if (value instanceof EncodedRlp) return value.bytes.length;
  const at = lengths.push(0) - 1;
  let length = 0;
  for (let index = 0; index < value.length; index++) length += measure(value[index] as RlpInput, lengths);
  lengths[at] = length;
  return headerBytes(length) + length;
}

function measureSmall(value: number | bigint): number {
  if (typeof value === 'number' && !Number.isInteger(value)) throw noEncoding();
  return 1;
}

/** Bytes of a number of 128 and more, all of which have room in a string of fewer than 56. */
function numberBytes(value: number | bigint): number {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value < 0) throw noEncoding();
    let bytes = 0;
    for (let left = value; left > 0; left = Math.floor(left / 256)) bytes++;
    return bytes;
  }
  if (value < 0n) throw noEncoding();
  let bytes = 0;
  for (let left = value; left > 0n; left >>= 8n) bytes++;
  if (bytes >= LONG) throw noEncoding();
  return bytes;
}

interface Writer {
  readonly out: Uint8Array;
  readonly lengths: readonly number[];
  nextLength: number;
}

function write(value: RlpInput, writer: Writer, at: number): number {
  const { out } = writer;
  if (value instanceof Uint8Array) {
    const from =
      value.length === 1 && (value[0] as number) < STRING ? at : writeHeader(out, at, { base: STRING, length: value.length });
    out.set(value, from);
    return from + value.length;
  }
  if (typeof value === 'number' || typeof value === 'bigint') return writeNumber(value, out, at);
  if (value instanceof EncodedRlp) {
    out.set(value.bytes, at);
    return at + value.bytes.length;
  }
  let next = writeHeader(out, at, { base: LIST, length: writer.lengths[writer.nextLength++] as number });
  for (let index = 0; index < value.length; index++) next = write(value[index] as RlpInput, writer, next);
  return next;
}

function writeNumber(value: number | bigint, out: Uint8Array, at: number): number {
  if (value < STRING) {
    // Zero is the empty string.
    out[at] = value === 0 || value === 0n ? STRING : Number(value);
    return at + 1;
  }
  const bytes = numberBytes(value);
  out[at] = STRING + bytes;
  if (typeof value === 'number') {
    for (let left = value, to = at + bytes; to > at; to--, left = Math.floor(left / 256)) out[to] = left % 256;
  } else {
    for (let left = value, to = at + bytes; to > at; to--, left >>= 8n) out[to] = Number(left & 255n);
  }
  return at + 1 + bytes;
}

function headerBytes(length: number): number {
  return length < LONG ? 1 : 1 + lengthBytes(length);
}

function lengthBytes(length: number): number {
  return length < 0x100 ? 1 : length < 0x1_0000 ? 2 : length < 0x100_0000 ? 3 : 4;
}

function writeHeader(out: Uint8Array, at: number, { base, length }: { readonly base: number; readonly length: number }): number {
  if (length < LONG) {
    out[at] = base + length;
    return at + 1;
  }
  const bytes = lengthBytes(length);
  out[at] = base + LONG - 1 + bytes;
  for (let offset = 0; offset < bytes; offset++) out[at + bytes - offset] = (length >>> (8 * offset)) & 255;
  return at + 1 + bytes;
}

/**
 * Decodes exactly one RLP item in canonical form. Its strings are copies, so that a small one does not keep a large frame
 * in memory.
 * @throws RangeError when the bytes are anything else
 */
export function decodeRlp(bytes: Uint8Array): RlpItem {
  if (bytes.length === 0) throw new RangeError('RLP: an item is missing');
  const reader = { bytes, at: 0 };
  const item = readItem(reader, bytes.length, 0);
  if (reader.at !== bytes.length) throw notCanonical();
  return item;
}

interface Reader {
  readonly bytes: Uint8Array;
  at: number;
}

/** Reads the item at the reader's place, which must end at `end` or before. */
function readItem(reader: Reader, end: number, depth: number): RlpItem {
  const { bytes } = reader;
  const first = bytes[reader.at] as number;
  if (first < STRING) return bytes.slice(reader.at, ++reader.at);
  if (first < LIST) {
    const to = readHeader(reader, end, STRING);
    const content = bytes.slice(reader.at, to);
    // A byte below 0x80 stands for itself.
    if (content.length === 1 && (content[0] as number) < STRING) throw notCanonical();
    reader.at = to;
    return content;
  }
  if (depth === DEPTH_MAX) throw notCanonical();
  const to = readHeader(reader, end, LIST);
  const items: RlpItem[] = [];
  while (reader.at < to) items.push(readItem(reader, to, depth + 1));
  return items;
}

/** Moves to the content of a string or a list and returns where it ends. */
function readHeader(reader: Reader, end: number, base: number): number {
  const { bytes } = reader;
  const short = (bytes[reader.at] as number) - base;
  reader.at += 1;
  let length = short;
  if (short >= LONG) {
    const count = short - LONG + 1;
    if (reader.at + count > end || bytes[reader.at] === 0) throw notCanonical();
    length = 0;
    for (let offset = 0; offset < count; offset++) length = length * 256 + (bytes[reader.at + offset] as number);
    if (length < LONG) throw notCanonical();
    reader.at += count;
  }
  if (reader.at + length > end) throw notCanonical();
  return reader.at + length;
}

function noEncoding(): RangeError {
  return new RangeError('RLP has no encoding for this value');
}

function notCanonical(): RangeError {
  return new RangeError('not canonical RLP');
}
