import { TreadleError } from '../../errors.ts';
import { nearestName } from '../../suggestion.ts';
import { ai4iDataset } from './ai4i.ts';
import { bearingDataset } from './bearing-dataset.ts';
import { BEARING_STATES } from './bearing-vibration.ts';
import { badFile, type DataFile } from './byte-source.ts';
import { CIFAR10_CLASSES, cifarDataset } from './cifar.ts';
import { cmapssDataset } from './cmapss.ts';
import type { Dataset } from './dataset.ts';
import './errors.ts';
import { gunzip } from './gzip.ts';
import { idxDataset } from './idx.ts';
import {
  AI4I_FILES,
  CIFAR_FILES,
  CMAPSS_FILES,
  FASHION_FILES,
  KMNIST_FILES,
  MNIST_FILES,
  type RemoteFile,
} from './remote-files.ts';
import { readTar } from './tar.ts';
import { readZip } from './zip.ts';

/** Files of one place by what they are for. A part takes every file that its pattern fits, in order of their names. */
export type Parts = Readonly<Record<string, readonly DataFile[]>>;

/** One way in which the files of a data set may lie in a folder. */
export interface Layout {
  /** Each fits the name of a file, in lower case and without `.gz`. */
  readonly parts: Readonly<Record<string, RegExp>>;
  read(parts: Parts): Promise<Dataset>;
}

export interface CatalogueEntry {
  readonly name: string;
  readonly title: string;
  /** What it holds, in a few words. */
  readonly content: string;
  /** The folder of its files in the cache, and under --data. */
  readonly folder: string;
  /** What is fetched; nothing for a data set that is made. */
  readonly files: readonly RemoteFile[];
  readonly layouts: readonly Layout[];
  /** Makes the data set, where no files are needed. */
  readonly make?: () => Dataset;
  readonly homepage: string;
  readonly licence: string;
  readonly citation: string;
}

/** The one file of a part. */
function one(parts: Parts, part: string): DataFile {
  const [file, second] = parts[part] ?? [];
  if (file === undefined) throw new TreadleError('DATASET_FILES_MISSING', { detail: `there is no file for ${part}` });
  if (second !== undefined) throw badFile('DATASET_BAD_SHAPE', second.name, `${file.name} is for the same: which one is meant?`);
  return file;
}

const idxLayout = (name: string, classNames: readonly string[]): Layout => ({
  parts: {
    trainImages: /^train-images[-.]idx3-ubyte$/,
    trainLabels: /^train-labels[-.]idx1-ubyte$/,
    testImages: /^t10k-images[-.]idx3-ubyte$/,
    testLabels: /^t10k-labels[-.]idx1-ubyte$/,
  },
  read: async (parts) =>
    idxDataset(name, classNames, {
      trainImages: await gunzip(one(parts, 'trainImages')),
      trainLabels: await gunzip(one(parts, 'trainLabels')),
      testImages: await gunzip(one(parts, 'testImages')),
      testLabels: await gunzip(one(parts, 'testLabels')),
    }),
});

const cifarBatches: Layout = {
  parts: { train: /^(data_batch_\d+|train.*)\.bin$/, test: /^test.*\.bin$/ },
  read: async ({ train = [], test = [] }) => cifarDataset('cifar10', await all(train), await all(test)),
};

const cifarArchive: Layout = {
  parts: { archive: /^cifar-10-binary\.(tar|tgz)$/ },
  read: async (parts) => {
    const files = readTar(await gunzip(one(parts, 'archive')));
    const fitting = (pattern: RegExp): DataFile[] => files.filter(({ name }) => pattern.test(name)).sort(byName);
    const train = fitting(/(^|\/)data_batch_\d\.bin$/);
    const test = fitting(/(^|\/)test_batch\.bin$/);
    if (train.length === 0 || test.length === 0)
      throw badFile('DATASET_BAD_ARCHIVE', one(parts, 'archive').name, 'it lacks data_batch_1.bin or test_batch.bin');
    return cifarDataset('cifar10', train, test);
  },
};

const all = (files: readonly DataFile[]): Promise<DataFile[]> => Promise.all(files.map((file) => gunzip(file)));

const byName = (left: DataFile, right: DataFile): number => (left.name < right.name ? -1 : 1);

const cmapssText = (name: string, part: string): Layout => ({
  parts: {
    train: new RegExp(`^train_${part}\\.txt$`, 'i'),
    test: new RegExp(`^test_${part}\\.txt$`, 'i'),
    remaining: new RegExp(`^rul_${part}\\.txt$`, 'i'),
  },
  read: async (parts) =>
    cmapssDataset(name, {
      train: await gunzip(one(parts, 'train')),
      test: await gunzip(one(parts, 'test')),
      remaining: await gunzip(one(parts, 'remaining')),
    }),
});

/** NASA hands out an archive in an archive. */
const cmapssArchive = (name: string, part: string): Layout => ({
  parts: { archive: /^(cmapssdata|6\. turbofan engine degradation simulation data set)\.zip$/ },
  read: async (parts) => {
    const outer = one(parts, 'archive');
    const [inner] = await readZip(outer, (entry) => /(^|\/)cmapssdata\.zip$/i.test(entry));
    const archive = inner ?? outer;
    const text = async (kind: string): Promise<DataFile> => {
      const pattern = new RegExp(`(^|/)${kind}_${part}\\.txt$`, 'i');
      const [file] = await readZip(archive, (entry) => pattern.test(entry));
      if (file === undefined) throw badFile('DATASET_BAD_ARCHIVE', archive.name, `it lacks ${kind}_${part}.txt`);
      return file;
    };
    return cmapssDataset(name, { train: await text('train'), test: await text('test'), remaining: await text('RUL') });
  },
});

