import { type Method, type MethodTable, method, optional, type Parameter } from '../method.ts';
import { rpcError } from '../rpc-error.ts';

/** What other nodes do with keys that they keep. This one keeps nobody's: it signs blocks, not transactions. */
export function accountMethods(): MethodTable {
  return {
    eth_accounts: method('Always []: the node holds no accounts.', [], () => []),
    eth_sign: refused(),
    eth_signTransaction: refused(),
    eth_signTypedData_v4: refused(),
    eth_sendTransaction: refused(),
    personal_sign: refused(),
  };
}

/** Whatever the parameters are, the answer is what to do instead. */
const anything: readonly Parameter<unknown>[] = [1, 2, 3].map((position) =>
  optional(`argument${position}`, (value) => value, undefined),
);

function refused(): Method {
  return method('Not supported: sign with your own key and use eth_sendRawTransaction.', anything, () => {
    throw rpcError('RPC_NO_ACCOUNTS', { detail: 'this node holds no accounts: sign and use eth_sendRawTransaction' });
  });
}
