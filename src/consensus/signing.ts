import { type Address, equalBytes, fromHex, type Hex, keccak256, type NodeKey, recoverAddress } from '../crypto/index.ts';
import { invariant } from '../errors.ts';
import type { MessageType, SignedMessage, UnsignedMessage } from './messages.ts';

/** What a commit vote, and so a commit certificate, is about. */
export interface Decision {
  readonly height: number;
  readonly round: number;
  readonly digest: Hex;
}

const DOMAIN_BYTES = 32;
const DIGEST_BYTES = 32;

const tags: Readonly<Record<MessageType, Uint8Array>> = {
  'pre-prepare': new TextEncoder().encode('treadle pre-prepare'),
  prepare: new TextEncoder().encode('treadle prepare'),
  commit: new TextEncoder().encode('treadle commit'),
  'round-change': new TextEncoder().encode('treadle round-change'),
};

/**
 * The 32 bytes that a commit vote signs: keccak256("treadle commit" | domain | height | round | digest), numbers as
 * 8 bytes big-endian. Every field has a fixed width, so Solidity rebuilds it with
 * `keccak256(abi.encodePacked("treadle commit", domain, uint64(height), uint64(round), digest))`.
 */
export function commitDigest(domain: Uint8Array, decision: Decision): Uint8Array {
  return proposalDigest('commit', domain, decision);
}

/**
 * The 32 bytes that the signature of a message covers. Tag, domain, height, round and digest; a round change covers
 * the round and digest that its sender prepared instead. A proposal's bytes are covered through the digest, the proofs
 * and justifications that a message carries are covered by the signatures inside them.
 */
export function signingDigest(domain: Uint8Array, message: UnsignedMessage): Uint8Array {
  if (message.type !== 'round-change') return proposalDigest(message.type, domain, message);
  const { prepared } = message;
  return hashFields(message.type, domain, [
    uint64(message.height),
    uint64(message.round),
    Uint8Array.of(prepared === undefined ? 0 : 1),
    uint64(prepared?.round ?? 0),
    prepared === undefined ? new Uint8Array(DIGEST_BYTES) : digestBytes(prepared.digest),
  ]);
}

/** Signs a message with a node's key. */
export function signMessage(domain: Uint8Array, unsigned: UnsignedMessage, key: NodeKey): SignedMessage {
  return { ...unsigned, signature: key.sign(signingDigest(domain, unsigned)), signer: key.address };
}

/** True when the signature of `message` was made by the key of `message.signer`. */
export function verifyMessage(domain: Uint8Array, message: SignedMessage): boolean {
  return signerOf(signingDigest(domain, message), message.signature) === message.signer;
}

/** The address that signed, or undefined when the signature is malformed. */
export function signerOf(digest: Uint8Array, signature: Uint8Array): Address | undefined {
  return recoverAddress(digest, signature);
}

/** True when both messages say the same thing under the same signature, whatever unsigned proofs they carry. */
export function sameVote(left: SignedMessage, right: SignedMessage): boolean {
  return contentOf(left) === contentOf(right) && left.signer === right.signer && equalBytes(left.signature, right.signature);
}

/** What a message commits its signer to within its type, height and round: the digest, or what was prepared. */
export function contentOf(message: UnsignedMessage): string {
  if (message.type !== 'round-change') return message.digest;
  return message.prepared === undefined ? 'unprepared' : `${message.prepared.round} ${message.prepared.digest}`;
}

function proposalDigest(type: Exclude<MessageType, 'round-change'>, domain: Uint8Array, decision: Decision): Uint8Array {
  return hashFields(type, domain, [uint64(decision.height), uint64(decision.round), digestBytes(decision.digest)]);
}

function hashFields(type: MessageType, domain: Uint8Array, fields: readonly Uint8Array[]): Uint8Array {
  invariant(domain.length === DOMAIN_BYTES, 'a signature domain has 32 bytes', { length: domain.length });
  const parts = [tags[type], domain, ...fields];
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return keccak256(out);
}

function uint64(value: number): Uint8Array {
  invariant(Number.isSafeInteger(value) && value >= 0, 'heights and rounds are natural numbers', { value });
  const out = new Uint8Array(8);
  for (let at = 7, left = value; left > 0; at--, left = Math.floor(left / 256)) out[at] = left % 256;
  return out;
}

function digestBytes(digest: Hex): Uint8Array {
  const bytes = fromHex(digest);
  invariant(bytes.length === DIGEST_BYTES, 'a proposal digest has 32 bytes', { digest });
  return bytes;
}
