import { encodeRlp, fromHex, type Hex, keccak256, type RlpInput, type RlpItem, SIGNATURE_BYTES, toHex } from '../crypto/index.ts';
import { HEARD_ASKED_MAX, HEARD_FRAME_BYTES_MAX, HEARD_STATEMENTS_MAX, SEALERS_MAX } from '../limits.ts';
import { rememberByIdentity } from '../remember.ts';
import type { SignedContent } from './evidence.ts';
import { MESSAGE_TYPE, type MessageType, typeOfNumber } from './messages.ts';
import { bytesOf, decodeRlp, fieldsOf, listOf, malformed, numberOf } from './rlp.ts';
import { contentBytes } from './signing.ts';

/** Who was heard to say what in one type and round. Signers are positions in the agreed list of the height, ascending. */
export interface HeardGroup {
  readonly type: MessageType;
  readonly round: number;
  /** See {@link fingerprintOf}. */
  readonly fingerprint: Hex;
  readonly signers: Uint8Array;
}

/** One message of one signer, named by the signer's position. */
export interface HeardPlace {
  readonly type: MessageType;
  readonly round: number;
  readonly signer: number;
}

/** A signed statement whose height is known and whose signer is named by its position. */
export interface ShownStatement extends HeardPlace, SignedContent {}

/**
 * What sealers tell one another about what they heard from the others at a height (rules 29 to 31 of
 * `docs/reference/consensus.md`): all of it in short, a question for some of it, or the signed words themselves.
 */
export type Hearsay = { readonly height: number } & (
  | { readonly kind: 'heard'; readonly groups: readonly HeardGroup[] }
  | { readonly kind: 'ask'; readonly places: readonly HeardPlace[] }
  | { readonly kind: 'show'; readonly statements: readonly ShownStatement[] }
);

const KIND = { heard: 0, ask: 1, show: 2 } as const satisfies Record<Hearsay['kind'], number>;

/** So long that a liar finds no two contents with one fingerprint: that takes about 2^64 attempts. */
const FINGERPRINT_BYTES = 16;

/** Bytes of a group beside its signers: type, round, fingerprint, and the RLP headers around them. */
export const GROUP_BYTES = 1 + 7 + 1 + FINGERPRINT_BYTES + 2 + 2;

/** The first 16 bytes of keccak256 of what a message says under its signature. */
export function fingerprintOf(content: Uint8Array): Hex {
  return toHex(keccak256(content).subarray(0, FINGERPRINT_BYTES));
}

/** Canonical bytes, RLP: `[kind, height, [[type, round, …]…]]`, where … is fingerprint and signers, signer, or signer, content and signature. */
export function encodeHearsay(hearsay: Hearsay): Uint8Array {
  return encodeRlp([KIND[hearsay.kind], hearsay.height, itemsOf(hearsay)]);
}

/**
 * Reads what {@link encodeHearsay} wrote and nothing else; signatures are not checked.
 * @throws TreadleError CONSENSUS_MALFORMED
 */
export const decodeHearsay = rememberByIdentity((bytes: Uint8Array): Hearsay => {
  if (bytes.length > HEARD_FRAME_BYTES_MAX)
    throw malformed(`${bytes.length} bytes of hearsay, ${HEARD_FRAME_BYTES_MAX} are allowed`);
  const [kind, heightItem, items] = fieldsOf(decodeRlp(bytes), 3, 'hearsay');
  const height = numberOf(heightItem, 'height');
  switch (numberOf(kind, 'kind')) {
    case KIND.heard:
      return { kind: 'heard', height, groups: listOf(items, HEARD_FRAME_BYTES_MAX, 'groups').map(readGroup) };
    case KIND.ask:
      return { kind: 'ask', height, places: listOf(items, HEARD_ASKED_MAX, 'places').map(readPlace) };
    case KIND.show:
      return { kind: 'show', height, statements: listOf(items, HEARD_STATEMENTS_MAX, 'statements').map(readShown) };
    default:
      throw malformed('unknown kind of hearsay');
  }
});

function itemsOf(hearsay: Hearsay): RlpInput[] {
  switch (hearsay.kind) {
    case 'heard':
      return hearsay.groups.map(({ type, round, fingerprint, signers }) => [
        MESSAGE_TYPE[type],
        round,
        fromHex(fingerprint),
        signers,
      ]);
    case 'ask':
      return hearsay.places.map(({ type, round, signer }) => [MESSAGE_TYPE[type], round, signer]);
    case 'show':
      return hearsay.statements.map(({ type, round, signer, content, signature }) => {
        return [MESSAGE_TYPE[type], round, signer, content, signature];
      });
  }
}

function readGroup(item: RlpItem): HeardGroup {
  const [type, round, fingerprint, signers] = fieldsOf(item, 4, 'group');
  return {
    type: readType(type),
    round: numberOf(round, 'round'),
    fingerprint: toHex(bytesOf(fingerprint, FINGERPRINT_BYTES, FINGERPRINT_BYTES, 'fingerprint')),
    signers: readSigners(signers),
  };
}

function readSigners(item: RlpItem | undefined): Uint8Array {
  const signers = bytesOf(item, 1, SEALERS_MAX, 'signers');
  for (const [at, signer] of signers.entries()) {
    if (signer >= SEALERS_MAX) throw malformed(`there is no sealer ${signer}`);
    if (at > 0 && signer <= (signers[at - 1] ?? 0)) throw malformed('signers are not ascending');
  }
  return signers;
}

function readPlace(item: RlpItem): HeardPlace {
  const [type, round, signer] = fieldsOf(item, 3, 'place');
  return { type: readType(type), round: numberOf(round, 'round'), signer: readPosition(signer) };
}

function readShown(item: RlpItem): ShownStatement {
  const [typeItem, round, signer, content, signature] = fieldsOf(item, 5, 'statement');
  const type = readType(typeItem);
  const length = contentBytes(type);
  return {
    type,
    round: numberOf(round, 'round'),
    signer: readPosition(signer),
    content: bytesOf(content, length, length, 'content'),
    signature: bytesOf(signature, SIGNATURE_BYTES, SIGNATURE_BYTES, 'signature'),
  };
}

function readType(item: RlpItem | undefined): MessageType {
  const number = numberOf(item, 'type');
  const type = typeOfNumber(number);
  if (type === undefined) throw malformed(`unknown message type ${number}`);
  return type;
}

function readPosition(item: RlpItem | undefined): number {
  const position = numberOf(item, 'signer');
  if (position >= SEALERS_MAX) throw malformed(`there is no sealer ${position}`);
  return position;
}
