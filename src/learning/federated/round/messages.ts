import { encodeRlp, fromHex, keccak256, type RlpInput, type RlpReader, readRlp } from '../../../crypto/index.ts';
import { TreadleError } from '../../../errors.ts';
import { FEDERATED_ROUNDS_MAX, FEDERATED_TEXT_BYTES_MAX, FEDERATED_WEIGHTS_BYTES_MAX } from '../../../limits.ts';
import type { OptimiserDescription } from '../../engine/index.ts';
import type { TrainingOrder } from '../training/training-order.ts';
import type { WeightsDigest } from '../weights.ts';
import { float, readFloat } from './round-record.ts';
import type { WeightsReference } from './weight-store.ts';

/** The request protocols of a training: from the coordinator to clients, and back. */
export const CLIENT_PROTOCOL = 'learning-client/1';
export const COORDINATOR_PROTOCOL = 'learning-coordinator/1';

/** What a coordinator asks of a client. */
export type ClientRequest = InviteRequest | OrderRequest | FinishRequest;

/** Will you take part in this round? */
export interface InviteRequest {
  readonly type: 'invite';
  readonly training: string;
  readonly round: number;
}

/** Train these weights. */
export interface OrderRequest {
  readonly type: 'order';
  readonly training: string;
  readonly round: number;
  readonly model: WeightsReference;
  readonly order: TrainingOrder;
  /** Say also which loss the judge will find, where the client can. */
  readonly claim: boolean;
  /** Time that is left, from the arrival of the request: clocks need not agree. */
  readonly withinMicros: number;
  /** Of the coordinator over training, round and model, where others are to believe that it gave this order. */
  readonly signature?: Uint8Array;
}

/** The training is over; this is its model. */
export interface FinishRequest {
  readonly type: 'finish';
  readonly training: string;
  readonly round: number;
  readonly model: WeightsReference;
}

/** A client announces what it trained. */
export interface UpdateRequest {
  readonly training: string;
  readonly round: number;
  readonly weights: WeightsReference;
  readonly samples: number;
  /** NaN when it claims none. */
  readonly claimedLoss: number;
  /** Of the client over {@link updateDigest}, where others than the coordinator are to believe it. */
  readonly signature?: Uint8Array;
}

/** Yes, or why not. */
export type Answer = { readonly taken: true } | { readonly taken: false; readonly reason: string };

const utf8 = new TextEncoder();
const text = (value: string): Uint8Array => utf8.encode(value);
const TYPES = ['invite', 'order', 'finish'] as const;
const EPOCHS_MAX = 1_000_000;
const SIGNATURE_BYTES = 65;
const UPDATE_TAG = 'treadle.learning.update.v1';

export function encodeClientRequest(request: ClientRequest): Uint8Array {
  const head = [TYPES.indexOf(request.type), text(request.training), request.round];
  if (request.type === 'invite') return encodeRlp(head);
  const model = [fromHex(request.model.digest), request.model.sizeBytes];
  if (request.type === 'finish') return encodeRlp([...head, ...model]);
  const { order, claim, withinMicros, signature = NOT_SIGNED } = request;
  return encodeRlp([...head, ...model, encodeOrder(order), claim ? 1 : 0, withinMicros, signature]);
}

/** @throws TreadleError MESSAGE_MALFORMED */
export function decodeClientRequest(bytes: Uint8Array): ClientRequest {
  const reader = readRlp(bytes, 'training request');
  const type = TYPES[reader.integer('type', TYPES.length - 1)] as (typeof TYPES)[number];
  const head = {
    training: reader.text('training', FEDERATED_TEXT_BYTES_MAX),
    round: reader.integer('round', FEDERATED_ROUNDS_MAX),
  };
  if (type === 'invite') {
    reader.end();
    return { type, ...head };
  }
  const model = readReference(reader);
  if (type === 'finish') {
    reader.end();
    return { type, ...head, model };
  }
  const order = readOrder(reader.sublist('order'));
  const claim = reader.integer('claim', 1) === 1;
  const withinMicros = reader.integer('time', Number.MAX_SAFE_INTEGER);
  const signature = readSignature(reader);
  reader.end();
  return { type, ...head, model, order, claim, withinMicros, ...signature };
}

