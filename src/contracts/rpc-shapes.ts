import { type Address, type Hex, toAddress } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';

/** A log with its place in the chain. */
export interface PlacedLog {
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly blockNumber: number;
  readonly transactionHash: Hex;
  readonly transactionIndex: number;
  readonly logIndex: number;
}

/** What came of a transaction. */
export interface TransactionReceipt {
  readonly transactionHash: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
  readonly succeeded: boolean;
  readonly gasUsed: bigint;
  readonly logs: readonly PlacedLog[];
  /** What the contract returned when it reverted, where the node keeps it. */
  readonly revertData?: Hex;
}

/** Reads a receipt as JSON-RPC gives it. @throws TreadleError CONTRACT_BAD_ANSWER */
export function readReceipt(answer: unknown): TransactionReceipt {
  return checked('a receipt', answer, (fields) => ({
    transactionHash: hex(fields['transactionHash']),
    blockNumber: number(fields['blockNumber']),
    blockHash: hex(fields['blockHash']),
    succeeded: number(fields['status']) === 1,
    gasUsed: BigInt(hex(fields['gasUsed'])),
    logs: list(fields['logs']).map(readLog),
    ...(fields['revertReason'] !== undefined && { revertData: hex(fields['revertReason']) }),
  }));
}

/** Reads a log as JSON-RPC gives it. @throws TreadleError CONTRACT_BAD_ANSWER */
export function readLog(answer: unknown): PlacedLog {
  return checked('a log', answer, (fields) => ({
    address: toAddress(hex(fields['address'])),
    topics: list(fields['topics']).map(hex),
    data: hex(fields['data']),
    blockNumber: number(fields['blockNumber']),
    transactionHash: hex(fields['transactionHash']),
    transactionIndex: number(fields['transactionIndex']),
    logIndex: number(fields['logIndex']),
  }));
}

/** Reads a quantity or data. @throws TreadleError CONTRACT_BAD_ANSWER */
export function readHex(what: string, answer: unknown): Hex {
  return checked(what, { answer }, ({ answer: value }) => hex(value));
}

/** Reads a list of logs. @throws TreadleError CONTRACT_BAD_ANSWER */
export function readLogs(answer: unknown): readonly PlacedLog[] {
  return checked('a list of logs', { answer }, ({ answer: value }) => list(value)).map(readLog);
}

function checked<T>(what: string, answer: unknown, read: (fields: Readonly<Record<string, unknown>>) => T): T {
  try {
    if (typeof answer !== 'object' || answer === null) throw new RangeError('not an object');
    return read(answer as Readonly<Record<string, unknown>>);
  } catch (cause) {
    if (cause instanceof TreadleError) throw cause;
    throw new TreadleError('CONTRACT_BAD_ANSWER', { detail: `the node's answer is not ${what}`, cause });
  }
}

function hex(value: unknown): Hex {
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]*$/.test(value)) throw new RangeError('not hex');
  return value as Hex;
}

function number(value: unknown): number {
  const read = Number(BigInt(hex(value)));
  if (!Number.isSafeInteger(read)) throw new RangeError('not a safe integer');
  return read;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new RangeError('not a list');
  return value;
}
