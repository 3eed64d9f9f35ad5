/**
 * Reads the items of one RLP list in place, in canonical form only: undefined where the bytes are anything else, and
 * for good from there on.
 */
export class RlpCursor {
  at: number;
  private readonly bytesAll: Uint8Array;
  private end: number;

  constructor(bytes: Uint8Array, from: number) {
    this.bytesAll = bytes;
    this.at = from;
    this.end = bytes.length;
  }

  /** Steps into the list that begins here; false when it is none or does not end where the bytes end. */
  enterList(): boolean {
    const first = this.bytesAll[this.at];
    if (first === undefined || first < 0xc0) return false;
    const length = first <= 0xf7 ? first - 0xc0 : this.longLength(first - 0xf7);
    if (length === undefined) return false;
    this.at += first <= 0xf7 ? 1 : 1 + first - 0xf7;
    return this.at + length === this.end;
  }

  atEnd(): boolean {
    return this.at === this.end;
  }

  /** A byte string, of `length` bytes when given; it shares memory. */
  bytes(length?: number): Uint8Array | undefined {
    const first = this.at < this.end ? (this.bytesAll[this.at] as number) : 0xff;
    if (first < 0x80) return this.take(this.at, 1, length);
    if (first <= 0xb7) {
      const short = first - 0x80;
      // A single byte below 0x80 stands for itself.
      if (short === 1 && (this.bytesAll[this.at + 1] as number) < 0x80) return this.fail();
      return this.take(this.at + 1, short, length);
    }
    if (first > 0xbf) return this.fail();
    const long = this.longLength(first - 0xb7);
    return long === undefined ? this.fail() : this.take(this.at + 1 + first - 0xb7, long, length);
  }

  /** A natural number of at most `bytesMax` bytes without leading zeros. */
  natural(bytesMax: number): bigint | undefined {
    const bytes = this.bytes();
    if (bytes === undefined || bytes.length > bytesMax || bytes[0] === 0) return bytes && this.fail();
    if (bytes.length <= 6) {
      let small = 0;
      for (const byte of bytes) small = small * 256 + byte;
      return BigInt(small);
    }
    let value = 0n;
    for (const byte of bytes) value = (value << 8n) | BigInt(byte);
    return value;
  }

  /** A number from 1 to 2^256 - 1, as its bytes. */
  scalar(): Uint8Array | undefined {
    const bytes = this.bytes();
    return bytes === undefined || bytes.length === 0 || bytes.length > 32 || bytes[0] === 0 ? bytes && this.fail() : bytes;
  }

  /** The length that the next `lengthBytes` bytes tell, when this form is needed for it. */
  private longLength(lengthBytes: number): number | undefined {
    // What a frame carries has a length of three bytes.
    if (lengthBytes > 3 || this.bytesAll[this.at + 1] === 0) return undefined;
    let length = 0;
    for (let offset = 1; offset <= lengthBytes; offset++) length = length * 256 + (this.bytesAll[this.at + offset] ?? 0);
    return length < 56 ? undefined : length;
  }

  private take(from: number, found: number, wanted: number | undefined): Uint8Array | undefined {
    if (from + found > this.end || (wanted !== undefined && found !== wanted)) return this.fail();
    this.at = from + found;
    return this.bytesAll.subarray(from, this.at);
  }

  /** Nothing that follows can be read, so that a caller may look at all items and then ask once. */
  private fail(): undefined {
    this.end = -1;
    return undefined;
  }
}

/** (order of secp256k1 - 1) / 2: the larger of the two values of s that fit a signature is refused. */
const HALF_ORDER = [
  0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e, 0x73, 0x57,
  0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
] as const;

/** True for a value of s (32 bytes) that a transaction may have. */
export function isBelowHalfOrder(s: Uint8Array): boolean {
  for (const [at, limit] of HALF_ORDER.entries()) {
    const byte = s[at] as number;
    if (byte !== limit) return byte < limit;
  }
  return true;
}
