import { DATASET_FILE_BYTES_MAX } from '../../limits.ts';
import { badFile, type DataFile } from './byte-source.ts';
import type { Dataset, SampleSet } from './dataset.ts';
import './errors.ts';

/** An array of bytes with its sizes, as an IDX file holds it. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly values: Uint8Array;
}

const UNSIGNED_BYTES = 0x08;

/**
 * Reads an IDX file (LeCun's format): two zero bytes, the type, the number of sizes, the sizes (big-endian), the values.
 * Files of bytes are read; those of larger numbers occur in no set that is known here.
 *
 * @throws TreadleError DATASET_BAD_MAGIC | DATASET_BAD_SHAPE | DATASET_TRUNCATED | DATASET_TOO_LARGE
 */
export function parseIdx({ name, bytes }: DataFile): IdxArray {
  if (bytes.length < 4) throw badFile('DATASET_TRUNCATED', name, `it has ${bytes.length} bytes and no header`);
  const [first, second, type, dimensions] = bytes as unknown as readonly [number, number, number, number];
  if (first !== 0 || second !== 0) throw badFile('DATASET_BAD_MAGIC', name, 'it is no IDX file');
  if (type !== UNSIGNED_BYTES)
    throw badFile('DATASET_BAD_MAGIC', name, `it is an IDX file of type 0x${type.toString(16)}; only bytes (0x8) are read`);
  if (dimensions < 1 || dimensions > 4) throw badFile('DATASET_BAD_SHAPE', name, `it has ${dimensions} dimensions, not 1 to 4`);
  const start = 4 + 4 * dimensions;
  if (bytes.length < start) throw badFile('DATASET_TRUNCATED', name, 'it ends inside its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const shape = Array.from({ length: dimensions }, (_, at) => view.getUint32(4 + 4 * at));
  const length = shape.reduce((product, size) => product * size, 1);
  if (length > DATASET_FILE_BYTES_MAX)
    throw badFile('DATASET_TOO_LARGE', name, `its header promises ${shape.join(' x ')} values`, { shape });
  if (bytes.length - start !== length)
    throw badFile('DATASET_TRUNCATED', name, `it has ${bytes.length - start} values and should have ${shape.join(' x ')}`, {
      shape,
      found: bytes.length - start,
    });
  return { shape, values: bytes.subarray(start) };
}

export interface IdxFiles {
  readonly trainImages: DataFile;
  readonly trainLabels: DataFile;
  readonly testImages: DataFile;
  readonly testLabels: DataFile;
}

/**
 * A set of grey images in four IDX files (MNIST, Fashion-MNIST, KMNIST).
 *
 * @throws TreadleError of {@link parseIdx}, DATASET_BAD_SHAPE when files do not belong together, DATASET_BAD_LABEL
 */
export function idxDataset(name: string, classNames: readonly string[], files: IdxFiles): Dataset {
  const train = readPair(files.trainImages, files.trainLabels, classNames.length);
  const test = readPair(files.testImages, files.testLabels, classNames.length);
  if (train.shape.join() !== test.shape.join())
    throw badFile(
      'DATASET_BAD_SHAPE',
      files.testImages.name,
      `its images are ${test.shape.join(' x ')}, those for training ${train.shape.join(' x ')}`,
    );
  return { name, sampleShape: [1, ...train.shape], classNames, train: train.samples, test: test.samples };
}

function readPair(imageFile: DataFile, labelFile: DataFile, classes: number): { samples: SampleSet; shape: readonly number[] } {
  const images = parseIdx(imageFile);
  const labels = parseIdx(labelFile);
  const [count, ...shape] = images.shape as [number, ...number[]];
  if (shape.length !== 2 || shape.includes(0))
    throw badFile(
      'DATASET_BAD_SHAPE',
      imageFile.name,
      `it holds ${images.shape.join(' x ')} values, not rows and columns of images`,
    );
  if (labels.shape.length !== 1 || labels.shape[0] !== count)
    throw badFile('DATASET_BAD_SHAPE', labelFile.name, `it has ${labels.shape.join(' x ')} labels for ${count} images`);
  checkLabels(labelFile.name, labels.values, classes);
  return { samples: { count, values: images.values, labels: labels.values }, shape };
}

/** @throws TreadleError DATASET_BAD_LABEL naming the first label that stands for no class */
export function checkLabels(file: string, labels: Uint8Array, classes: number): void {
  const at = labels.findIndex((label) => label >= classes);
  if (at >= 0)
    throw badFile('DATASET_BAD_LABEL', file, `sample ${at} has label ${labels[at]}; there are ${classes} classes`, {
      sample: at,
    });
}
