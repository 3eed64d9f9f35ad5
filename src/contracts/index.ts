/**
 * Level 3: the consortium's contracts: where they stand, what they say, and typed clients. Generated code comes from
 * `contracts/src`.
 */
export * from './addresses.ts';
export type * from './chain-feed.ts';
export * from './commit-evidence.ts';
export * from './consortium-client.ts';
export * from './contract-catalog.ts';
export * from './cross-ledger-client.ts';
export * from './cross-ledger-placement.ts';
export * from './data-feed-client.ts';
export type { PayloadSender } from './deliver.ts';
export * from './edge-registry-client.ts';
export { contractErrors } from './errors.ts';
export * from './federal-file-client.ts';
export { consortiumArtifact } from './generated/consortium.ts';
export { dataFeedArtifact } from './generated/data-feed.ts';
export { edgeRegistryArtifact } from './generated/edge-registry.ts';
export { federalFileArtifact } from './generated/federal-file.ts';
export { inboxArtifact } from './generated/inbox.ts';
export { laneControlArtifact } from './generated/lane-control.ts';
export { oracleRegistryArtifact } from './generated/oracle-registry.ts';
export { outboxArtifact } from './generated/outbox.ts';
export { paymentChannelsArtifact } from './generated/payment-channels.ts';
export { pedalArtifact } from './generated/pedal.ts';
export { sourceHeadersArtifact } from './generated/source-headers.ts';
export { trainingTasksArtifact } from './generated/training-tasks.ts';
export * from './lane-messages.ts';
export * from './lane-record.ts';
export * from './lane-tree.ts';
export * from './ledger-client.ts';
export * from './oracle-placement.ts';
export * from './oracle-registry-client.ts';
export * from './payment-channels-client.ts';
export * from './pedal-client.ts';
export * from './pedal-digests.ts';
export type { ClientEnvironment } from './receipt-wait.ts';
export * from './records-client.ts';
export * from './rpc-failure.ts';
export * from './rpc-shapes.ts';
export * from './send-payload.ts';
export * from './sign-payload-transaction.ts';
export * from './sign-transaction.ts';
export * from './training-digests.ts';
export * from './training-placement.ts';
export * from './training-tasks-client.ts';
export * from './typed-data.ts';
