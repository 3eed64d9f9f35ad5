import type { Rpc } from './rpc.ts';

/** The client side of EIP-1193: what viem's `custom` transport and ethers' `BrowserProvider` take. */
export interface Eip1193Provider {
  request(request: { readonly method: string; readonly params?: readonly unknown[] | object }): Promise<unknown>;
}

/** A provider for clients in this process: no text, no socket, the same answers and errors. */
export function createProvider(rpc: Rpc): Eip1193Provider {
  return {
    request: ({ method, params }) => rpc.call(method, (params ?? []) as readonly unknown[]),
  };
}