const cmapss = (part: string, content: string): CatalogueEntry => {
  const name = `cmapss-${part.toLowerCase()}`;
  return {
    name,
    title: `C-MAPSS ${part}`,
    content,
    folder: 'cmapss',
    files: CMAPSS_FILES,
    layouts: [cmapssText(name, part), cmapssArchive(name, part)],
    homepage: 'https://www.nasa.gov/intelligent-systems-division/discovery-and-systems-health/pcoe/pcoe-data-set-repository/',
    licence: 'public domain (NASA)',
    citation:
      'A. Saxena, K. Goebel, D. Simon, N. Eklund: Damage propagation modeling for aircraft engine run-to-failure simulation. International Conference on Prognostics and Health Management, 2008.',
  };
};

const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
const GARMENTS = ['T-shirt/top', 'trouser', 'pullover', 'dress', 'coat', 'sandal', 'shirt', 'sneaker', 'bag', 'ankle boot'];
const KANA = ['o', 'ki', 'su', 'tsu', 'na', 'ha', 'ma', 'ya', 're', 'wo'];

/** Every data set that is known by name. */
export const CATALOGUE: readonly CatalogueEntry[] = [
  {
    name: 'bearing',
    title: 'Bearing vibration (made here)',
    content: `windows of vibration of 20 machines, ${BEARING_STATES.length} states of their bearings`,
    folder: 'bearing',
    files: [],
    layouts: [],
    make: () => bearingDataset(),
    homepage: '',
    licence: 'that of this program',
    citation:
      'After R. B. Randall, J. Antoni: Rolling element bearing diagnostics - a tutorial. Mechanical Systems and Signal Processing 25, 2011.',
  },
  {
    name: 'mnist',
    title: 'MNIST',
    content: '70,000 handwritten digits, 28 x 28',
    folder: 'mnist',
    files: MNIST_FILES,
    layouts: [idxLayout('mnist', DIGITS)],
    homepage: 'http://yann.lecun.com/exdb/mnist/',
    licence: "free for research; the rights in the images are NIST's and the authors'",
    citation:
      'Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to document recognition. Proceedings of the IEEE 86, 1998.',
  },
  {
    name: 'fashion-mnist',
    title: 'Fashion-MNIST',
    content: '70,000 garments, 28 x 28',
    folder: 'fashion-mnist',
    files: FASHION_FILES,
    layouts: [idxLayout('fashion-mnist', GARMENTS)],
    homepage: 'https://github.com/zalandoresearch/fashion-mnist',
    licence: 'MIT',
    citation:
      'H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms. arXiv:1708.07747, 2017.',
  },
  {
    name: 'kmnist',
    title: 'Kuzushiji-MNIST',
    content: '70,000 cursive Japanese characters, 28 x 28',
    folder: 'kmnist',
    files: KMNIST_FILES,
    layouts: [idxLayout('kmnist', KANA)],
    homepage: 'http://codh.rois.ac.jp/kmnist/',
    licence: 'CC BY-SA 4.0',
    citation: 'T. Clanuwat and others: Deep learning for classical Japanese literature. arXiv:1812.01718, 2018.',
  },
  {
    name: 'cifar10',
    title: 'CIFAR-10',
    content: `60,000 colour photographs of ${CIFAR10_CLASSES.length} things, 32 x 32`,
    folder: 'cifar10',
    files: CIFAR_FILES,
    layouts: [cifarBatches, cifarArchive],
    homepage: 'https://www.cs.toronto.edu/~kriz/cifar.html',
    licence: 'free for research; none is stated',
    citation:
      'A. Krizhevsky: Learning multiple layers of features from tiny images. Technical report, University of Toronto, 2009.',
  },
  cmapss('FD001', 'turbofan engines until they fail: one condition, one fault'),
  cmapss('FD002', 'turbofan engines until they fail: six conditions, one fault'),
  cmapss('FD003', 'turbofan engines until they fail: one condition, two faults'),
  cmapss('FD004', 'turbofan engines until they fail: six conditions, two faults'),
  {
    name: 'ai4i',
    title: 'AI4I 2020 predictive maintenance',
    content: '10,000 rows of a milling machine, five ways to fail',
    folder: 'ai4i',
    files: AI4I_FILES,
    layouts: [
      { parts: { table: /^ai4i.*\.csv$/ }, read: async (parts) => ai4iDataset('ai4i', await gunzip(one(parts, 'table'))) },
    ],
    homepage: 'https://archive.ics.uci.edu/dataset/601/ai4i+2020+predictive+maintenance+dataset',
    licence: 'CC BY 4.0',
    citation: 'S. Matzka: Explainable artificial intelligence for predictive maintenance applications. AI4I, 2020.',
  },
];

/** The entry of a name. @throws TreadleError DATASET_UNKNOWN */
export function catalogueEntry(name: string): CatalogueEntry {
  const entry = CATALOGUE.find((each) => each.name === name.trim().toLowerCase());
  if (entry === undefined) {
    const names = CATALOGUE.map((each) => each.name);
    const near = nearestName(name, names);
    throw new TreadleError('DATASET_UNKNOWN', {
      detail: `there is no data set "${name}"${near === undefined ? '' : ` (did you mean ${near}?)`}`,
      data: { known: names },
    });
  }
  return entry;
}
