import type { Address } from '../crypto/index.ts';

// The contracts stand at these addresses from block 0: genesis puts them there, so no node has to be told where they are.

/** Companies, sealers, observers and votes. */
export const CONSORTIUM_ADDRESS: Address = '0x7ead1e0000000000000000000000000000000001';
/** Edge nodes, matching and the record of tasks. */
export const EDGE_REGISTRY_ADDRESS: Address = '0x7ead1e0000000000000000000000000000000002';
/** Unidirectional payment channels. */
export const PAYMENT_CHANNELS_ADDRESS: Address = '0x7ead1e0000000000000000000000000000000003';
