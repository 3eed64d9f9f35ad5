/**
 * Level 4: Pedal off the chain: nodes that observe, agree and answer what contracts ask. Owns rounds, elections as a node takes part
 * in them, and the jobs; does not own registration, the network's connections, or how the outside world is read.
 */

export type { MemberRecord, RoundRecord } from './engine/round-record.ts';
export { sightDigest, signSight } from './engine/sights.ts';
export * from './engine/wire.ts';
export * from './errors.ts';
export * from './explain.ts';
export * from './job.ts';
export * from './jobs/compute/index.ts';
export * from './jobs/data/index.ts';
export * from './jobs/message/index.ts';
export * from './oracle-service.ts';
export * from './reasons.ts';
