import { ATTACKS, checkPlan, type PartitionKind, type RunPlan, readPluginChoice, STRATEGIES } from '../../learning/index.ts';

/** Figures of the oracle paper on learning among liars: the training samples of a client are of all kinds, or of two at most. */
export const LEARNING_FIGURES = ['pedal-fig9', 'pedal-fig10'] as const;
export type LearningFigure = (typeof LEARNING_FIGURES)[number];

/** Data sets of the published figures. */
export const FIGURE_DATASETS = ['mnist', 'fashion-mnist', 'kmnist', 'cifar10'] as const;
export type FigureDataset = (typeof FIGURE_DATASETS)[number];

/** How much is trained. */
export interface FigureScale {
  readonly clients: number;
  readonly active: number;
  readonly epochs: number;
  readonly rounds: number;
  readonly repeats: number;
  readonly learningRate: number;
  /** Other attacks and shares beyond a third as well. */
  readonly extras: boolean;
  readonly trainSamplesMax?: number;
  readonly testSamplesMax?: number;
}

/** As published: 100 clients, 10 of them active, 5 epochs, 30 rounds, everything three times. */
export const PUBLISHED_SCALE: FigureScale = {
  clients: 100,
  active: 10,
  epochs: 5,
  rounds: 30,
  repeats: 3,
  learningRate: 0.01,
  extras: true,
};
/** The shape in two minutes: fewer of everything. */
export const QUICK_SCALE: FigureScale = {
  ...{ clients: 30, active: 10, epochs: 2, rounds: 6, repeats: 1, learningRate: 0.05, extras: false },
  ...{ trainSamplesMax: 6000, testSamplesMax: 1500 },
};

/** CIFAR-10 is run with few samples and a small network: what the paper trains takes hours for one run. */
const CIFAR_SCALE: FigureScale = { ...PUBLISHED_SCALE, trainSamplesMax: 10_000, testSamplesMax: 2_000 };

export function scaleOf(dataset: FigureDataset, quick: boolean): FigureScale {
  if (quick) return QUICK_SCALE;
  return dataset === 'cifar10' ? CIFAR_SCALE : PUBLISHED_SCALE;
}

/** Proof twice: its rule takes the one best model; the paper says that for its figures it took the mean of honest ones. */
export const PROOFS = ['proof', 'proof:average=1'] as const;
export const PUBLISHED_STRATEGIES = ['fedavg', 'pedal', ...PROOFS] as const;
/** Robust rules of others, on the same plots. */
export const OTHER_STRATEGIES = ['median', 'krum', 'geometric-median', 'trimmed-mean'] as const;
export const PUBLISHED_SHARES = [0, 0.1, 0.2, 0.3] as const;
/** Beyond a third, where Pedal's assumption ends. */
export const SHARES_BEYOND = [0.4, 0.5, 0.6] as const;
export const BEYOND_STRATEGIES = ['pedal', 'proof', 'median', 'geometric-median'] as const;
export const PUBLISHED_ATTACK = 'random-weights';
/** What else liars may do, at the largest published share. */
export const OTHER_ATTACKS = ['sign-flip', 'scaled-update', 'label-flip', 'a-little-is-enough', 'colluders'] as const;
export const ATTACKED_STRATEGIES = ['fedavg', 'pedal', 'proof', 'median', 'geometric-median'] as const;

/** Which question a run belongs to. */
export type FigurePart = 'published' | 'others' | 'attacks' | 'beyond';

/** One training of a figure. */
export interface FigureCell {
  readonly part: FigurePart;
  readonly dataset: FigureDataset;
  readonly strategy: string;
  readonly attack: string;
  readonly share: number;
  /** From 1; the seed is the figure's plus this less 1. */
  readonly repeat: number;
  readonly plan: RunPlan;
}

/** The published network of each data set; of CIFAR-10's a small one, as the published one takes hours for one run. */
export const FIGURE_NETWORKS: Readonly<Record<FigureDataset, string>> = {
  mnist: 'mnist',
  kmnist: 'mnist',
  'fashion-mnist': 'fashion',
  cifar10: 'cifarTiny',
};

export function partitionOf(figure: LearningFigure): PartitionKind {
  return figure === 'pedal-fig9' ? 'iid' : 'slices';
}

/** Samples of a step, which the paper does not print; that and the learning rate are those of works on the same network. */
const BATCH_SIZE = 10;

/**
 * All trainings of a figure and a data set. What answers most comes first: the published comparison once, the other rules at the largest
 * share, then repeats; attacks and shares beyond a third are run once.
 */
export function figureCells(
  figure: LearningFigure,
  dataset: FigureDataset,
  { scale, seed }: { readonly scale: FigureScale; readonly seed: number },
): readonly FigureCell[] {
  const cell = (part: FigurePart, strategy: string, attack: string, share: number, repeat: number): FigureCell => ({
    ...{ part, dataset, strategy, attack, share, repeat },
    plan: planOf({ figure, dataset, scale, strategy, attack, share, seed: seed + repeat - 1 }),
  });
  const compared = (repeat: number): FigureCell[] => [
    ...[...PUBLISHED_SHARES]
      .reverse()
      .flatMap((share) => PUBLISHED_STRATEGIES.map((strategy) => cell('published', strategy, PUBLISHED_ATTACK, share, repeat))),
    ...[...PUBLISHED_SHARES]
      .reverse()
      .flatMap((share) => OTHER_STRATEGIES.map((strategy) => cell('others', strategy, PUBLISHED_ATTACK, share, repeat))),
  ];
  const largest = Math.max(...PUBLISHED_SHARES);
  const first = compared(1);
  const soon = first.filter(({ part, share }) => part === 'published' || share === largest);
  const extras = [
    ...SHARES_BEYOND.flatMap((share) =>
      BEYOND_STRATEGIES.map((strategy) => cell('beyond', strategy, PUBLISHED_ATTACK, share, 1)),
    ),
    ...OTHER_ATTACKS.flatMap((attack) => ATTACKED_STRATEGIES.map((strategy) => cell('attacks', strategy, attack, largest, 1))),
  ];
  return [
    ...soon,
    ...(scale.extras ? extras : []),
    ...first.filter((each) => !soon.includes(each)),
    ...Array.from({ length: scale.repeats - 1 }, (_, at) => compared(at + 2)).flat(),
  ];
}

function planOf(from: {
  readonly figure: LearningFigure;
  readonly dataset: FigureDataset;
  readonly scale: FigureScale;
  readonly strategy: string;
  readonly attack: string;
  readonly share: number;
  readonly seed: number;
}): RunPlan {
  const { figure, dataset, scale, strategy, attack, share, seed } = from;
  const { clients, active, epochs, rounds, learningRate, repeats: _, extras: __, ...limits } = scale;
  return checkPlan({
    ...{ dataset, network: FIGURE_NETWORKS[dataset], clients, active, rounds },
    partition: { kind: partitionOf(figure), alpha: 0.5 },
    training: { epochs, batchSize: BATCH_SIZE, optimiser: { type: 'sgd', learningRate } },
    strategy: readPluginChoice(strategy, STRATEGIES),
    before: [],
    ...(share > 0 && { attack: readPluginChoice(attack, ATTACKS) }),
    maliciousShare: share,
    ...{ judgeShare: 1 / 3, rootSamples: 100, ...limits, seed: String(seed), fastMath: false },
  });
}
