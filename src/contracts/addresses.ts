import type { Address } from '../crypto/index.ts';

// The contracts stand at these addresses from block 0: genesis puts them there, so no node has to be told where they are.

/** Companies, sealers, observers and votes. */
export const CONSORTIUM_ADDRESS: Address = '0x7ead1e0000000000000000000000000000000001';
/** Edge nodes, matching and the record of tasks. */
export const EDGE_REGISTRY_ADDRESS: Address = '0x7ead1e0000000000000000000000000000000002';
/** Unidirectional payment channels. */
export const PAYMENT_CHANNELS_ADDRESS: Address = '0x7ead1e0000000000000000000000000000000003';
/** Who works for the oracle: keys, stakes, the set of each term. */
export const ORACLE_REGISTRY_ADDRESS: Address = '0x7ead1e0000000000000000000000000000000004';
/** The oracle: elections, requests, answers. */
export const PEDAL_ADDRESS: Address = '0x7ead1e0000000000000000000000000000000005';
/** Tasks of learning together, for the computing oracle. */
export const TRAINING_TASKS_ADDRESS: Address = '0x7ead1e0000000000000000000000000000000006';
/** What the companies decide about lanes to other ledgers. */
export const LANE_CONTROL_ADDRESS: Address = '0x7ead1e0000000000000000000000000000000011';
/** Light clients of other ledgers. */
export const SOURCE_HEADERS_ADDRESS: Address = '0x7ead1e0000000000000000000000000000000012';
/** Messages and receipts to other ledgers. */
export const OUTBOX_ADDRESS: Address = '0x7ead1e0000000000000000000000000000000013';
/** Messages from other ledgers. */
export const INBOX_ADDRESS: Address = '0x7ead1e0000000000000000000000000000000014';
/** What gateways of local ledgers file; on the federal ledger only. */
export const FEDERAL_FILE_ADDRESS: Address = '0x7ead1e0000000000000000000000000000000015';
