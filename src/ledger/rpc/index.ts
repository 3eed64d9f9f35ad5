/** JSON-RPC over a ledger: Ethereum's methods for Ethereum's tools, `treadle_` methods for what is ours. */
export * from './errors.ts';
export * from './format-certificate.ts';
export * from './http-app.ts';
export type { RpcConnection } from './method.ts';
export * from './provider.ts';
export * from './rpc.ts';
export { RpcError, type RpcErrorObject } from './rpc-error.ts';
export type * from './treadle-port.ts';
