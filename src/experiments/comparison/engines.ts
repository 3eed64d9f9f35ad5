import {
  type BaselineEngine,
  type BaselineOptions,
  createDbft,
  createPbftNaive,
  createPow,
  createRibft,
} from '../../consensus/index.ts';

/** A baseline as it is compared. */
export interface EngineSpec {
  readonly create: (options: BaselineOptions, settings: EngineSettings) => BaselineEngine;
  /** Who needs a transaction's body before a block: the leaders (they send it on, in the block), or everyone (any may mine it). */
  readonly bodiesTo: 'leaders' | 'everyone';
  /** Most bytes of bodies in one block; left out: whatever waits. */
  readonly blockBytesMax?: number;
  /** What must be said of it wherever its figures stand. */
  readonly label: string;
}

export interface EngineSettings {
  readonly groups: number;
  readonly powIntervalMicros: number;
  readonly powConfirmations: number;
}

/** The engines that Treadle is compared with, by name. */
export const BASELINES = {
  'pbft-naive': {
    create: (options) => createPbftNaive(options),
    bodiesTo: 'leaders',
    label: 'PBFT, one leader sends every body to everyone inside its messages (as in the oracle paper’s comparison)',
  },
  dbft: {
    create: (options, { groups }) => createDbft({ ...options, groups }),
    bodiesTo: 'leaders',
    label: 'double-layer PBFT, restated from its abstract and a public white paper',
  },
  ribft: {
    create: (options, { groups }) => createRibft({ ...options, groups }),
    bodiesTo: 'leaders',
    label: 'RIBFT, a reconstruction; a body stays within its domain, so it is copied to a third of the nodes only',
  },
  'ribft-shared': {
    create: (options, { groups }) => createRibft({ ...options, groups, shared: true }),
    bodiesTo: 'leaders',
    label: 'RIBFT, a reconstruction; a body goes to the master chain and from there to every domain',
  },
  pow: {
    create: (options, { powIntervalMicros, powConfirmations }) =>
      createPow({ ...options, blockIntervalMicros: powIntervalMicros, confirmations: powConfirmations }),
    bodiesTo: 'everyone',
    // Larger blocks take longer to reach everyone than the next one takes to be found, and fork without end.
    blockBytesMax: 2_100_000,
    label: 'proof of work, final after a number of confirmations',
  },
} as const satisfies Readonly<Record<string, EngineSpec>>;

export type BaselineName = keyof typeof BASELINES;
