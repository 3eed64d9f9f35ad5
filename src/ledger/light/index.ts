/** What a light client needs, and nothing of a full node: it runs in a browser too. */

export { decodeHeader, type Header } from '../chain/header.ts';
export type { ConsensusReceipt } from '../chain/receipt-codec.ts';
export { LEDGER_ERRORS } from '../errors.ts';
export { RECORDS_ADDRESS } from '../execution/precompiles/addresses.ts';
export type { Genesis } from '../genesis.ts';
export { genesisDomain } from '../genesis-domain.ts';
export type { AccountRecord, ReceiptProof } from '../ledger.ts';
export { parseCertificate, type RpcCertificate } from '../rpc/format-certificate.ts';
export * from './light-client.ts';
export * from './light-codec.ts';
