import { equalBytes } from '../../crypto/index.ts';
import { CALL_GAS_MAX } from '../../limits.ts';
import type { CallRequest } from '../ledger.ts';
import { type Parser, parseObject } from './method.ts';
import { parseAddress, parseData, parseHash, parseQuantity } from './quantity.ts';
import { invalidParameter, rpcError } from './rpc-error.ts';

/** Gas of an address and of a slot in an access list (EIP-2930). */
const ACCESS_ADDRESS_GAS = 2_400n;
const ACCESS_SLOT_GAS = 1_900n;

/** A call, and the gas that its access list costs on top. */
export interface ParsedCall {
  readonly request: CallRequest;
  readonly accessListGas: bigint;
  readonly chainId: bigint | undefined;
}

/**
 * The transaction object of `eth_call` and `eth_estimateGas`. Fee fields are read for their form and then ignored: a
 * call pays nothing here. Fields that are unknown are ignored too, as wallets add their own.
 */
export const parseCallRequest: Parser<ParsedCall> = (value, where) => {
  const fields = parseObject(value, where);
  for (const name of ['gasPrice', 'maxFeePerGas', 'maxPriorityFeePerGas', 'nonce', 'type', 'maxFeePerBlobGas']) {
    read(fields, name, where, parseQuantity);
  }
  refuseUnsupported(fields);
  const from = read(fields, 'from', where, parseAddress);
  const to = read(fields, 'to', where, parseAddress);
  const data = readData(fields, where);
  const amount = read(fields, 'value', where, parseQuantity);
  const gas = read(fields, 'gas', where, parseQuantity);
  return {
    request: {
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(data !== undefined && { data }),
      ...(amount !== undefined && { value: amount }),
      ...(gas !== undefined && { gas: boundedGas(gas) }),
    },
    accessListGas: read(fields, 'accessList', where, parseAccessListGas) ?? 0n,
    chainId: read(fields, 'chainId', where, parseQuantity),
  };
};

/** State overrides would need a state of their own; an empty one changes nothing and is let through. */
export const parseNoOverride: Parser<undefined> = (value, where) => {
  if (Object.keys(parseObject(value, where)).length > 0) {
    throw rpcError('RPC_UNSUPPORTED', {
      detail: `${where}: calls run on the chain's state, nothing of it can be overridden here; use a development node for that`,
    });
  }
  return undefined;
};

function boundedGas(gas: bigint): bigint {
  if (gas > CALL_GAS_MAX) return CALL_GAS_MAX;
  return gas;
}

function read<T>(fields: Readonly<Record<string, unknown>>, name: string, where: string, parse: Parser<T>): T | undefined {
  const value = fields[name];
  return value === undefined || value === null ? undefined : parse(value, `${where}.${name}`);
}

/** `input` is today's name, `data` the old one; both may stand there when they agree. */
function readData(fields: Readonly<Record<string, unknown>>, where: string): Uint8Array | undefined {
  const input = read(fields, 'input', where, parseData);
  const data = read(fields, 'data', where, parseData);
  if (input !== undefined && data !== undefined && !equalBytes(input, data)) {
    throw invalidParameter(where, '"input" and "data" to be equal when both are given', 'two different values');
  }
  return input ?? data;
}

function refuseUnsupported(fields: Readonly<Record<string, unknown>>): void {
  for (const name of ['authorizationList', 'blobVersionedHashes', 'blobs']) {
    const value = fields[name];
    if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) continue;
    throw rpcError('RPC_UNSUPPORTED', { detail: `a call with "${name}" cannot be tried out; give the gas limit yourself` });
  }
}

const parseAccessListGas: Parser<bigint> = (value, where) => {
  if (!Array.isArray(value)) throw invalidParameter(where, 'an array of {address, storageKeys}', value);
  let gas = 0n;
  value.forEach((entry, index) => {
    const at = `${where}[${index}]`;
    const fields = parseObject(entry, at);
    parseAddress(fields['address'], `${at}.address`);
    const keys = fields['storageKeys'] ?? [];
    if (!Array.isArray(keys)) throw invalidParameter(`${at}.storageKeys`, 'an array of storage keys', keys);
    for (const [position, key] of keys.entries()) parseHash(key, `${at}.storageKeys[${position}]`);
    gas += ACCESS_ADDRESS_GAS + ACCESS_SLOT_GAS * BigInt(keys.length);
  });
  return gas;
};
