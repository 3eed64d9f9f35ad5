/** What a light client needs, and nothing of a full node: it runs in a browser too. */

export { decodeHeader, type Header } from '../chain/header.ts';
export type { ConsensusReceipt } from '../chain/receipt-codec.ts';
export { LEDGER_ERRORS } from '../errors.ts';
export * from './light-client.ts';
export * from './light-codec.ts';
