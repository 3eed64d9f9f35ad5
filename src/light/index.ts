/** Level 4: a light node for programs and browsers: headers, certificates and proofs over JSON-RPC. Owns no keys and no chain. */
export { LIGHT_NODE_ERRORS } from './errors.ts';
export { followHead, followHeaders } from './follow-headers.ts';
export { createHttpCall, type Fetch } from './http-call.ts';
export * from './light-node.ts';
export type { RpcCall } from './rpc-call.ts';
