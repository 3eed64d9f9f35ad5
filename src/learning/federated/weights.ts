import { sha256, toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import './errors.ts';

/** SHA-256 of weights as {@link weightsToBytes} writes them: `0x` and 64 lower-case hex digits. */
export type WeightsDigest = `0x${string}`;

const NUMBER_BYTES = 4;
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** The vector number by number, IEEE 754 single precision, little-endian: what is sent, stored and hashed. */
export function weightsToBytes(weights: Float32Array): Uint8Array {
  const bytes = new Uint8Array(weights.length * NUMBER_BYTES);
  if (LITTLE_ENDIAN) {
    bytes.set(new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength));
  } else {
    const view = new DataView(bytes.buffer);
    for (const [at, weight] of weights.entries()) view.setFloat32(at * NUMBER_BYTES, weight, true);
  }
  return bytes;
}

/** @throws TreadleError FEDERATED_WEIGHTS_DAMAGED when the bytes are no whole numbers */
export function weightsFromBytes(bytes: Uint8Array): Float32Array {
  if (bytes.length % NUMBER_BYTES !== 0) {
    throw new TreadleError('FEDERATED_WEIGHTS_DAMAGED', { detail: `${bytes.length} bytes are no vector of single precision` });
  }
  const weights = new Float32Array(bytes.length / NUMBER_BYTES);
  if (LITTLE_ENDIAN) {
    new Uint8Array(weights.buffer).set(bytes);
  } else {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < weights.length; at++) weights[at] = view.getFloat32(at * NUMBER_BYTES, true);
  }
  return weights;
}

export function digestOfWeights(weights: Float32Array): WeightsDigest {
  return digestOfBytes(weightsToBytes(weights));
}

export function digestOfBytes(bytes: Uint8Array): WeightsDigest {
  return toHex(sha256(bytes));
}

/** Why weights cannot take part whatever the strategy; undefined when they can. */
export function faultOfWeights(weights: Float32Array, count: number): string | undefined {
  if (weights.length !== count) return `${weights.length} numbers where the network has ${count}`;
  for (let at = 0; at < weights.length; at++) {
    if (!Number.isFinite(weights[at])) return `weight ${at} is no finite number`;
  }
  return undefined;
}
