import { defineErrors } from '../../errors.ts';

/**
 * The stable codes of JSON-RPC errors. On the wire the number of JSON-RPC 2.0 and EIP-1474 stands in `error.code`;
 * the stable code stands in `error.data.reason`, except for a revert, whose data is what the contract returned.
 */
export const rpcErrors = defineErrors({
  RPC_PARSE: {
    summary: 'The text is not JSON',
    action: 'Send one JSON-RPC 2.0 request, or a batch of them, as UTF-8 JSON',
  },
  RPC_INVALID_REQUEST: {
    summary: 'The JSON is not a JSON-RPC 2.0 request',
    action: 'Send {"jsonrpc":"2.0","id":1,"method":"...","params":[...]}',
  },
  RPC_UNKNOWN_METHOD: {
    summary: 'The method does not exist',
    action: 'Look for it in docs/reference/json-rpc.md',
  },
  RPC_INVALID_PARAMETER: {
    summary: 'A parameter is missing or malformed',
    action: 'Correct the parameter that the message names',
  },
  RPC_INTERNAL: {
    summary: 'The node failed while it worked on the call',
    action: "This is a defect: report it with the lines of the node's log around this time",
  },
  RPC_INVALID_INPUT: {
    summary: 'The input cannot be used',
    action: 'Correct the input',
  },
  RPC_REVERTED: {
    summary: 'The contract reverted the call',
    action: "Decode the error data with the contract's ABI; the call as given cannot succeed in this state",
  },
  RPC_EXECUTION_FAILED: {
    summary: 'The virtual machine stopped the call',
    action: 'Check the code and the gas given',
  },
  RPC_NOT_FOUND: {
    summary: 'The node does not have what was asked for',
    action: 'Check the number or hash, or ask again once the node has caught up',
  },
  RPC_UNSUPPORTED: {
    summary: 'The node does not support this',
    action: 'Use the way that the message names',
  },
  RPC_NO_ACCOUNTS: {
    summary: 'This node holds no accounts',
    action: 'Sign with your own key and use eth_sendRawTransaction',
  },
  RPC_LIMIT: {
    summary: 'The call is beyond a limit of the node',
    action: 'Ask for less at once',
  },
  RPC_BUSY: {
    summary: 'The node has its hands full',
    action: 'Send it again after data.retryAfterMs',
  },
  RPC_FILTER_UNKNOWN: {
    summary: 'filter not found: this node has none by this id',
    action: 'Make a new filter: one that is not read for five minutes is dropped',
  },
  RPC_RECEIPT_TIMEOUT: {
    summary: 'The transaction was accepted but is not in a block yet',
    action: 'Ask for the receipt of the hash in the error data; do not sign another transaction',
  },
});

export type RpcReason = keyof typeof rpcErrors;

/** Numbers of JSON-RPC 2.0 (-32768..-32600), EIP-1474 (-32000..-32006), of reverts (3) and of EIP-7966 (4). */
export const rpcErrorNumbers: Readonly<Record<RpcReason, number>> = {
  RPC_PARSE: -32700,
  RPC_INVALID_REQUEST: -32600,
  RPC_UNKNOWN_METHOD: -32601,
  RPC_INVALID_PARAMETER: -32602,
  RPC_INTERNAL: -32603,
  RPC_INVALID_INPUT: -32000,
  RPC_REVERTED: 3,
  RPC_EXECUTION_FAILED: -32000,
  RPC_NOT_FOUND: -32001,
  RPC_UNSUPPORTED: -32004,
  RPC_NO_ACCOUNTS: -32004,
  RPC_LIMIT: -32005,
  RPC_BUSY: -32005,
  RPC_FILTER_UNKNOWN: -32000,
  RPC_RECEIPT_TIMEOUT: 4,
};
