import { crc32 } from 'node:zlib';
import type { TableOperation } from '../environment.ts';

const CHECKSUM_BYTES = 4;

/**
 * A value as a table stores it: CRC-32 of value and key (big endian), value. The key is bound in, so that a value
 * which turns up under another key fails as well as one in which a bit was flipped.
 */
export function sealValue(key: Uint8Array, value: Uint8Array): Uint8Array {
  return sealInto(Buffer.allocUnsafe(CHECKSUM_BYTES + value.length + key.length), 0, key, value);
}

/** The operations of a batch with their values sealed: in one piece of memory, because a block has thousands of small ones. */
export function sealBatch(operations: readonly TableOperation[]): TableOperation[] {
  let sizeBytes = 0;
  for (const operation of operations) {
    if (operation.type === 'put') sizeBytes += CHECKSUM_BYTES + operation.value.length + operation.key.length;
  }
  const memory = Buffer.allocUnsafe(sizeBytes);
  let at = 0;
  return operations.map((operation) => {
    if (operation.type === 'del') return operation;
    const { key, value } = operation;
    const sealed = sealInto(memory, at, key, value);
    at += sealed.length + key.length;
    return { type: 'put', key, value: sealed };
  });
}

/** Writes the sealed value to `at`. Behind it stands the key, only so that one call sums up both. */
function sealInto(memory: Buffer, at: number, key: Uint8Array, value: Uint8Array): Uint8Array {
  const start = at + CHECKSUM_BYTES;
  const end = start + value.length;
  memory.set(value, start);
  memory.set(key, end);
  memory.writeUInt32BE(crc32(memory.subarray(start, end + key.length)), at);
  return memory.subarray(at, end);
}

/** The value that was sealed under this key; undefined when the stored bytes are not that. The value is a view of them. */
export function openValue(key: Uint8Array, stored: Uint8Array): Uint8Array | undefined {
  if (stored.length < CHECKSUM_BYTES) return undefined;
  const view = new DataView(stored.buffer, stored.byteOffset, CHECKSUM_BYTES);
  // LevelDB hands out Buffers, whose `slice` and `toString` are not those of byte arrays.
  const value = new Uint8Array(stored.buffer, stored.byteOffset + CHECKSUM_BYTES, stored.length - CHECKSUM_BYTES);
  return view.getUint32(0) === crc32(key, crc32(value)) ? value : undefined;
}
