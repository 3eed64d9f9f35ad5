/** One JSON-RPC call. Rejects when the node does not answer or answers with an error. */
export type RpcCall = (method: string, params: readonly unknown[]) => Promise<unknown>;
