/** Level 2: pure consensus cores. Owns agreement; does not own blocks, execution, keys, disks or networks. */
export * from './certificate.ts';
export * from './codec.ts';
export type * from './core.ts';
export { consensusErrors } from './errors.ts';
export * from './messages.ts';
export { createPbft } from './pbft/pbft.ts';
export { proposerOf } from './pbft/proposer.ts';
export { faultsOf, quorumOf } from './pbft/quorum.ts';
export { roundTimeoutMicros } from './pbft/timeouts.ts';
export {
  commitDigest,
  type Decision,
  sameVote,
  signingDigest,
  signMessage,
  verifyMessage,
} from './signing.ts';
