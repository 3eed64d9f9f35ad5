/** Level 2: pure consensus cores. Owns agreement; does not own blocks, execution, keys, disks or networks. */
export * from './baselines/index.ts';
export * from './certificate.ts';
export * from './codec.ts';
export type * from './core.ts';
export type { ConsensusEngine } from './engine.ts';
export { consensusErrors } from './errors.ts';
export * from './evidence.ts';
export { decodeHearsay, encodeHearsay, type Hearsay } from './hearsay.ts';
export * from './messages.ts';
export { createPbft } from './pbft/pbft.ts';
export { proposerOf, turnOrder } from './pbft/proposer.ts';
export { faultsOf, quorumOf } from './pbft/quorum.ts';
export { type BuiltBlock, skippedProposers } from './pbft/skipped-proposers.ts';
export { roundTimeoutMicros, stretchedBaseMicros } from './pbft/timeouts.ts';
export { RoundPace } from './round-pace.ts';
export {
  commitDigest,
  contentBytes,
  contentDigest,
  type Decision,
  type Place,
  sameVote,
  signedContent,
  signingDigest,
  signMessage,
  verifyMessage,
} from './signing.ts';
export * from './standing-report.ts';
