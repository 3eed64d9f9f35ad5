import type { LayerDescription, NetworkDescription } from './network-description.ts';

const relu = { type: 'relu' } as const;
const maxPool = { type: 'maxPool' } as const;
const flatten = { type: 'flatten' } as const;
const batchNorm = { type: 'batchNorm' } as const;
const dense = (units: number): LayerDescription => ({ type: 'dense', units });
const convolution = (channels: number, kernel: number, padding = 0): LayerDescription => ({
  type: 'convolution',
  channels,
  kernel,
  padding,
});

/** The networks that the experiments use, by name. */
export const NETWORKS = {
  /** Two convolutions of 5 x 5 and one dense layer: 8,490 parameters. */
  mnist: {
    name: 'mnist',
    input: { channels: 1, height: 28, width: 28 },
    layers: [convolution(10, 5), maxPool, relu, convolution(20, 5), maxPool, relu, flatten, dense(10)],
  },
  /** Two convolutions with batch norm, for Fashion-MNIST and KMNIST: 29,034 parameters. */
  fashion: {
    name: 'fashion',
    input: { channels: 1, height: 28, width: 28 },
    layers: [
      ...[convolution(16, 5, 2), batchNorm, relu, maxPool],
      ...[convolution(32, 5, 2), batchNorm, relu, maxPool],
      ...[flatten, dense(10)],
    ],
  },
  /** Eight convolutions of 3 x 3 as in VGG-11, one dense layer: 9,225,610 parameters. */
  cifar: {
    name: 'cifar',
    input: { channels: 3, height: 32, width: 32 },
    layers: [
      ...[convolution(64, 3, 1), relu, maxPool],
      ...[convolution(128, 3, 1), relu, maxPool],
      ...[convolution(256, 3, 1), relu, convolution(256, 3, 1), relu, maxPool],
      ...[convolution(512, 3, 1), relu, convolution(512, 3, 1), relu, maxPool],
      ...[convolution(512, 3, 1), relu, convolution(512, 3, 1), relu, maxPool],
      ...[flatten, dense(10)],
    ],
  },
  /** Four convolutions of 3 x 3, small enough to be trained in minutes: 106,538 parameters. */
  cifarSmall: {
    name: 'cifarSmall',
    input: { channels: 3, height: 32, width: 32 },
    layers: [
      ...[convolution(32, 3, 1), relu, convolution(32, 3, 1), relu, maxPool],
      ...[convolution(64, 3, 1), relu, convolution(64, 3, 1), relu, maxPool],
      ...[flatten, dense(10)],
    ],
  },
  /** Two convolutions of 5 x 5, for experiments that train on CIFAR-10 many times over: 22,058 parameters. */
  cifarTiny: {
    name: 'cifarTiny',
    input: { channels: 3, height: 32, width: 32 },
    layers: [convolution(16, 5), maxPool, relu, convolution(32, 5), maxPool, relu, flatten, dense(10)],
  },
  /** One hidden layer for the orders of a window of bearing vibration: 3,893 parameters. */
  bearing: {
    name: 'bearing',
    input: { channels: 75, height: 1, width: 1 },
    layers: [dense(48), relu, dense(5)],
  },
  /** One hidden layer of 200 for images of 28 x 28: 159,010 parameters. */
  mlp: {
    name: 'mlp',
    input: { channels: 1, height: 28, width: 28 },
    layers: [flatten, dense(200), relu, dense(10)],
  },
} as const satisfies Record<string, NetworkDescription>;

export type NetworkName = keyof typeof NETWORKS;
