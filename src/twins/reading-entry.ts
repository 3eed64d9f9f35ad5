import { concatBytes, equalBytes } from '../crypto/index.ts';
import { type Reading, readingFault } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import './errors.ts';

/** Bytes of the random salt of each entry: without it, whoever guesses a reading could confirm it by its hash. */
export const SALT_BYTES = 16;

const VERSION = 1;
const NUMBER = 1;
const TEXT = 2;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A reading with the salt that hides it in its hash. */
export interface SaltedReading {
  readonly reading: Reading;
  readonly salt: Uint8Array;
}

/**
 * The one encoding of a reading, integers big-endian: version 1 (1 byte), salt (16), length of twin (2) and twin in UTF-8,
 * length of metric (2) and metric, milliseconds (8), then 1 and an IEEE 754 double (8), or 2, length (2) and a text in UTF-8.
 * @throws TreadleError TELEMETRY_INVALID
 */
export function encodeReading({ reading, salt }: SaltedReading): Uint8Array {
  const fault = salt.length === SALT_BYTES ? readingFault(reading) : `a salt has ${SALT_BYTES} bytes`;
  if (fault !== undefined) throw new TreadleError('TELEMETRY_INVALID', { detail: `the reading cannot be encoded: ${fault}` });
  const { twin, metric, timeMs, value } = reading;
  const time = new Uint8Array(8);
  new DataView(time.buffer).setBigUint64(0, BigInt(timeMs));
  return concatBytes([Uint8Array.of(VERSION), salt, ...text(twin), ...text(metric), time, ...valueBytes(value)]);
}

function valueBytes(value: number | string): readonly Uint8Array[] {
  if (typeof value === 'string') return [Uint8Array.of(TEXT), ...text(value)];
  const bytes = new Uint8Array(9);
  bytes[0] = NUMBER;
  // -0 and 0 are one reading: databases do not keep them apart.
  new DataView(bytes.buffer).setFloat64(1, value === 0 ? 0 : value);
  return [bytes];
}

function text(value: string): readonly [Uint8Array, Uint8Array] {
  const bytes = encoder.encode(value);
  return [Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes];
}

/** Reads an entry; undefined when the bytes are not the encoding of a reading. */
export function decodeReading(entry: Uint8Array): SaltedReading | undefined {
  try {
    const view = new DataView(entry.buffer, entry.byteOffset, entry.byteLength);
    let at = 1 + SALT_BYTES;
    const take = (length: number): Uint8Array => {
      if (at + length > entry.length) throw new RangeError('too short');
      at += length;
      return entry.subarray(at - length, at);
    };
    const takeText = (): string => {
      const length = view.getUint16(at);
      at += 2;
      return decoder.decode(take(length));
    };
    const twin = takeText();
    const metric = takeText();
    const timeMs = Number(view.getBigUint64(at));
    const kind = view.getUint8(at + 8);
    at += 9;
    const value = kind === TEXT ? takeText() : new DataView(take(8).slice().buffer).getFloat64(0);
    const read = { reading: { twin, metric, timeMs, value }, salt: entry.slice(1, 1 + SALT_BYTES) };
    // There is one encoding: whatever differs from it is something else.
    return equalBytes(encodeReading(read), entry) ? read : undefined;
  } catch {
    return undefined;
  }
}
