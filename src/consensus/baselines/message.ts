import {
  type Address,
  decodeRlp,
  encodeRlp,
  fromHex,
  type Hex,
  keccak256,
  type NodeKey,
  type RlpItem,
  recoverAddress,
  toHex,
} from '../../crypto/index.ts';
import { BASELINE_NESTED_MAX } from '../../limits.ts';
import { bytesOf, fieldsOf, listOf, malformed, numberOf } from '../rlp.ts';

/** Kinds of messages of the baseline engines, and their numbers on the wire and under signatures. */
export const BASELINE_KIND = {
  'pre-prepare': 1,
  prepare: 2,
  commit: 3,
  'view-change': 4,
  reply: 5,
  propose: 6,
  vote: 7,
  confirm: 8,
  block: 9,
} as const;
export type BaselineKind = keyof typeof BASELINE_KIND;

/** Part of the system that a message belongs to: 0 is the whole or the upper layer, 1, 2, ... are the groups. */
export type Scope = number;

/** A message of a baseline engine. Unlike Treadle's, it may carry the bodies themselves. */
export interface BaselineMessage {
  readonly kind: BaselineKind;
  readonly scope: Scope;
  readonly height: number;
  /** View, round or group view. */
  readonly round: number;
  readonly digest: Hex;
  /** Of a view change: round in which `digest` was prepared; -1 otherwise or when nothing was. */
  readonly preparedRound: number;
  /** What is agreed on, bodies included. Its hash is `digest`. */
  readonly proposal?: Uint8Array;
  /** Certificates and justifications: signed messages without their proposals. */
  readonly nested: readonly SignedBaseline[];
}

export interface SignedBaseline extends BaselineMessage {
  readonly signer: Address;
  readonly signature: Uint8Array;
}

export const NO_DIGEST: Hex = `0x${'00'.repeat(32)}`;

/** A message with what most of them leave out. */
export function baseline(
  message: Pick<BaselineMessage, 'kind' | 'height' | 'round'> & Partial<BaselineMessage>,
): BaselineMessage {
  return { scope: 0, digest: NO_DIGEST, preparedRound: -1, nested: [], ...message };
}

/** Signs a message. The signature covers everything but the proposal (its digest is covered) and what is nested (signed itself). */
export function signBaseline(domain: Uint8Array, message: BaselineMessage, key: NodeKey): SignedBaseline {
  return { ...message, signer: key.address, signature: key.sign(signedHash(domain, message)) };
}

/** True when the named signer signed the message. */
export function verifyBaseline(domain: Uint8Array, message: SignedBaseline): boolean {
  return recoverAddress(signedHash(domain, message), message.signature) === message.signer;
}

/** The message without its proposal: what certificates carry. */
export function stripped(message: SignedBaseline): SignedBaseline {
  const { proposal: _, ...rest } = message;
  return { ...rest, nested: [] };
}

export function encodeBaseline(message: SignedBaseline): Uint8Array {
  return encodeRlp(itemOf(message));
}

/** Reads a message of a peer. @throws TreadleError CONSENSUS_MALFORMED */
export function decodeBaseline(bytes: Uint8Array): SignedBaseline {
  let item: RlpItem;
  try {
    item = decodeRlp(bytes);
  } catch (cause) {
    throw malformed('not canonical RLP', cause);
  }
  return messageOf(item, 0);
}

const TAG = new TextEncoder().encode('treadle baseline');

function signedHash(domain: Uint8Array, message: BaselineMessage): Uint8Array {
  const { kind, scope, height, round, preparedRound, digest } = message;
  return keccak256(encodeRlp([TAG, domain, BASELINE_KIND[kind], scope, height, round, preparedRound + 1, fromHex(digest)]));
}

type Encodable = Parameters<typeof encodeRlp>[0];

function itemOf(message: SignedBaseline): Encodable {
  const { kind, scope, height, round, preparedRound, digest, proposal, nested, signer, signature } = message;
  return [
    BASELINE_KIND[kind],
    scope,
    height,
    round,
    preparedRound + 1,
    fromHex(digest),
    proposal === undefined ? [] : [proposal],
    nested.map(itemOf),
    fromHex(signer),
    signature,
  ];
}

const KINDS = new Map(Object.entries(BASELINE_KIND).map(([kind, number]) => [number, kind as BaselineKind]));
/** A view change inside a justification carries the prepares behind it: two levels. */
const DEPTH_MAX = 3;

function messageOf(item: RlpItem | undefined, depth: number): SignedBaseline {
  if (depth > DEPTH_MAX) throw malformed('messages nested too deeply');
  const [kindNumber, scope, height, round, preparedRound, digest, proposals, nested, signer, signature] = fieldsOf(
    item,
    10,
    'message',
  );
  const kind = KINDS.get(numberOf(kindNumber, 'kind') as 1);
  if (kind === undefined) throw malformed('unknown kind of message');
  const [proposal] = listOf(proposals, 1, 'proposal');
  return {
    kind,
    scope: numberOf(scope, 'scope'),
    height: numberOf(height, 'height'),
    round: numberOf(round, 'round'),
    preparedRound: numberOf(preparedRound, 'prepared round') - 1,
    digest: toHex(bytesOf(digest, 32, 32, 'digest')),
    ...(proposal !== undefined && { proposal: bytesOf(proposal, 0, Number.MAX_SAFE_INTEGER, 'proposal') }),
    nested: listOf(nested, BASELINE_NESTED_MAX, 'nested messages').map((inner) => messageOf(inner, depth + 1)),
    signer: toHex(bytesOf(signer, 20, 20, 'signer')) as Address,
    signature: bytesOf(signature, 65, 65, 'signature'),
  };
}
