import { type RequestReason, requestReasons } from '../../contracts/index.ts';
import { encodeRlp, fromHex, type Hex, type RlpInput, type RlpReader, readRlp } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { ORACLE_BATCH_MAX, ORACLE_SIGHT_BYTES_MAX } from '../../limits.ts';
import type { Sight } from '../job.ts';
import { failureReasonOf } from '../reasons.ts';
import type { Outcome } from './decide.ts';
import { reasonNumber, type SignedSight } from './sights.ts';

/** The request protocols between the nodes of a group. `observe`: say what you see. `sign`: sign this. `proposed`: what did the master propose to you? */
export const ORACLE_PROTOCOLS = { observe: 'oracle-observe/1', sign: 'oracle-sign/1', proposed: 'oracle-proposed/1' } as const;

/** How a member, or whoever leads, asks for sights. */
export interface ObserveCall {
  /** The block up to which the caller has the ledger. */
  readonly height: number;
  readonly term: number;
  readonly ids: readonly bigint[];
}

export interface ObserveAnswer {
  readonly sights: readonly {
    readonly id: bigint;
    readonly sight: Sight;
    readonly observedAt: number;
    readonly signature: Uint8Array;
  }[];
}

/** One request of a proposal. */
export interface ProposedItem {
  readonly outcome: Outcome;
  /** Chosen by whoever leads, for jobs that encrypt: 32 bytes. */
  readonly nonce: Uint8Array;
  /** What the outcome follows from; empty when it is what the leader itself saw. */
  readonly sights: readonly SignedSight[];
  /** The master's BLS signature over the proposal, 96 bytes; empty when a work node leads. */
  readonly signature: Uint8Array;
}

export interface SignCall {
  /** The block up to which the caller has the ledger. */
  readonly height: number;
  readonly term: number;
  /** A number that this leader never used before in this term. */
  readonly attempt: number;
  readonly items: readonly ProposedItem[];
}

/** Why a member does not sign an item. */
export const OBJECTIONS = [
  'unknown',
  'over',
  'notSeen',
  'sawOther',
  'badSights',
  'wrongOutcome',
  'tooEarly',
  'equivocation',
  'busy',
] as const;
export type Objection = (typeof OBJECTIONS)[number];

/** A BLS signature over all items (96 bytes), or what speaks against some of them. */
export type SignAnswer =
  | { readonly signed: true; readonly signature: Uint8Array }
  | { readonly signed: false; readonly objections: readonly { readonly id: bigint; readonly why: Objection }[] };

export interface ProposedCall {
  readonly term: number;
  readonly id: bigint;
  readonly attempt: number;
}

/** What a master proposed to a member, with its signature; undefined when nothing. */
export type ProposedAnswer = { readonly content: Hex; readonly signature: Uint8Array } | undefined;

const NUMBER_MAX = Number.MAX_SAFE_INTEGER;
const BLS_BYTES = 96;
const NODE_SIGNATURE_BYTES = 65;
/** Members of the largest group. */
const MEMBERS_MAX = 128;

export function encodeObserveCall({ height, term, ids }: ObserveCall): Uint8Array {
  return encodeRlp([height, term, ids]);
}

/** @throws TreadleError MESSAGE_MALFORMED */
export function decodeObserveCall(bytes: Uint8Array): ObserveCall {
  const reader = readRlp(bytes, 'observe');
  const height = reader.integer('height', NUMBER_MAX);
  const term = reader.integer('term', NUMBER_MAX);
  const ids = readIds(reader.sublist('ids'));
  reader.end();
  return { height, term, ids };
}

export function encodeObserveAnswer({ sights }: ObserveAnswer): Uint8Array {
  return encodeRlp(sights.map(({ id, sight, observedAt, signature }) => [id, ...sightFields(sight), observedAt, signature]));
}

/** @throws TreadleError MESSAGE_MALFORMED */
export function decodeObserveAnswer(bytes: Uint8Array): ObserveAnswer {
  const sights = listOf(bytes, 'sights').map((item) => {
    const read = { id: item.uint('id'), sight: readSight(item), observedAt: item.integer('observed at', NUMBER_MAX) };
    const signature = item.fixed('signature', NODE_SIGNATURE_BYTES);
    item.end();
    return { ...read, signature };
  });
  return { sights };
}

export function encodeSignCall({ height, term, attempt, items }: SignCall): Uint8Array {
  return encodeRlp([
    height,
    term,
    attempt,
    items.map(({ outcome, nonce, sights, signature }) => [
      outcome.id,
      requestReasons.indexOf(outcome.reason),
      outcome.observedAt,
      outcome.result,
      nonce,
      sights.map((signed) => [signed.member, ...sightFields(signed.sight), signed.observedAt, signed.signature]),
      signature,
    ]),
  ]);
}

/** @throws TreadleError MESSAGE_MALFORMED */
export function decodeSignCall(bytes: Uint8Array): SignCall {
  const reader = readRlp(bytes, 'sign');
  const height = reader.integer('height', NUMBER_MAX);
  const term = reader.integer('term', NUMBER_MAX);
  const attempt = reader.integer('attempt', 0xffff_ffff);
  const items = reader.list('items', ORACLE_BATCH_MAX).map(readItem);
  reader.end();
  return { height, term, attempt, items };
}

