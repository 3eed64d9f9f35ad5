import { type Address, encodeRlp, fromHex, type Hex, toAddress, toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import type { LogRecord, ReceiptRecord } from '../ledger.ts';
import { bigintOf, bytesOf, decode, type Encodable, encode, type Item, listOf, numberOf } from '../rlp-fields.ts';
import { bloomOf } from './bloom.ts';

/** What execution says of one transaction, before the block has a hash. */
export interface Outcome {
  readonly status: 0 | 1;
  readonly gasUsed: bigint;
  readonly cumulativeGasUsed: bigint;
  readonly logs: readonly OutcomeLog[];
  readonly logsBloom: Uint8Array;
  readonly from: Address;
  readonly to: Address | undefined;
  readonly contractAddress: Address | undefined;
  readonly type: number;
  readonly transactionHash: Hex;
  readonly revertData?: Hex;
}

export interface OutcomeLog {
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
}

/** A receipt as the receipts trie holds it (EIP-2718): what a proof can show. */
export interface ConsensusReceipt {
  readonly type: number;
  readonly status: 0 | 1;
  readonly cumulativeGasUsed: bigint;
  readonly logsBloom: Uint8Array;
  readonly logs: readonly OutcomeLog[];
}

function logFields(log: OutcomeLog): Encodable {
  return [fromHex(log.address), log.topics.map(fromHex), fromHex(log.data)];
}

function logOf(item: Item): OutcomeLog {
  const [address, topics, data] = listOf(item, 'log', 3);
  return {
    address: toAddress(toHex(bytesOf(address, 'log address', 20))),
    topics: listOf(topics, 'log topics').map((topic) => toHex(bytesOf(topic, 'log topic', 32))),
    data: toHex(bytesOf(data, 'log data')),
  };
}

/** The receipt's encoding under `receiptsRoot`. */
export function encodeConsensusReceipt(receipt: ConsensusReceipt): Uint8Array {
  return encodeWithLogs(receipt, receipt.logs.map(logFields));
}

function encodeWithLogs(receipt: ConsensusReceipt, logs: readonly Encodable[]): Uint8Array {
  const isTyped = receipt.type !== 0;
  const fields = [receipt.status, receipt.cumulativeGasUsed, receipt.logsBloom, logs];
  const bytes = encodeRlp(fields, { bytesBefore: isTyped ? 1 : 0 });
  if (isTyped) bytes[0] = receipt.type;
  return bytes;
}

/**
 * The consensus form of all outcomes of a block. Their stored form is made with it and remembered: a log stands in both
 * alike, and is taken from its hex once.
 */
export function encodeConsensusReceipts(outcomes: readonly Outcome[]): readonly Uint8Array[] {
  const logs = outcomes.map((outcome) => outcome.logs.map(logFields));
  encodedOutcomes.set(outcomes, encodeStored(outcomes, logs));
  return outcomes.map((outcome, at) => encodeWithLogs(outcome, logs[at] as readonly Encodable[]));
}

/** @throws TreadleError LEDGER_MALFORMED */
export function decodeConsensusReceipt(bytes: Uint8Array): ConsensusReceipt {
  const type = bytes.length > 0 && (bytes[0] as number) < 0x80 ? (bytes[0] as number) : 0;
  const [status, gas, bloom, logs] = listOf(decode(type === 0 ? bytes : bytes.subarray(1), 'receipt'), 'receipt', 4);
  return {
    type,
    status: statusOf(status),
    cumulativeGasUsed: bigintOf(gas, 'cumulative gas'),
    logsBloom: bytesOf(bloom, 'receipt bloom', 256),
    logs: listOf(logs, 'receipt logs').map(logOf),
  };
}

function statusOf(item: Item | undefined): 0 | 1 {
  const status = numberOf(item, 'receipt status');
  if (status !== 0 && status !== 1) throw new TreadleError('LEDGER_MALFORMED', { detail: 'receipt status is neither 0 nor 1' });
  return status;
}

const NOTHING = new Uint8Array(0);

// Nodes of one process that share an execution share its outcomes too: what is derived from them is derived once.
const encodedOutcomes = new WeakMap<readonly Outcome[], Uint8Array>();
const placedOutcomes = new WeakMap<readonly Outcome[], { readonly hash: Hex; readonly receipts: readonly ReceiptRecord[] }>();

/** The outcomes of a block as they are stored: with what the consensus form leaves out, without what can be derived. */
export function encodeOutcomes(outcomes: readonly Outcome[]): Uint8Array {
  const known = encodedOutcomes.get(outcomes);
  if (known !== undefined) return known;
  const encoded = encodeStored(
    outcomes,
    outcomes.map((outcome) => outcome.logs.map(logFields)),
  );
  encodedOutcomes.set(outcomes, encoded);
  return encoded;
}

function encodeStored(outcomes: readonly Outcome[], logs: readonly (readonly Encodable[])[]): Uint8Array {
  return encode(
    outcomes.map((outcome, at) => [
      outcome.status,
      outcome.gasUsed,
      outcome.type,
      fromHex(outcome.transactionHash),
      fromHex(outcome.from),
      outcome.to === undefined ? NOTHING : fromHex(outcome.to),
      outcome.contractAddress === undefined ? NOTHING : fromHex(outcome.contractAddress),
      outcome.revertData === undefined ? [] : [fromHex(outcome.revertData)],
      logs[at] as readonly Encodable[],
    ]),
  );
}

/** @throws TreadleError LEDGER_MALFORMED */
export function decodeOutcomes(bytes: Uint8Array): Outcome[] {
  let cumulativeGasUsed = 0n;
  return listOf(decode(bytes, 'receipts'), 'receipts').map((item) => {
    const [status, gas, type, hash, from, to, contract, revert, logItems] = listOf(item, 'stored receipt', 9);
    const gasUsed = bigintOf(gas, 'gas used');
    cumulativeGasUsed += gasUsed;
    const logs = listOf(logItems, 'stored logs').map(logOf);
    const [revertData] = listOf(revert, 'revert data');
    return {
      status: statusOf(status),
      gasUsed,
      cumulativeGasUsed,
      logs,
      logsBloom: bloomOf(logs),
      from: toAddress(toHex(bytesOf(from, 'from', 20))),
      to: optionalAddress(to, 'to'),
      contractAddress: optionalAddress(contract, 'contract address'),
      type: numberOf(type, 'type'),
      transactionHash: toHex(bytesOf(hash, 'transaction hash', 32)),
      ...(revertData !== undefined && { revertData: toHex(bytesOf(revertData, 'revert data')) }),
    };
  });
}

function optionalAddress(item: Item | undefined, what: string): Address | undefined {
  const bytes = bytesOf(item, what);
  return bytes.length === 0 ? undefined : toAddress(toHex(bytesOf(bytes, what, 20)));
}

/** Outcomes with their place in the chain, as readers see them. */
export function receiptsOf(
  outcomes: readonly Outcome[],
  place: { readonly number: number; readonly hash: Hex },
): readonly ReceiptRecord[] {
  const known = placedOutcomes.get(outcomes);
  if (known?.hash === place.hash) return known.receipts;
  let logIndex = 0;
  const receipts = outcomes.map((outcome, transactionIndex) => {
    const where = {
      transactionHash: outcome.transactionHash,
      transactionIndex,
      blockHash: place.hash,
      blockNumber: place.number,
    };
    const logs: LogRecord[] = outcome.logs.map((log) => ({ ...log, ...where, logIndex: logIndex++ }));
    return { ...outcome, ...where, logs };
  });
  placedOutcomes.set(outcomes, { hash: place.hash, receipts });
  return receipts;
}
