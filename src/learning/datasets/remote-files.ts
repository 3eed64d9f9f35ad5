/** A file as its publisher hands it out. */
export interface RemoteFile {
  /** Its name in the cache. */
  readonly name: string;
  /** Where it is, the best place first. */
  readonly urls: readonly string[];
  /** Its length, where that is known. */
  readonly sizeBytes?: number;
  /**
   * Lower-case hexadecimal. Absent where the publisher names none and it is known from nowhere else: such a file is held
   * to its format only.
   */
  readonly sha256?: string;
}

type Row = readonly [name: string, sizeBytes: number, sha256: string];

const filesAt = (folders: readonly string[], rows: readonly Row[]): RemoteFile[] =>
  rows.map(([name, sizeBytes, sha256]) => ({ name, urls: folders.map((folder) => `${folder}/${name}`), sizeBytes, sha256 }));

/** The author's page answers seldom; the two mirrors are those of PyTorch and TensorFlow. */
export const MNIST_FILES = filesAt(
  [
    'https://ossci-datasets.s3.amazonaws.com/mnist',
    'https://storage.googleapis.com/cvdf-datasets/mnist',
    'http://yann.lecun.com/exdb/mnist',
  ],
  [
    ['train-images-idx3-ubyte.gz', 9_912_422, '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609'],
    ['train-labels-idx1-ubyte.gz', 28_881, '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c'],
    ['t10k-images-idx3-ubyte.gz', 1_648_877, '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6'],
    ['t10k-labels-idx1-ubyte.gz', 4_542, 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6'],
  ],
);

export const FASHION_FILES = filesAt(
  [
    'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com',
    'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion',
  ],
  [
    ['train-images-idx3-ubyte.gz', 26_421_880, '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84'],
    ['train-labels-idx1-ubyte.gz', 29_515, 'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845'],
    ['t10k-images-idx3-ubyte.gz', 4_422_102, '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073'],
    ['t10k-labels-idx1-ubyte.gz', 5_148, '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5'],
  ],
);

export const KMNIST_FILES = filesAt(
  ['http://codh.rois.ac.jp/kmnist/dataset/kmnist'],
  [
    ['train-images-idx3-ubyte.gz', 18_165_135, '51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4'],
    ['train-labels-idx1-ubyte.gz', 29_497, 'e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17'],
    ['t10k-images-idx3-ubyte.gz', 3_041_136, 'edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5'],
    ['t10k-labels-idx1-ubyte.gz', 5_120, '20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c'],
  ],
);

export const CIFAR_FILES = filesAt(
  ['https://www.cs.toronto.edu/~kriz'],
  [['cifar-10-binary.tar.gz', 170_052_171, 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd']],
);

export const CMAPSS_FILES: readonly RemoteFile[] = [
  {
    name: 'CMAPSSData.zip',
    urls: ['https://phm-datasets.s3.amazonaws.com/NASA/6.+Turbofan+Engine+Degradation+Simulation+Data+Set.zip'],
  },
];

export const AI4I_FILES: readonly RemoteFile[] = [
  { name: 'ai4i2020.csv', urls: ['https://archive.ics.uci.edu/ml/machine-learning-databases/00601/ai4i2020.csv'] },
];
