import { keccak256 } from '../../../crypto/index.ts';
import { keyOf } from '../state-snapshot.ts';

/**
 * Where records lie in the storage of their account: exactly where Solidity would put
 *
 *     mapping(address author => mapping(bytes32 key => bytes)) values;                 // slot 0
 *     mapping(address author => mapping(bytes32 digest => Anchor)) anchors;            // slot 1
 *     mapping(bytes32 id => Anchor) attestations;                                      // slot 2
 *     mapping(address author => mapping(bytes32 stream => Stream)) streams;            // slot 3
 *
 * so that everything that proves the storage of a Solidity contract proves a record too.
 */
const VALUES = 0;
const ANCHORS = 1;
const ATTESTATIONS = 2;
const STREAMS = 3;

const scratch = new Uint8Array(64);

/** The slot of `key` in the mapping at `slot`: keccak256(key | slot). */
function mappingSlot(key: Uint8Array, slot: Uint8Array | number): Uint8Array {
  scratch.fill(0);
  scratch.set(key, 32 - key.length);
  if (typeof slot === 'number') scratch[63] = slot;
  else scratch.set(slot, 32);
  return keccak256(scratch);
}

/** The head of the value that `author` put under `key`. */
export function valueSlot(author: Uint8Array, key: Uint8Array): Uint8Array {
  return mappingSlot(key, mappingSlot(author, VALUES));
}

export function anchorSlot(author: Uint8Array, digest: Uint8Array): Uint8Array {
  return mappingSlot(digest, mappingSlot(author, ANCHORS));
}

/** @param id - keccak256(abi.encode(author, subject, digest, kind)) */
export function attestationSlot(id: Uint8Array): Uint8Array {
  return mappingSlot(id, ATTESTATIONS);
}

/** The first of the two slots of a stream. */
export function streamSlot(author: Uint8Array, stream: Uint8Array): Uint8Array {
  return mappingSlot(stream, mappingSlot(author, STREAMS));
}

/** Where the words of a value of 32 bytes and more begin. */
export function contentSlot(head: Uint8Array): Uint8Array {
  return keccak256(head);
}

/** The slot `offset` places after this one, modulo 2^256, as a key of storage. */
export function slotKey(slot: Uint8Array, offset = 0): string {
  if (offset === 0) return keyOf(slot);
  const next = Uint8Array.from(slot);
  let carry = offset;
  for (let at = 31; at >= 0 && carry > 0; at--) {
    const sum = (next[at] as number) + carry;
    next[at] = sum & 255;
    carry = Math.floor(sum / 256);
  }
  return keyOf(next);
}
