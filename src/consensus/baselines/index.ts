/** Engines that Treadle's consensus is compared with. They are for simulated comparisons: none of them keeps votes over a crash. */
export type { BaselineEffect, BaselineEngine, BaselineEvent, BaselineOptions } from './baseline-core.ts';
export { createDbft, type DbftOptions } from './dbft.ts';
export {
  type BaselineMessage,
  decodeBaseline,
  encodeBaseline,
  type SignedBaseline,
  signBaseline,
  verifyBaseline,
} from './message.ts';
export * from './message-counts.ts';
export { createPbftNaive } from './pbft-naive.ts';
export { createPow, type PowOptions } from './pow.ts';
export { createRibft, type RibftOptions } from './ribft.ts';
export { dbftSuccess } from './success.ts';
