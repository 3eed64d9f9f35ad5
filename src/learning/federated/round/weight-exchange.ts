import { encodeRlp, fromHex, readRlp } from '../../../crypto/index.ts';
import { type Environment, type NodeId, sleep } from '../../../environment/index.ts';
import { hasCode, TreadleError } from '../../../errors.ts';
import {
  FEDERATED_CHUNK_BYTES,
  FEDERATED_CHUNK_TIMEOUT_MICROS,
  FEDERATED_FETCH_ATTEMPTS,
  FEDERATED_FETCH_PAUSE_MICROS,
  FEDERATED_WEIGHTS_BYTES_MAX,
} from '../../../limits.ts';
import type { WeightsDigest } from '../weights.ts';
import { checkSize, type WeightStore, type WeightsReference } from './weight-store.ts';

/** The request protocols by which weights are taken, a chunk at a time: the global model from a coordinator, an update from a client. */
export const MODEL_PROTOCOL = 'learning-model/1';
export const UPDATE_PROTOCOL = 'learning-update/1';
export type WeightsProtocol = typeof MODEL_PROTOCOL | typeof UPDATE_PROTOCOL;

const CHUNKS_MAX = Math.ceil(FEDERATED_WEIGHTS_BYTES_MAX / FEDERATED_CHUNK_BYTES);

/** Hands out chunks of weights to those who may have them. */
export function serveWeights(
  environment: Pick<Environment, 'network'>,
  protocol: WeightsProtocol,
  /** The store with these weights, when this peer may have them. */
  find: (peer: NodeId, digest: WeightsDigest) => WeightStore | undefined,
): void {
  environment.network.onRequest(protocol, async (from, body) => {
    const reader = readRlp(body, 'weights request');
    const digest = reader.hash('digest');
    const index = reader.integer('chunk', CHUNKS_MAX);
    reader.end();
    const chunk = await find(from, digest)?.chunk(digest, index);
    if (chunk === undefined)
      throw new TreadleError('FEDERATED_WEIGHTS_MISSING', { detail: `There are no weights ${digest} here` });
    return chunk;
  });
}

export interface FetchOptions {
  readonly from: NodeId;
  readonly protocol: WeightsProtocol;
  readonly reference: WeightsReference;
  /** True: nobody wants them any more. */
  readonly stop?: () => boolean;
}

/**
 * Takes weights from a peer into the store, chunk by chunk; those that are here already are not asked for again, so that what a lost connection or a
 * restart broke off goes on. Gives up after some tries without a new chunk, or when `stop` says so.
 *
 * @returns the weights, held to their digest
 * @throws TreadleError FEDERATED_WEIGHTS_MISSING | FEDERATED_WEIGHTS_DAMAGED | NETWORK_UNREACHABLE | NETWORK_TIMEOUT
 */
export async function fetchWeights(
  environment: Environment,
  store: WeightStore,
  { from, protocol, reference, stop = () => false }: FetchOptions,
): Promise<Float32Array> {
  checkSize(reference);
  let attempts = 0;
  for (;;) {
    try {
      for (const index of await store.missing(reference)) {
        const body = encodeRlp([fromHex(reference.digest), index]);
        const timeoutMicros = FEDERATED_CHUNK_TIMEOUT_MICROS;
        await store.putChunk(reference, index, await environment.network.request(from, protocol, body, { timeoutMicros }));
        attempts = 0;
      }
      return await store.load(reference);
    } catch (error) {
      attempts++;
      // Whoever sends other weights than it announced would do so again.
      const final = hasCode(error, 'FEDERATED_WEIGHTS_DAMAGED') || hasCode(error, 'FEDERATED_WEIGHTS_MISSING');
      if (final || attempts >= FEDERATED_FETCH_ATTEMPTS || stop()) throw error;
    }
    await sleep(environment, FEDERATED_FETCH_PAUSE_MICROS, 'weights are asked for again');
  }
}
