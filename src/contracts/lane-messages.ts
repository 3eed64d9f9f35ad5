import { type Address, fromHex, type Hex, keccak256, toHex } from '../crypto/index.ts';
import { hashWords, word } from './abi-words.ts';

/** What became of a message, in the contract's order. After `givenUp` it may have been executed, or not. */
export const messageOutcomes = ['none', 'executed', 'failed', 'expired', 'givenUp'] as const;
export type MessageOutcome = (typeof messageOutcomes)[number];

/** What a message says beside its data. */
export interface Envelope {
  /** Chain ids. */
  readonly source: bigint;
  readonly destination: bigint;
  /** Counts the messages of a lane, from 1. */
  readonly nonce: bigint;
  readonly sender: Address;
  readonly target: Address;
  /** Seconds since the Unix epoch. */
  readonly sentAt: bigint;
  readonly expiresAt: bigint;
  readonly gas: number;
  readonly callbackGas: number;
  readonly depositWei: bigint;
  readonly dataHash: Hex;
}

/** What the destination says of a message. */
export interface MessageReceipt {
  /** Index into {@link messageOutcomes}. */
  readonly outcome: number;
  /** How much the target returned; `data` is the beginning of it, at most 512 bytes. */
  readonly returnedBytes: number;
  readonly data: Hex;
}

const tag = (name: string): Uint8Array => keccak256(new TextEncoder().encode(`treadle.crossledger.${name}.v1`));
const MESSAGE_TAG = tag('message');
const RECEIPT_TAG = tag('receipt');
const LANE_TAG = tag('lane');

/** Name of a message and its leaf in the lane's tree. */
export function messageHash(envelope: Envelope): Hex {
  const { source, destination, nonce, sender, target, sentAt, expiresAt, gas, callbackGas, depositWei, dataHash } = envelope;
  const numbers = [sentAt, expiresAt, BigInt(gas), BigInt(callbackGas), depositWei];
  const words = [source, destination, nonce, sender, target, ...numbers, dataHash].map(word);
  return toHex(hashWords([MESSAGE_TAG, ...words]));
}

/** Leaf of the receipt of the message with this name. */
export function receiptHash(message: Hex, { outcome, returnedBytes, data }: MessageReceipt): Hex {
  const words = [message, BigInt(outcome), BigInt(returnedBytes)].map(word);
  return toHex(hashWords([RECEIPT_TAG, ...words, keccak256(fromHex(data))]));
}

/** The word that the source's storage holds of a lane. */
export function laneHead(lane: {
  readonly source: bigint;
  readonly destination: bigint;
  readonly size: bigint;
  readonly root: Hex;
}): Hex {
  return toHex(hashWords([LANE_TAG, ...[lane.source, lane.destination, lane.size, lane.root].map(word)]));
}

/** Slot of the Outbox in which the head of the lane to `destination` is: what to ask a storage proof for. */
export function laneHeadSlot(destination: bigint): Hex {
  return toHex(hashWords([word(destination), word(0n)]));
}

/** Slot of the Outbox that says which chain it is on. */
export const OUTBOX_CHAIN_SLOT: Hex = `0x${'00'.repeat(31)}01`;

/** What a lane's request to the oracle asks; size 0 = as many leaves as there are. */
export function laneSpec(lane: { readonly source: bigint; readonly destination: bigint; readonly size: bigint }): Hex {
  return joined([lane.source, lane.destination, lane.size]);
}

/** What the oracle's group signs as the answer to {@link laneSpec}. */
export interface LaneAnswer {
  readonly source: bigint;
  readonly root: Hex;
  readonly size: bigint;
  /** Of the source ledger, and the hash of its block there. */
  readonly height: bigint;
  readonly blockHash: Hex;
}

/** The 160 bytes that the Inbox takes. */
export function encodeLaneAnswer({ source, root, size, height, blockHash }: LaneAnswer): Hex {
  return joined([source, root, size, height, blockHash]);
}

/** Leaf of a lane in what gateways file: see {@link LaneTree} for the tree over these, ascending by destination. */
export function filedLaneLeaf(lane: {
  readonly source: bigint;
  readonly destination: bigint;
  readonly size: bigint;
  readonly root: Hex;
}): Hex {
  return toHex(hashWords([lane.source, lane.destination, lane.size, lane.root].map(word)));
}

function joined(values: readonly (bigint | Hex)[]): Hex {
  return `0x${values.map((value) => toHex(word(value)).slice(2)).join('')}`;
}
