import { TreadleError } from '../errors.ts';
import './errors.ts';
import { type Address, type Hex, toHex } from './hex.ts';
import { decodeRlp, type RlpItem } from './rlp.ts';

/** Reads the items of one RLP list in order; whatever does not fit throws MESSAGE_MALFORMED with the field's name. */
export interface RlpReader {
  bytes(name: string, lengthMax: number): Uint8Array;
  /** Exactly `length` bytes. */
  fixed(name: string, length: number): Uint8Array;
  hash(name: string): Hex;
  address(name: string): Address;
  /** An unsigned integer without leading zeros, at most 256 bits. */
  uint(name: string): bigint;
  integer(name: string, max: number): number;
  text(name: string, bytesMax: number): string;
  list(name: string, lengthMax: number): RlpReader[];
  /** The next item, itself a list. */
  sublist(name: string): RlpReader;
  isAtEnd(): boolean;
  /** Nothing may follow. */
  end(): void;
}

function malformed(message: string, detail: string): TreadleError {
  return new TreadleError('MESSAGE_MALFORMED', { detail: `${message}: ${detail}` });
}

/** Opens an RLP list. @throws TreadleError MESSAGE_MALFORMED */
export function readRlp(bytes: Uint8Array, message: string): RlpReader {
  let item: RlpItem;
  try {
    item = decodeRlp(bytes);
  } catch {
    throw malformed(message, 'not RLP');
  }
  return reader(item, message);
}

function reader(list: RlpItem, message: string): RlpReader {
  if (!Array.isArray(list)) throw malformed(message, 'a list is expected');
  let at = 0;
  const next = (name: string): RlpItem => {
    const item = list[at++];
    if (item === undefined) throw malformed(message, `${name} is missing`);
    return item;
  };
  const bytes = (name: string, lengthMax: number): Uint8Array => {
    const item = next(name);
    if (!(item instanceof Uint8Array)) throw malformed(message, `${name} must be bytes`);
    if (item.length > lengthMax) throw malformed(message, `${name} has ${item.length} bytes, ${lengthMax} are allowed`);
    return item;
  };
  const fixed = (name: string, length: number): Uint8Array => {
    const item = bytes(name, length);
    if (item.length !== length) throw malformed(message, `${name} must have ${length} bytes`);
    return item;
  };
  const uint = (name: string): bigint => {
    const item = bytes(name, 32);
    if (item[0] === 0) throw malformed(message, `${name} has leading zeros`);
    return item.length === 0 ? 0n : BigInt(toHex(item));
  };
  return {
    bytes,
    fixed,
    uint,
    hash: (name) => toHex(fixed(name, 32)),
    address: (name) => toHex(fixed(name, 20)),
    integer(name, max) {
      const value = uint(name);
      if (value > BigInt(max)) throw malformed(message, `${name} is above ${max}`);
      return Number(value);
    },
    text(name, bytesMax) {
      const item = bytes(name, bytesMax);
      try {
        return new TextDecoder('utf-8', { fatal: true }).decode(item);
      } catch {
        throw malformed(message, `${name} is not UTF-8`);
      }
    },
    list(name, lengthMax) {
      const item = next(name);
      if (!Array.isArray(item)) throw malformed(message, `${name} must be a list`);
      if (item.length > lengthMax) throw malformed(message, `${name} has ${item.length} items, ${lengthMax} are allowed`);
      return item.map((inner) => reader(inner, `${message}.${name}`));
    },
    sublist: (name) => reader(next(name), `${message}.${name}`),
    isAtEnd: () => at >= list.length,
    end() {
      if (at < list.length) throw malformed(message, `${list.length - at} items too many`);
    },
  };
}
