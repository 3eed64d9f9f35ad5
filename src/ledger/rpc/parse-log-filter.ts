import type { Address, Hex } from '../../crypto/index.ts';
import { RPC_LOG_ALTERNATIVES_MAX } from '../../limits.ts';
import { type Parser, parseObject } from './method.ts';
import { parseBlockNumber } from './parse-block-id.ts';
import { parseAddress, parseHash } from './quantity.ts';
import type { LogCriteria } from './read-logs.ts';
import { invalidParameter, rpcError } from './rpc-error.ts';

const TOPICS_MAX = 4;

/** A log filter: which logs, and where to look for them. */
export interface ParsedLogFilter {
  readonly criteria: LogCriteria;
  readonly fromBlock: ReturnType<typeof parseBlockNumber> | undefined;
  readonly toBlock: ReturnType<typeof parseBlockNumber> | undefined;
  readonly blockHash: Hex | undefined;
}

/** The filter object of `eth_getLogs`, `eth_newFilter` and the `logs` subscription. */
export const parseLogFilter: Parser<ParsedLogFilter> = (value, where) => {
  const fields = parseObject(value, where);
  const present = (name: string): boolean => fields[name] !== undefined && fields[name] !== null;
  if (present('blockHash') && (present('fromBlock') || present('toBlock'))) {
    throw invalidParameter(where, 'either blockHash or fromBlock and toBlock', 'both');
  }
  return {
    criteria: {
      addresses: present('address') ? parseAddresses(fields['address'], `${where}.address`) : [],
      topics: present('topics') ? parseTopics(fields['topics'], `${where}.topics`) : [],
    },
    fromBlock: present('fromBlock') ? parseBlockNumber(fields['fromBlock'], `${where}.fromBlock`) : undefined,
    toBlock: present('toBlock') ? parseBlockNumber(fields['toBlock'], `${where}.toBlock`) : undefined,
    blockHash: present('blockHash') ? parseHash(fields['blockHash'], `${where}.blockHash`) : undefined,
  };
};

function parseAddresses(value: unknown, where: string): readonly Address[] {
  if (!Array.isArray(value)) return [parseAddress(value, where)];
  refuseLong(value, where);
  return value.map((address, index) => parseAddress(address, `${where}[${index}]`));
}

/** One list per position: an empty one matches anything, another matches any of its topics. */
function parseTopics(value: unknown, where: string): readonly (readonly Hex[])[] {
  if (!Array.isArray(value)) throw invalidParameter(where, 'an array of topics', value);
  if (value.length > TOPICS_MAX) throw invalidParameter(where, `at most ${TOPICS_MAX} topics`, value);
  return value.map((topic: unknown, index) => {
    const at = `${where}[${index}]`;
    if (topic === null || topic === undefined) return [];
    if (!Array.isArray(topic)) return [parseHash(topic, at)];
    refuseLong(topic, at);
    if (topic.length === 0 || topic.includes(null)) return [];
    return topic.map((alternative, position) => parseHash(alternative, `${at}[${position}]`));
  });
}

function refuseLong(list: readonly unknown[], where: string): void {
  if (list.length <= RPC_LOG_ALTERNATIVES_MAX) return;
  throw rpcError('RPC_LIMIT', { detail: `${where} lists ${list.length}; at most ${RPC_LOG_ALTERNATIVES_MAX} are allowed` });
}
