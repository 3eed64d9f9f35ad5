import type { BlockId, HeaderRecord, LedgerView } from '../ledger.ts';
import { parseObject } from './method.ts';
import { parseHash, parseQuantity, safeNumber } from './quantity.ts';
import { invalidParameter, rpcError } from './rpc-error.ts';

const tags = ['latest', 'earliest', 'pending', 'safe', 'finalized'] as const;

/** A block by number or tag, where a hash is not allowed (`eth_getBlockByNumber`, log ranges). */
export function parseBlockNumber(value: unknown, where: string): number | (typeof tags)[number] {
  const tag = tags.find((name) => name === value);
  if (tag !== undefined) return tag;
  if (typeof value !== 'string' || !value.startsWith('0x')) {
    throw invalidParameter(where, `a block number ("0x1b4") or one of ${tags.map((name) => `"${name}"`).join(', ')}`, value);
  }
  return safeNumber(parseQuantity(value, where));
}

/** A block by number, tag or hash, or by the object of EIP-1898. `requireCanonical` is always met: blocks are final. */
export function parseBlockId(value: unknown, where: string): BlockId {
  if (typeof value === 'object') {
    const named = parseObject(value, where);
    if (named['blockHash'] !== undefined) return parseHash(named['blockHash'], `${where}.blockHash`);
    return parseBlockNumber(named['blockNumber'], `${where}.blockNumber`);
  }
  if (typeof value === 'string' && value.length === 66) return parseHash(value, where);
  return parseBlockNumber(value, where);
}

/** The header a state query stands on. @throws RpcError -32001 when this node does not have the block */
export async function headerAt(ledger: LedgerView, id: BlockId): Promise<HeaderRecord> {
  const header = await ledger.header(id);
  if (header !== undefined) return header;
  throw rpcError('RPC_NOT_FOUND', { detail: `header not found: block ${id}; the head is ${ledger.head.number}` });
}
