/** Level 5: nodes by role, put together from the parts below, and their HTTP API. Knows no simulator and no operating system. */
export * from './api/index.ts';
export * from './company-node.ts';
export type { ConsensusDriver } from './consensus-driver.ts';
export { HEARD_PROTOCOL } from './consensus-hearsay.ts';
export type { RoundRecord } from './consensus-journal.ts';
export { CONSENSUS_PROTOCOL } from './consensus-voice.ts';
export * from './create-node.ts';
export { createDeviceNode, type DeviceNode, deviceReady, type TaskRecord } from './device-node.ts';
export { createGuestEdgeNode, type EdgeNode } from './edge-node.ts';
export { nodeErrors } from './errors.ts';
export type { FullNode } from './full-node.ts';
export type { Peering } from './peering.ts';
export type { ProxyNode } from './proxy-node.ts';
export type { RpcCall } from './rpc-service.ts';
export type { NodeSetup, Platform, TreadleNode, WorkCounts } from './setup.ts';
export { STANDING_PROTOCOL, type StandingStatus } from './standing.ts';
