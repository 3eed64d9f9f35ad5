import { encodeRlp, fromHex, type RlpReader, readRlp, recoverAddress } from '../../../crypto/index.ts';
import { TreadleError } from '../../../errors.ts';
import {
  FEDERATED_ROUNDS_MAX,
  FEDERATED_TEXT_BYTES_MAX,
  FEDERATED_WEIGHTS_BYTES_MAX,
  TASK_CLIENTS_MAX,
} from '../../../limits.ts';
import { type UpdateRequest, updateDigest } from '../round/messages.ts';
import { type AbsentClient, float, readFloat, shortText } from '../round/round-record.ts';
import { digestOfBytes, type WeightsDigest } from '../weights.ts';
import type { TaskRound } from './task-round.ts';

/** An update with the signature of the client that trained it. */
export interface SignedUpdate extends Omit<UpdateRequest, 'training' | 'round' | 'signature'> {
  readonly client: string;
  readonly signature: Uint8Array;
}

/** What whoever led a round gathered: enough for others to do the rest themselves. Each list by client, ascending. */
export interface TaskBundle {
  readonly training: string;
  readonly round: number;
  readonly previous: WeightsDigest;
  readonly updates: readonly SignedUpdate[];
  /** On the leader's word alone. */
  readonly absent: readonly AbsentClient[];
}

export function encodeTaskBundle({ training, round, previous, updates, absent }: TaskBundle): Uint8Array {
  const text = (value: string) => new TextEncoder().encode(value);
  return encodeRlp([
    text(training),
    round,
    fromHex(previous),
    updates.map(({ client, weights, samples, claimedLoss, signature }) => [
      text(client),
      fromHex(weights.digest),
      weights.sizeBytes,
      samples,
      float(claimedLoss),
      signature,
    ]),
    absent.map(({ client, reason }) => [text(client), text(shortText(reason))]),
  ]);
}

/** @throws TreadleError MESSAGE_MALFORMED */
export function decodeTaskBundle(bytes: Uint8Array): TaskBundle {
  const reader = readRlp(bytes, 'bundle');
  const name = (from: RlpReader, what: string) => from.text(what, FEDERATED_TEXT_BYTES_MAX);
  const bundle = {
    training: name(reader, 'training'),
    round: reader.integer('round', FEDERATED_ROUNDS_MAX),
    previous: reader.hash('previous'),
    updates: reader.list('updates', TASK_CLIENTS_MAX).map((each): SignedUpdate => {
      const client = name(each, 'client');
      const weights = { digest: each.hash('digest'), sizeBytes: each.integer('size', FEDERATED_WEIGHTS_BYTES_MAX) };
      const samples = each.integer('samples', 0xffff_ffff);
      const claimedLoss = readFloat(each, 'claimed loss');
      return { client, weights, samples, claimedLoss, signature: each.fixed('signature', 65) };
    }),
    absent: reader
      .list('absent', TASK_CLIENTS_MAX)
      .map((each) => ({ client: name(each, 'client'), reason: name(each, 'reason') })),
  };
  reader.end();
  return bundle;
}

export function digestOfBundle(bytes: Uint8Array): WeightsDigest {
  return digestOfBytes(bytes);
}

/**
 * Holds a bundle to the round that it is said to be of: every update signed by a client that enrolled, none twice, no more samples than it
 * enrolled with, and as many as the quorum.
 *
 * @throws TreadleError FEDERATED_BUNDLE_INVALID
 */
export function checkTaskBundle(bundle: TaskBundle, task: TaskRound): void {
  const { training, round, previous, clients, quorum } = task;
  if (bundle.training !== training || bundle.round !== round || bundle.previous !== previous.digest)
    throw invalid(`it is of round ${bundle.round} of ${bundle.training} after ${bundle.previous}`);
  if (bundle.updates.length < quorum) throw invalid(`${bundle.updates.length} updates, ${quorum} are needed`);
  const enrolled = new Map<string, number>(clients.map(({ node, samples }) => [node, samples]));
  for (const list of [bundle.updates, bundle.absent]) {
    let last = '';
    for (const { client } of list) {
      if (client <= last) throw invalid('clients are not in their order, or one is there twice');
      if (!enrolled.has(client)) throw invalid(`${client} is not enrolled`);
      last = client;
    }
  }
  const gave = new Set(bundle.updates.map(({ client }) => client));
  for (const { client } of bundle.absent) if (gave.has(client)) throw invalid(`${client} gave something and is absent`);
  for (const update of bundle.updates) {
    const flaw = flawOf(update, task);
    if (flaw !== undefined) throw invalid(`${update.client}: ${flaw}`);
  }
}

/** Why an update cannot be in a round, before its weights are known. */
export function flawOf(update: SignedUpdate, { training, round, previous, clients }: TaskRound): string | undefined {
  const { client, weights, samples, signature } = update;
  const enrolled = clients.find(({ node }) => node === client)?.samples ?? 0;
  if (samples < 1 || samples > enrolled) return `${samples} samples, enrolled with ${enrolled}`;
  if (weights.sizeBytes !== previous.sizeBytes) return `weights of ${weights.sizeBytes} bytes`;
  const digest = updateDigest({ ...update, training, round }, previous.digest);
  return recoverAddress(digest, signature) === client ? undefined : 'not signed by this client';
}

function invalid(detail: string): TreadleError {
  return new TreadleError('FEDERATED_BUNDLE_INVALID', { detail });
}
