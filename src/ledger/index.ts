/** Level 2: transactions, pool, blocks, EVM execution, state, sync, JSON-RPC. Agreement on what comes next is not its business. */
export { decodeBlock, decodeProposal, encodeBlock, encodeProposal, type RawBlock } from './chain/block-codec.ts';
export { decodeHeader, type Header } from './chain/header.ts';
export { matchesFilter } from './chain/log-query.ts';
export { LEDGER_ERRORS } from './errors.ts';
export { EvmExecutor } from './execution/evm-executor.ts';
export type * from './execution/executor.ts';
export { GENESIS_DEPLOYER, genesisHeader } from './execution/genesis-state.ts';
export * from './execution/precompiles/addresses.ts';
export { RECORDS_GENESIS_CONTRACT } from './execution/precompiles/records-account.ts';
export { SharedExecutor } from './execution/shared-executor.ts';
export { createMemoryStateStore, type StateStore } from './execution/state-store.ts';
export * from './genesis.ts';
export * from './genesis-domain.ts';
export type * from './ledger.ts';
export * from './light/light-client.ts';
export * from './light/light-codec.ts';
export { type OpenLedgerOptions, openLedger } from './open-ledger.ts';
export { PAYLOAD_PROTOCOLS } from './payload/exchange-wire.ts';
export type * from './payload/payload.ts';
export {
  encodePayloadTransaction,
  PAYLOAD_TRANSACTION_TYPE,
  type PayloadTransactionFields,
  payloadGas,
  payloadMessageToSign,
  payloadOf,
} from './payload/payload-transaction.ts';
export { chunkFault, chunkOf, commitPayload, isMediaType } from './payload/payload-tree.ts';
export { LEDGER_PROTOCOLS } from './peers/protocols.ts';
export type { PoolLimits } from './pool/pool.ts';
export { decodeTransaction, type SignedTransaction } from './pool/transaction-codec.ts';
export * from './rpc/index.ts';
