import type { PluginParameter } from '../plugin.ts';
import { fedAvg } from './averaging.ts';
import { centredClipping, geometricMedian } from './centres.ts';
import { coordinateMedian, trimmedMean } from './coordinate-wise.ts';
import { flTrust } from './fltrust.ts';
import { krum } from './krum.ts';
import { pedal } from './pedal.ts';
import { bucketing, clipping, nearestNeighbourMixing } from './pre-aggregators.ts';
import { proofOfLearning } from './proof-of-learning.ts';
import type { PreAggregatorPlugin, StrategyPlugin } from './strategy.ts';

const faulty = (allows: string): PluginParameter => ({
  name: 'faulty',
  meaning: `liars to bear (default: fewer than a third; ${allows})`,
  min: 0,
  max: 10_000,
  whole: true,
});
const passes = (usual: number): PluginParameter => ({
  name: 'passes',
  meaning: 'steps of the iteration',
  default: usual,
  min: 1,
  max: 100,
  whole: true,
});

/** Every way to make one model of many. */
export const STRATEGIES: readonly StrategyPlugin[] = [
  {
    name: 'fedavg',
    summary: 'mean of all, weighted by samples',
    source: 'McMahan et al. 2017, algorithm 1',
    origin: 'published',
    memory: 'fixed',
    parameters: [],
    make: fedAvg,
  },
  {
    name: 'fedprox',
    summary: 'mean of all; clients are held near the global model while they train',
    source: 'Li et al. 2020, algorithm 2',
    origin: 'published',
    memory: 'fixed',
    parameters: [{ name: 'mu', meaning: 'weight of the proximal term', default: 0.1, min: 0, max: 1000 }],
    proximal: ({ mu = 0 }) => mu,
    make: fedAvg,
  },
  {
    name: 'pedal',
    summary: 'mean of the third that is most accurate on a third of the test set',
    source: 'SewingChain, section IV-C, equations 12 and 13, with weights that add up to 1',
    origin: 'reconstructed',
    memory: 'fixed',
    parameters: [
      {
        name: 'parts',
        meaning: 'of n updates the best n / parts are taken, rounded up',
        default: 3,
        min: 1,
        max: 100,
        whole: true,
      },
    ],
    make: ({ parts = 3 }) => pedal({ parts }),
  },
  {
    name: 'proof',
    summary: 'proof of learning: the model of the smallest loss that is claimed and found',
    source: 'Qiu et al. 2020 (AI-Chain), as SewingChain, section V-C, tells it',
    origin: 'reconstructed',
    memory: 'fixed',
    wantsClaims: true,
    parameters: [
      { name: 'tolerance', meaning: 'by which a claimed loss may be off', default: 1e-3, min: 0, max: 100 },
      { name: 'relativeTolerance', meaning: 'the same as a share of the loss', default: 0.01, min: 0, max: 1 },
      {
        name: 'average',
        meaning: '1: mean of all whose claim holds, not the winner alone',
        default: 0,
        min: 0,
        max: 1,
        whole: true,
      },
    ],
    make: ({ tolerance = 1e-3, relativeTolerance = 0.01, average = 0 }) =>
      proofOfLearning({ tolerance, relativeTolerance, average }),
  },
  {
    name: 'median',
    summary: 'median of each weight',
    source: 'Yin et al. 2018, option I',
    origin: 'published',
    memory: 'allClients',
    parameters: [],
    make: coordinateMedian,
  },
  {
    name: 'trimmed-mean',
    summary: 'mean of each weight without its smallest and largest values',
    source: 'Yin et al. 2018, option II',
    origin: 'published',
    memory: 'allClients',
    parameters: [faulty('needs 2 faulty + 1 clients')],
    make: trimmedMean,
  },
  {
    name: 'krum',
    summary: 'the one update that is nearest to its neighbours',
    source: 'Blanchard et al. 2017, section 4',
    origin: 'published',
    memory: 'allClients',
    parameters: [faulty('needs 2 faulty + 3 clients')],
    make: (settings) => krum({ ...settings, best: 1 }),
  },
  {
    name: 'multi-krum',
    summary: 'mean of the updates that are nearest to their neighbours',
    source: 'Blanchard et al. 2017, section 4',
    origin: 'published',
    memory: 'allClients',
    parameters: [
      faulty('needs 2 faulty + 3 clients'),
      { name: 'best', meaning: 'how many are averaged (default: clients - faulty)', min: 1, max: 10_000, whole: true },
    ],
    make: krum,
  },
  {
    name: 'geometric-median',
    summary: 'the point with the smallest sum of distances',
    source: 'Pillutla et al. 2022 (RFA), algorithm 2',
    origin: 'published',
    memory: 'fixed',
    parameters: [
      passes(8),
      { name: 'smoothing', meaning: 'distances below count as this much', default: 1e-6, min: 1e-12, max: 1000 },
    ],
    make: ({ passes: count = 8, smoothing = 1e-6 }) => geometricMedian({ passes: count, smoothing }),
  },
  {
    name: 'fltrust',
    summary: "weighted by how far updates point the way of the coordinator's own",
    source: 'Cao et al. 2021, algorithm 2',
    origin: 'published',
    memory: 'fixed',
    parameters: [],
    make: flTrust,
  },
  {
    name: 'centred-clipping',
    summary: 'mean of the differences to a centre, none longer than a radius',
    source: 'Karimireddy et al. 2021, equation 11; the radius by the median is ours',
    origin: 'published',
    memory: 'fixed',
    parameters: [
      { name: 'radius', meaning: 'longest pull in one pass (default: the median distance)', min: 0, max: 1e9 },
      passes(3),
    ],
    make: ({ passes: count = 3, ...rest }) => centredClipping({ ...rest, passes: count }),
  },
];

/** What may stand before any strategy. */
export const PRE_AGGREGATORS: readonly PreAggregatorPlugin[] = [
  {
    name: 'clipping',
    summary: 'shortens updates that are longer than a radius',
    source: 'Sun et al. 2019; the radius by the median is ours',
    origin: 'published',
    parameters: [{ name: 'radius', meaning: 'longest update (default: the median length)', min: 0, max: 1e9 }],
    make: clipping,
  },
  {
    name: 'bucketing',
    summary: 'means of updates that are dealt into buckets at random',
    source: 'Karimireddy et al. 2022, algorithm 1',
    origin: 'published',
    parameters: [{ name: 'size', meaning: 'updates in a bucket', default: 2, min: 1, max: 1000, whole: true }],
    make: ({ size = 2 }) => bucketing({ size }),
  },
  {
    name: 'nnm',
    summary: 'nearest-neighbour mixing: each update becomes the mean of those nearest to it',
    source: 'Allouah et al. 2023, algorithm 2',
    origin: 'published',
    parameters: [faulty('needs 2 faulty + 1 clients')],
    make: nearestNeighbourMixing,
  },
];
