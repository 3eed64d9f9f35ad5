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

/** The request protocol by which one node takes weights from another, a chunk at a time. */
export const WEIGHTS_PROTOCOL = 'learning-weights/1';

const CHUNKS_MAX = Math.ceil(FEDERATED_WEIGHTS_BYTES_MAX / FEDERATED_CHUNK_BYTES);

/** Hands out chunks of weights to those who may have them. */
export function serveWeights(
  environment: Pick<Environment, 'network'>,
  store: WeightStore,
  mayHave: (peer: NodeId, digest: WeightsDigest) => boolean,
): void {
  environment.network.onRequest(WEIGHTS_PROTOCOL, async (from, body) => {
    const reader = readRlp(body, 'weights request');
    const digest = reader.hash('digest');
    const index = reader.integer('chunk', CHUNKS_MAX);
    reader.end();
    const chunk = mayHave(from, digest) ? await store.chunk(digest, index) : undefined;
    if (chunk === undefined) throw new TreadleError('FEDERATED_WEIGHTS_MISSING', { detail: `There are no weights ${digest} here` });
    return chunk;
  });
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
  { from, reference, stop = () => false }: { readonly from: NodeId; readonly reference: WeightsReference; readonly stop?: () => boolean },
): Promise<Float32Array> {
  checkSize(reference);
  let attempts = 0;
  for (;;) {
    try {
      for (const index of await store.missing(reference)) {
        const body = encodeRlp([fromHex(reference.digest), index]);
        const timeoutMicros = FEDERATED_CHUNK_TIMEOUT_MICROS;
        await store.putChunk(reference, index, await environment.network.request(from, WEIGHTS_PROTOCOL, body, { timeoutMicros }));
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
