/** Level 4: telemetry of twins: logs of salted readings, their tiles, checkpoints on the ledger, proofs. Owns no clock, no disk, no keys. */

export * from './anchor-round.ts';
export * from './audit-log.ts';
export * from './checkpoint.ts';
export { TWINS_ERRORS } from './errors.ts';
export * from './ledger-anchor.ts';
export * from './make-bundle.ts';
export * from './proof-bundle.ts';
export * from './prove-anchor.ts';
export * from './reading-entry.ts';
export * from './segment-record.ts';
export * from './telemetry-log.ts';
export { EMPTY_EDGE, type Grown, growTree, type TreeEdge } from './tile-tree.ts';
export * from './verify-bundle.ts';
