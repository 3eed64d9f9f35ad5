import { PEER_QUEUE_BYTES_MAX } from '../../limits.ts';
import type { BaselineLimits } from '../comparison/index.ts';
import type { FigureLine } from './cell.ts';

/** The paper does not say on what network it measured beyond "1000Mb/s" of its servers: these are ours, the same for everybody. */
export const FIGURE_LINE: FigureLine = {
  bitsPerSecond: 100e6,
  latencyMicros: 25_000,
  jitterMicros: 5_000,
  blockIntervalMicros: 500_000,
  gatherMicros: 60_000,
};
/** Collaborative groups of Pedal, DBFT and RIBFT (section V-B). */
export const FIGURE_GROUPS = 3;
/** Virtual time after which a cell counts as crashed. */
export const FIGURE_WITHIN_MICROS = 600_000_000;
/** The most that an oracle node of the figures may take for one look: 90 contents of 1 MB come over its line together. */
export const FIGURE_LOOK_MICROS = 60_000_000;
/** Baselines as an operator would run them: a first view of ten seconds, doubled with every further one, and Treadle's own bound for a peer's queue. */
export const OPERATED: BaselineLimits = { baseTimeoutMicros: 10_000_000, queueBytesMax: PEER_QUEUE_BYTES_MAX };
