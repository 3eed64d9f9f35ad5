/**
 * Level 3: the consortium's contracts: where they stand, what they say, and typed clients. Generated code comes from
 * `contracts/src`.
 */
export * from './addresses.ts';
export * from './consortium-client.ts';
export * from './contract-catalog.ts';
export type { PayloadSender } from './deliver.ts';
export * from './edge-registry-client.ts';
export { contractErrors } from './errors.ts';
export { consortiumArtifact } from './generated/consortium.ts';
export { dataFeedArtifact } from './generated/data-feed.ts';
export { edgeRegistryArtifact } from './generated/edge-registry.ts';
export { oracleRegistryArtifact } from './generated/oracle-registry.ts';
export { paymentChannelsArtifact } from './generated/payment-channels.ts';
export { pedalArtifact } from './generated/pedal.ts';
export * from './ledger-client.ts';
export * from './payment-channels-client.ts';
export type { ClientEnvironment } from './receipt-wait.ts';
export * from './rpc-failure.ts';
export * from './rpc-shapes.ts';
export * from './send-payload.ts';
export * from './sign-payload-transaction.ts';
export * from './sign-transaction.ts';
export * from './typed-data.ts';
