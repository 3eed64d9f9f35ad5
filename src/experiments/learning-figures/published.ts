import type { FigureDataset } from './figure-cells.ts';
import { type PROOFS, PUBLISHED_SHARES } from './figure-cells.ts';
import type { FigurePoint } from './summary.ts';

/** What the oracle paper says of its figures 9 and 10. It prints curves, no numbers: only its sentences can be compared. */
export interface Claim {
  readonly text: string;
  /** Data sets that the sentence names. */
  readonly datasets: readonly FigureDataset[];
  /** Undefined when runs that it needs are missing. */
  readonly holds: (points: PublishedPoints, proof: Proof) => Finding | undefined;
}

export interface Finding {
  readonly holds: boolean;
  readonly measured: string;
}

/** Mean final accuracy by strategy and malicious share, of the published comparison. */
export type PublishedPoints = (strategy: string, share: number) => number | undefined;

export function publishedPoints(points: readonly FigurePoint[]): PublishedPoints {
  return (strategy, share) =>
    points.find((point) => point.part === 'published' && point.strategy === strategy && point.share === share)?.final?.mean;
}

/** Closer than this is what the paper's curves would show as the same: "similar". */
const SIMILAR = 0.02;
/** "Far exceeds". */
const FAR = 0.1;

/** Which reading of Proof a sentence is held against. */
export type Proof = (typeof PROOFS)[number];

const ALL: readonly FigureDataset[] = ['mnist', 'fashion-mnist', 'kmnist', 'cifar10'];
const text = (value: number): string => value.toFixed(3);

export const CLAIMS: readonly Claim[] = [
  {
    text: 'Without malicious nodes Pedal and Proof are less accurate than FedAvg',
    datasets: ['fashion-mnist', 'cifar10', 'kmnist'],
    holds: (accuracy, proof) =>
      compared({ accuracy, proof, share: 0 }, (pedal, proof, fedavg) => pedal < fedavg && proof < fedavg),
  },
  {
    text: 'With more malicious nodes Pedal and Proof far exceed FedAvg (read as: by 0.1 at 30 %)',
    datasets: ALL,
    holds: (accuracy, proof) =>
      compared(
        { accuracy, proof, share: Math.max(...PUBLISHED_SHARES) },
        (pedal, proof, fedavg) => Math.min(pedal, proof) - fedavg > FAR,
      ),
  },
  {
    text: 'Pedal and Proof are similar (read as: within 0.02 at every share)',
    datasets: ['mnist', 'kmnist'],
    holds: (accuracy, proof) => everyShare({ accuracy, proof }, (pedal, proof) => Math.abs(pedal - proof) < SIMILAR),
  },
  {
    text: 'Pedal is more accurate than Proof at every share',
    datasets: ['fashion-mnist', 'cifar10'],
    holds: (accuracy, proof) => everyShare({ accuracy, proof }, (pedal, proof) => pedal > proof),
  },
];

/** Both figures make the same claims. */
export function claimsOf(dataset: FigureDataset): readonly Claim[] {
  return CLAIMS.filter(({ datasets }) => datasets.includes(dataset));
}

function compared(
  { accuracy, proof, share }: { readonly accuracy: PublishedPoints; readonly proof: Proof; readonly share: number },
  holds: (pedal: number, proof: number, fedavg: number) => boolean,
): Finding | undefined {
  const [pedal, proven, fedavg] = ['pedal', proof, 'fedavg'].map((strategy) => accuracy(strategy, share));
  if (pedal === undefined || proven === undefined || fedavg === undefined) return undefined;
  return {
    holds: holds(pedal, proven, fedavg),
    measured: `at ${share * 100} %: Pedal ${text(pedal)}, Proof ${text(proven)}, FedAvg ${text(fedavg)}`,
  };
}

function everyShare(
  { accuracy, proof }: { readonly accuracy: PublishedPoints; readonly proof: Proof },
  holds: (pedal: number, proof: number) => boolean,
): Finding | undefined {
  const found: string[] = [];
  let all = true;
  for (const share of PUBLISHED_SHARES) {
    const [pedal, proven] = [accuracy('pedal', share), accuracy(proof, share)];
    if (pedal === undefined || proven === undefined) return undefined;
    all &&= holds(pedal, proven);
    found.push(`${share * 100} %: ${text(pedal)} and ${text(proven)}`);
  }
  return { holds: all, measured: `Pedal and Proof at ${found.join('; ')}` };
}
