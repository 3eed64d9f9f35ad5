import { type Address, equalBytes, fromHex, type Hex, keccak256, type NodeKey, recoverAddress } from '../crypto/index.ts';
import { invariant } from '../errors.ts';
import type { MessageType, SignedMessage, UnsignedMessage } from './messages.ts';

/** What a commit vote, and so a commit certificate, is about. */
export interface Decision {
  readonly height: number;
  readonly round: number;
  readonly digest: Hex;
}

/** Where a message belongs: an honest sealer signs one content for each place. */
export interface Place {
  readonly type: MessageType;
  readonly height: number;
  readonly round: number;
}

const DOMAIN_BYTES = 32;
const DIGEST_BYTES = 32;
/** 0 or 1, the prepared round, the prepared digest. */
const ROUND_CHANGE_CONTENT_BYTES = 1 + 8 + DIGEST_BYTES;

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
  const { height, round, digest } = decision;
  return contentDigest(domain, { type: 'commit', height, round }, digestBytes(digest));
}

/**
 * The 32 bytes that the signature of a message covers. Tag, domain, height, round and digest; a round change covers
 * the round and digest that its sender prepared instead. A proposal's bytes are covered through the digest, the proofs
 * and justifications that a message carries are covered by the signatures inside them.
 */
export function signingDigest(domain: Uint8Array, message: UnsignedMessage): Uint8Array {
  return contentDigest(domain, message, signedContent(message));
}

/** Bytes of the content that a message of this type signs beside its place. */
export function contentBytes(type: MessageType): number {
  return type === 'round-change' ? ROUND_CHANGE_CONTENT_BYTES : DIGEST_BYTES;
}

/** What a message says under its signature beside its place: the digest, or for a round change what was prepared. */
export function signedContent(message: UnsignedMessage): Uint8Array {
  if (message.type !== 'round-change') return digestBytes(message.digest);
  const out = new Uint8Array(ROUND_CHANGE_CONTENT_BYTES);
  if (message.prepared === undefined) return out;
  out[0] = 1;
  out.set(uint64(message.prepared.round), 1);
  out.set(digestBytes(message.prepared.digest), 9);
  return out;
}

/** The 32 bytes that are signed when `content` is said at this place: keccak256(tag | domain | height | round | content). */
export function contentDigest(domain: Uint8Array, place: Place, content: Uint8Array): Uint8Array {
  return hashFields(place.type, domain, [uint64(place.height), uint64(place.round), content]);
}

/** Signs a message with a node's key. */
export function signMessage(domain: Uint8Array, unsigned: UnsignedMessage, key: NodeKey): SignedMessage {
  return { ...unsigned, signature: key.sign(signingDigest(domain, unsigned)), signer: key.address };
}

/** Verdicts by message: nodes that share a process share the messages that they receive, and check each once. */
const verdicts = new WeakMap<SignedMessage, { readonly domain: Uint8Array; readonly good: boolean }>();

/** True when the signature of `message` was made by the key of `message.signer`. */
export function verifyMessage(domain: Uint8Array, message: SignedMessage): boolean {
  const known = verdicts.get(message);
  if (known !== undefined && equalBytes(known.domain, domain)) return known.good;
  const good = signerOf(signingDigest(domain, message), message.signature) === message.signer;
  verdicts.set(message, { domain, good });
  return good;
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
