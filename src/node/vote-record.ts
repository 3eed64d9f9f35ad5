import {
  decodeMessage,
  decodePreparedProof,
  encodeMessage,
  encodePreparedProof,
  type PreparedProof,
  type SignedMessage,
} from '../consensus/index.ts';
import { decodeRlp, encodeRlp, type RlpItem, toHex } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';

/**
 * What a sealer knows of its own past: all of it; not all, because records are damaged on a disk that is the one it wrote
 * last; or not all, and nobody knows of when this disk is.
 */
export type Memory = 'whole' | 'damaged' | 'lost';
const MEMORIES: readonly Memory[] = ['whole', 'lost', 'damaged'];

/** Why a sealer signs nothing below a height. */
export interface Abstention {
  /** The first height that may be signed again. */
  readonly below: number;
  readonly why: string;
}

/** A vote with the proof that belongs to it; no message of a height below `floor` is ever signed again. */
export interface VoteEntry {
  readonly message: SignedMessage;
  readonly prepared: PreparedProof | undefined;
}

/** What holds for the log as a whole: the last such record counts. */
export interface LogState {
  readonly memory: Memory;
  readonly abstention: Abstention | undefined;
  /** Below this round of this height nothing is signed again: its records were left out. */
  readonly rounds: { readonly height: number; readonly round: number } | undefined;
}

export type VoteRecord =
  | { readonly type: 'vote'; readonly floor: number; readonly entry: VoteEntry }
  | { readonly type: 'state'; readonly floor: number; readonly state: LogState | undefined };

const EMPTY = new Uint8Array();

/** A record is RLP: `[floor, message, proof]` for a vote, `[floor, "", "", state]` for the state of the log. */
export function encodeVote(floor: number, { message, prepared }: VoteEntry): Uint8Array {
  return encodeRlp([floor, encodeMessage(message), prepared === undefined ? EMPTY : encodePreparedProof(prepared)]);
}

export function encodeState(floor: number, { memory, abstention, rounds }: LogState): Uint8Array {
  const why = new TextEncoder().encode(abstention?.why ?? '');
  const state = [MEMORIES.indexOf(memory), abstention?.below ?? 0, why, rounds?.height ?? 0, rounds?.round ?? 0];
  return encodeRlp([floor, EMPTY, EMPTY, state]);
}

/** Reads a record. @throws TreadleError CONSENSUS_MALFORMED when it is none */
export function decodeRecord(record: Uint8Array): VoteRecord {
  const fields = decodeFields(record);
  if (!Array.isArray(fields)) throw unreadable('it is no list');
  const floor = numberAt(fields, 0);
  const message = bytesAt(fields, 1);
  const prepared = bytesAt(fields, 2);
  if (message.length === 0) return { type: 'state', floor, state: readState(fields[3]) };
  const proof = prepared.length === 0 ? undefined : decodePreparedProof(prepared);
  return { type: 'vote', floor, entry: { message: decodeMessage(message), prepared: proof } };
}

function decodeFields(record: Uint8Array): RlpItem {
  try {
    return decodeRlp(record);
  } catch (error) {
    throw unreadable(String(error));
  }
}

function readState(item: RlpItem | undefined): LogState | undefined {
  if (item === undefined) return undefined;
  if (!Array.isArray(item)) throw unreadable('its state is no list');
  const below = numberAt(item, 1);
  const height = numberAt(item, 3);
  const memory = MEMORIES[numberAt(item, 0)];
  if (memory === undefined) throw unreadable('its state is unknown');
  return {
    memory,
    abstention: below === 0 ? undefined : { below, why: new TextDecoder().decode(bytesAt(item, 2)) },
    rounds: height === 0 ? undefined : { height, round: numberAt(item, 4) },
  };
}

function bytesAt(items: readonly RlpItem[], at: number): Uint8Array {
  const item = items[at];
  if (!(item instanceof Uint8Array)) throw unreadable(`field ${at} is missing`);
  return item;
}

function numberAt(items: readonly RlpItem[], at: number): number {
  const bytes = bytesAt(items, at);
  if (bytes.length > 6) throw unreadable(`field ${at} is no height or round`);
  return bytes.length === 0 ? 0 : Number.parseInt(toHex(bytes), 16);
}

function unreadable(detail: string): TreadleError {
  return new TreadleError('CONSENSUS_MALFORMED', { detail: `a record of the vote log cannot be read: ${detail}` });
}