function readItem(reader: RlpReader): ProposedItem {
  const id = reader.uint('id');
  const reason = readReason(reader);
  const observedAt = reader.integer('observed at', NUMBER_MAX);
  const outcome = { id, reason, observedAt, result: reader.bytes('result', ORACLE_SIGHT_BYTES_MAX) };
  const nonce = reader.fixed('nonce', 32);
  const sights = reader.list('sights', MEMBERS_MAX).map((item) => {
    const member = item.integer('member', MEMBERS_MAX);
    const read = { member, sight: readSight(item), observedAt: item.integer('observed at', NUMBER_MAX) };
    const signature = item.fixed('signature', NODE_SIGNATURE_BYTES);
    item.end();
    return { ...read, signature };
  });
  const signature = readNoneOrSignature(reader);
  reader.end();
  return { outcome, nonce, sights, signature };
}

export function encodeSignAnswer(answer: SignAnswer): Uint8Array {
  if (answer.signed) return encodeRlp([answer.signature, []]);
  return encodeRlp([new Uint8Array(), answer.objections.map(({ id, why }) => [id, OBJECTIONS.indexOf(why)])]);
}

/** @throws TreadleError MESSAGE_MALFORMED */
export function decodeSignAnswer(bytes: Uint8Array): SignAnswer {
  const reader = readRlp(bytes, 'signature');
  const signature = readNoneOrSignature(reader);
  const objections = reader.list('objections', ORACLE_BATCH_MAX).map((item) => {
    const id = item.uint('id');
    const why = OBJECTIONS[item.integer('why', OBJECTIONS.length - 1)] as Objection;
    item.end();
    return { id, why };
  });
  reader.end();
  if (signature.length === 0) return { signed: false, objections };
  if (objections.length > 0) throw malformed('signature: with objections');
  return { signed: true, signature };
}

export function encodeProposedCall({ term, id, attempt }: ProposedCall): Uint8Array {
  return encodeRlp([term, id, attempt]);
}

/** @throws TreadleError MESSAGE_MALFORMED */
export function decodeProposedCall(bytes: Uint8Array): ProposedCall {
  const reader = readRlp(bytes, 'proposed');
  const call = {
    term: reader.integer('term', NUMBER_MAX),
    id: reader.uint('id'),
    attempt: reader.integer('attempt', 0xffff_ffff),
  };
  reader.end();
  return call;
}

export function encodeProposedAnswer(answer: ProposedAnswer): Uint8Array {
  return encodeRlp(answer === undefined ? [] : [fromHex(answer.content), answer.signature]);
}

/** @throws TreadleError MESSAGE_MALFORMED */
export function decodeProposedAnswer(bytes: Uint8Array): ProposedAnswer {
  const reader = readRlp(bytes, 'proposal');
  if (bytes.length === 1) return undefined;
  const answer = { content: reader.hash('content'), signature: reader.fixed('signature', BLS_BYTES) };
  reader.end();
  return answer;
}

function sightFields(sight: Sight): RlpInput[] {
  return [reasonNumber(sight), sight.kind === 'value' ? sight.value : new Uint8Array()];
}

function readSight(reader: RlpReader): Sight {
  const reason = reader.integer('reason', requestReasons.length - 1);
  const value = reader.bytes('value', ORACLE_SIGHT_BYTES_MAX);
  if (reason === 0) return { kind: 'value', value };
  if (value.length > 0) throw malformed('sight: a failure with a value');
  try {
    return { kind: 'failure', reason: failureReasonOf(reason) };
  } catch (cause) {
    throw malformed(`sight: ${reason} is no reason of a failure`, cause);
  }
}

function readReason(reader: RlpReader): RequestReason {
  return requestReasons[reader.integer('reason', requestReasons.length - 1)] as RequestReason;
}

function readIds(reader: RlpReader): bigint[] {
  const ids: bigint[] = [];
  for (let at = 0; at < ORACLE_BATCH_MAX && !reader.isAtEnd(); at++) ids.push(reader.uint('id'));
  reader.end();
  return ids;
}

/** The message is one list of lists. */
function listOf(bytes: Uint8Array, name: string): RlpReader[] {
  const reader = readRlp(bytes, name);
  const out: RlpReader[] = [];
  while (out.length < ORACLE_BATCH_MAX && !reader.isAtEnd()) out.push(reader.sublist('item'));
  reader.end();
  return out;
}

function readNoneOrSignature(reader: RlpReader): Uint8Array {
  const signature = reader.bytes('signature', BLS_BYTES);
  if (signature.length !== 0 && signature.length !== BLS_BYTES) throw malformed(`signature: ${signature.length} bytes`);
  return signature;
}

function malformed(detail: string, cause?: unknown): TreadleError {
  return new TreadleError('MESSAGE_MALFORMED', { detail, ...(cause !== undefined && { cause }) });
}
