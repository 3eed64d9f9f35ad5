import { PEER_QUEUE_BYTES_MAX } from '../../limits.ts';
import type { BaselineLimits } from '../comparison/index.ts';
import type { Calibration } from '../scenario/index.ts';
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
/** What a machine of two cores was measured to take by `treadle calibrate`; written down here so that every run gives the same. */
export const FIGURE_CALIBRATION: Calibration = {
  machine: 'AMD EPYC, 2 cores, Node 24.21.0',
  costMicros: {
    vote_sign: 30.07,
    vote_verify: 48.59,
    transaction_recover: 56.61,
    bls_sign: 271.4,
    bls_verify: 893.5,
    bls_aggregate: 61.7,
    payload_kib: 2.552,
    evm_gas: 0.003816,
    records_gas: 0.001846,
  },
  syncMicros: 216,
};
