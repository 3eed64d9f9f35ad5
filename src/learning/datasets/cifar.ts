import { badFile, type DataFile } from './byte-source.ts';
import type { Dataset, SampleSet } from './dataset.ts';
import './errors.ts';
import { checkLabels } from './idx.ts';

const PIXELS = 3 * 32 * 32;
const RECORD = 1 + PIXELS;

/** The ten classes of CIFAR-10, in the order of their labels. */
export const CIFAR10_CLASSES = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
] as const;

/**
 * Reads files of CIFAR-10's binary version, one after the other: records of one label and 32 x 32 bytes each of red,
 * green and blue.
 *
 * @throws TreadleError DATASET_TRUNCATED | DATASET_BAD_LABEL
 */
export function parseCifar(files: readonly DataFile[]): SampleSet {
  for (const { name, bytes } of files) {
    if (bytes.length === 0 || bytes.length % RECORD !== 0)
      throw badFile('DATASET_TRUNCATED', name, `${bytes.length} bytes are no whole number of records of ${RECORD} bytes`);
  }
  const count = files.reduce((sum, { bytes }) => sum + bytes.length / RECORD, 0);
  const values = new Uint8Array(count * PIXELS);
  const labels = new Uint8Array(count);
  let sample = 0;
  for (const { name, bytes } of files) {
    const first = sample;
    for (let at = 0; at < bytes.length; at += RECORD, sample++) {
      labels[sample] = bytes[at] as number;
      values.set(bytes.subarray(at + 1, at + RECORD), sample * PIXELS);
    }
    checkLabels(name, labels.subarray(first, sample), CIFAR10_CLASSES.length);
  }
  return { count, values, labels };
}

/** CIFAR-10 from its binary files. @throws TreadleError of {@link parseCifar} */
export function cifarDataset(name: string, trainFiles: readonly DataFile[], testFiles: readonly DataFile[]): Dataset {
  return {
    name,
    sampleShape: [3, 32, 32],
    classNames: CIFAR10_CLASSES,
    channelNames: ['red', 'green', 'blue'],
    train: parseCifar(trainFiles),
    test: parseCifar(testFiles),
  };
}
