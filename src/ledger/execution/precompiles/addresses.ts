import type { Address } from '../../../crypto/index.ts';

/** Answers what contracts cannot know otherwise about the chain that they run on. */
export const CHAIN_FACTS_ADDRESS: Address = '0x0000000000000000000000000000000000007001';
/** Keeps records: values, anchors, attestations, telemetry. */
export const RECORDS_ADDRESS: Address = '0x0000000000000000000000000000000000007002';
/** Answers what payload the transaction carries that is being executed. */
export const PAYLOAD_ADDRESS: Address = '0x0000000000000000000000000000000000007003';
