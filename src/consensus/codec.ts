import {
  type Address,
  EncodedRlp,
  encodeRlp,
  fromHex,
  type Hex,
  type RlpInput,
  type RlpItem,
  SIGNATURE_BYTES,
  toHex,
} from '../crypto/index.ts';
import { PROPOSAL_BYTES_MAX, SEALERS_MAX } from '../limits.ts';
import { rememberByIdentity } from '../remember.ts';
import type { PreparedProof } from './core.ts';
import { MESSAGE_TYPE, type MessageType, type RoundChange, type Signed, type SignedMessage, typeOfNumber } from './messages.ts';
import { bytesOf, decodeRlp, fieldsOf, listOf, malformed, numberOf } from './rlp.ts';

/**
 * The canonical bytes of a signed message: an RLP list that starts with the type number, height and round and ends
 * with signature and signer. Equal messages have equal bytes, and no two byte strings decode to one message.
 */
export function encodeMessage(message: SignedMessage): Uint8Array {
  return encoded(message).bytes;
}

/** A message is sent, recorded, and stands in the proofs of all who prepared by it. */
const encoded = rememberByIdentity((message: SignedMessage) => new EncodedRlp(messageFields(message)));

/**
 * Reads what {@link encodeMessage} wrote and nothing else; signatures are not checked.
 * @throws TreadleError CONSENSUS_MALFORMED
 */
export const decodeMessage = rememberByIdentity((bytes: Uint8Array): SignedMessage => readMessage(decodeRlp(bytes)));

/** Canonical bytes of a prepared proof, for the record that a node keeps beside its commit vote. */
export function encodePreparedProof(proof: PreparedProof): Uint8Array {
  return encodeRlp(proofFields(proof));
}

/**
 * Reads what {@link encodePreparedProof} wrote.
 * @throws TreadleError CONSENSUS_MALFORMED
 */
export function decodePreparedProof(bytes: Uint8Array): PreparedProof {
  return readProof(decodeRlp(bytes));
}

function messageFields(message: SignedMessage): RlpInput[] {
  const head = [MESSAGE_TYPE[message.type], message.height, message.round];
  const tail = [message.signature, fromHex(message.signer)];
  switch (message.type) {
    case 'pre-prepare':
      return [...head, fromHex(message.digest), message.proposal, message.justification.map(encoded), ...tail];
    case 'prepare':
    case 'commit':
      return [...head, fromHex(message.digest), ...tail];
    case 'round-change':
      return [...head, message.prepared === undefined ? [] : proofFields(message.prepared), ...tail];
  }
}

function proofFields(proof: PreparedProof): RlpInput[] {
  return [proof.round, fromHex(proof.digest), proof.proposal, proof.prepares.map(encoded)];
}

const fieldCounts: Readonly<Record<MessageType, number>> = { 'pre-prepare': 8, prepare: 6, commit: 6, 'round-change': 6 };

function readMessage(item: RlpItem | undefined): SignedMessage {
  const type = readType(item);
  const fields = fieldsOf(item, fieldCounts[type], type);
  const height = numberOf(fields[1], 'height');
  const round = numberOf(fields[2], 'round');
  const signature = bytesOf(fields.at(-2), SIGNATURE_BYTES, SIGNATURE_BYTES, 'signature');
  const signer = toHex(bytesOf(fields.at(-1), 20, 20, 'signer')) as Address;
  switch (type) {
    case 'pre-prepare': {
      const proposal = readProposal(fields[4]);
      const justification = listOf(fields[5], SEALERS_MAX, 'justification').map(readRoundChange);
      return { type, height, round, digest: readDigest(fields[3]), proposal, justification, signature, signer };
    }
    case 'prepare':
    case 'commit':
      return { type, height, round, digest: readDigest(fields[3]), signature, signer };
    case 'round-change': {
      if (round === 0) throw malformed('a round change to round 0');
      const prepared = readPrepared(fields[3], round);
      return { type, height, round, ...(prepared && { prepared }), signature, signer };
    }
  }
}

function readType(item: RlpItem | undefined): MessageType {
  const number = numberOf(listOf(item, 8, 'message')[0], 'type');
  const type = typeOfNumber(number);
  if (type === undefined) throw malformed(`unknown message type ${number}`);
  return type;
}

function readRoundChange(item: RlpItem): Signed<RoundChange> {
  const message = readMessageOfType(item, 'round-change');
  if (message.type !== 'round-change') throw malformed('a justification holds round changes only');
  return message;
}

/** Checks the type before the fields are read, so that nesting cannot make the reader recurse through a justification. */
function readMessageOfType(item: RlpItem, type: MessageType): SignedMessage {
  const found = readType(item);
  if (found !== type) throw malformed(`${found} where ${type} belongs`);
  return readMessage(item);
}

function readPrepared(item: RlpItem | undefined, below: number): PreparedProof | undefined {
  if (Array.isArray(item) && item.length === 0) return undefined;
  const proof = readProof(item);
  if (proof.round >= below) throw malformed(`prepared in round ${proof.round}, at or above the round ${below} asked for`);
  return proof;
}

function readProof(item: RlpItem | undefined): PreparedProof {
  const fields = fieldsOf(item, 4, 'prepared proof');
  return {
    round: numberOf(fields[0], 'prepared round'),
    digest: readDigest(fields[1]),
    proposal: readProposal(fields[2]),
    prepares: listOf(fields[3], SEALERS_MAX, 'prepares').map((prepare) => readMessageOfType(prepare, 'prepare')),
  };
}

function readDigest(item: RlpItem | undefined): Hex {
  return toHex(bytesOf(item, 32, 32, 'digest'));
}

function readProposal(item: RlpItem | undefined): Uint8Array {
  return bytesOf(item, 0, PROPOSAL_BYTES_MAX, 'proposal');
}