export function encodeUpdate({ training, round, weights, samples, claimedLoss, signature }: UpdateRequest): Uint8Array {
  const rest = [samples, float(claimedLoss), signature ?? NOT_SIGNED];
  return encodeRlp([text(training), round, fromHex(weights.digest), weights.sizeBytes, ...rest]);
}

/** What a client signs: this update is mine, trained in this round from this model on so many samples. */
export function updateDigest(
  { training, round, weights, samples, claimedLoss }: Omit<UpdateRequest, 'signature'>,
  model: WeightsDigest,
): Uint8Array {
  return keccak256(
    encodeRlp([text(UPDATE_TAG), text(training), round, fromHex(model), fromHex(weights.digest), samples, float(claimedLoss)]),
  );
}

/** @throws TreadleError MESSAGE_MALFORMED */
export function decodeUpdate(bytes: Uint8Array): UpdateRequest {
  const reader = readRlp(bytes, 'update');
  const update = {
    training: reader.text('training', FEDERATED_TEXT_BYTES_MAX),
    round: reader.integer('round', FEDERATED_ROUNDS_MAX),
    weights: readReference(reader),
    samples: reader.integer('samples', Number.MAX_SAFE_INTEGER),
    claimedLoss: readFloat(reader, 'claimed loss'),
    ...readSignature(reader),
  };
  reader.end();
  return update;
}

export function encodeAnswer(answer: Answer): Uint8Array {
  return encodeRlp(answer.taken ? [1] : [0, text(answer.reason)]);
}

/** @throws TreadleError MESSAGE_MALFORMED */
export function decodeAnswer(bytes: Uint8Array): Answer {
  const reader = readRlp(bytes, 'answer');
  const taken = reader.integer('taken', 1) === 1;
  const answer: Answer = taken ? { taken } : { taken, reason: reader.text('reason', FEDERATED_TEXT_BYTES_MAX) };
  reader.end();
  return answer;
}

const NOT_SIGNED = new Uint8Array();

function readSignature(reader: RlpReader): { readonly signature?: Uint8Array } {
  const signature = reader.bytes('signature', SIGNATURE_BYTES);
  if (signature.length === SIGNATURE_BYTES) return { signature };
  if (signature.length === 0) return {};
  throw new TreadleError('MESSAGE_MALFORMED', { detail: `a signature of ${signature.length} bytes` });
}

function readReference(reader: RlpReader): WeightsReference {
  return { digest: reader.hash('digest'), sizeBytes: reader.integer('size', FEDERATED_WEIGHTS_BYTES_MAX) };
}

function encodeOrder({ epochs, batchSize, seed, optimiser }: TrainingOrder): RlpInput {
  const { learningRate, weightDecay = 0, proximal = 0 } = optimiser;
  const rest =
    optimiser.type === 'sgd'
      ? [optimiser.momentum ?? 0]
      : [optimiser.beta1 ?? 0.9, optimiser.beta2 ?? 0.999, optimiser.epsilon ?? 1e-8];
  const numbers = [learningRate, weightDecay, proximal, ...rest].map(float);
  return [epochs, batchSize, text(seed), optimiser.type === 'sgd' ? 0 : 1, ...numbers];
}

function readOrder(reader: RlpReader): TrainingOrder {
  const epochs = reader.integer('epochs', EPOCHS_MAX);
  const batchSize = reader.integer('batch size', EPOCHS_MAX);
  const seed = reader.text('seed', FEDERATED_TEXT_BYTES_MAX);
  const adam = reader.integer('optimiser', 1) === 1;
  const number = (name: string): number => {
    const value = readFloat(reader, name);
    if (Number.isFinite(value)) return value;
    throw new TreadleError('MESSAGE_MALFORMED', { detail: `training request.order: ${name} is no finite number` });
  };
  const common = { learningRate: number('learning rate'), weightDecay: number('decay'), proximal: number('proximal') };
  const optimiser: OptimiserDescription = adam
    ? { type: 'adam', ...common, beta1: number('beta1'), beta2: number('beta2'), epsilon: number('epsilon') }
    : { type: 'sgd', ...common, momentum: number('momentum') };
  reader.end();
  if (epochs === 0 || batchSize === 0)
    throw new TreadleError('MESSAGE_MALFORMED', { detail: 'training request.order: no epochs or no batch' });
  return { epochs, batchSize, seed, optimiser };
}
