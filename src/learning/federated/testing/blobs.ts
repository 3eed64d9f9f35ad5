import { seededStream } from '../../datasets/index.ts';
import type { NetworkDescription, TrainingSamples } from '../../engine/index.ts';

export const BLOB_FEATURES = 64;
export const BLOB_CLASSES = 4;

/** One hidden layer that is wide enough for its weights to take more than one chunk. */
export const BLOB_NETWORK: NetworkDescription = {
  name: 'blobs',
  input: { channels: BLOB_FEATURES, height: 1, width: 1 },
  layers: [{ type: 'dense', units: 1000 }, { type: 'relu' }, { type: 'dense', units: BLOB_CLASSES }],
};

/** Points around one centre for each class: learnt in a few steps, by those who are told the truth. */
export function blobs(
  count: number,
  seed: string,
): Required<Pick<TrainingSamples, 'inputs' | 'labels'>> & { readonly labels: Uint8Array } {
  const centres = seededStream('centres of blobs');
  const random = seededStream('blobs', seed);
  const centre = Array.from({ length: BLOB_CLASSES * BLOB_FEATURES }, () => centres.normal(0, 0.5));
  const labels = Uint8Array.from({ length: count }, () => random.integer(BLOB_CLASSES));
  const inputs = Float32Array.from({ length: count * BLOB_FEATURES }, (_, at) => {
    const label = labels[Math.floor(at / BLOB_FEATURES)] as number;
    return (centre[label * BLOB_FEATURES + (at % BLOB_FEATURES)] as number) + random.normal(0, 1);
  });
  return { inputs, labels };
}
