/** The parts by which bodies are kept and moved, for benchmarks and tests that run them without a ledger. */
export { createPayloadExchange, type ObservedPayloadExchange } from './exchange.ts';
export { ChunkSet } from './exchange-chunk-set.ts';
export * from './exchange-wire.ts';
export { createMemoryBudget } from './memory-budget.ts';
export type { PayloadCommitment } from './payload.ts';
export { DiskPayloadStore } from './payload-store.ts';
export { encodePayloadTransaction, payloadGas, payloadMessageToSign } from './payload-transaction.ts';
export { chunkCountOf, chunkOf, commitPayload } from './payload-tree.ts';
