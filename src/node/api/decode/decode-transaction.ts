import type { TypedTransaction } from '@ethereumjs/tx';
import { type Abi, type AbiEvent, type AbiFunction, decodeErrorResult, decodeEventLog, decodeFunctionData } from 'viem';
import { type CatalogEntry, contractCatalog } from '../../../contracts/index.ts';
import { type Address, type Hex, toAddress, toHex } from '../../../crypto/index.ts';
import type { LogRecord } from '../../../ledger/index.ts';
import type { DecodedCall, DecodedEvent, Failure, Party } from '../types.ts';
import { decodedValues } from './decoded-value.ts';

type PartyOf = (address: Address) => Party;

/** The contract at an address, if it is one of the house's. */
function contractAt(address: Address | undefined): CatalogEntry | undefined {
  return address === undefined ? undefined : contractCatalog.get(address);
}

/** Where a transaction goes; undefined when it creates a contract. */
export function recipientOf(transaction: TypedTransaction): Address | undefined {
  return transaction.to === undefined ? undefined : toAddress(transaction.to.toString());
}

/** The called function's name, "create", "transfer", or the selector of a call that no known contract declares. */
export function methodName(transaction: TypedTransaction): string {
  const to = recipientOf(transaction);
  if (to === undefined) return 'create';
  if (transaction.data.length === 0) return 'transfer';
  const selector = toHex(transaction.data.subarray(0, 4));
  return functionOf(to, toHex(transaction.data))?.name ?? selector;
}

/** The call in words; null when no known contract declares it. */
export function decodeCall(transaction: TypedTransaction, partyOf: PartyOf): DecodedCall | null {
  const contract = contractAt(recipientOf(transaction));
  if (contract === undefined) return null;
  const found = functionOf(recipientOf(transaction), toHex(transaction.data));
  if (found === undefined) return null;
  return { contract: contract.name, function: found.name, arguments: decodedValues(found.inputs, found.args, partyOf) };
}

function functionOf(
  to: Address | undefined,
  data: Hex,
): { name: string; inputs: AbiFunction['inputs']; args: unknown } | undefined {
  const contract = contractAt(to);
  if (contract === undefined || data.length < 10) return undefined;
  try {
    const { functionName, args } = decodeFunctionData({ abi: contract.abi, data });
    const item = contract.abi.find((entry): entry is AbiFunction => entry.type === 'function' && entry.name === functionName);
    return item === undefined ? undefined : { name: functionName, inputs: item.inputs, args: args ?? [] };
  } catch {
    // An unknown selector, or data that is no call of this function.
    return undefined;
  }
}

/** An event in words; without a name when no known contract declares it. */
export function decodeEvent(log: LogRecord, partyOf: PartyOf): DecodedEvent {
  const raw = { address: partyOf(log.address), logIndex: log.logIndex, topics: log.topics, data: log.data };
  const contract = contractAt(log.address);
  const unknown = { ...raw, contract: contract?.name ?? null, event: null, arguments: [] };
  if (contract === undefined) return unknown;
  try {
    const topics = [...log.topics] as [Hex, ...Hex[]];
    const { eventName, args } = decodeEventLog({ abi: contract.abi, topics, data: log.data });
    const item = contract.abi.find((entry): entry is AbiEvent => entry.type === 'event' && entry.name === eventName);
    if (eventName === undefined || item === undefined) return unknown;
    return { ...raw, contract: contract.name, event: eventName, arguments: decodedValues(item.inputs, args, partyOf) };
  } catch {
    return unknown;
  }
}

/** Why a transaction was reverted, from what the contract returned. */
export function decodeFailure(to: Address | undefined, revertData: Hex | undefined, partyOf: PartyOf): Failure {
  if (revertData === undefined || revertData === '0x') {
    return {
      name: 'revert',
      message: 'The contract gave no reason: it ran out of gas, hit an assertion without text, or reverted silently',
      arguments: [],
    };
  }
  const called = contractAt(to);
  // The error may come from a contract that the called one called.
  const candidates = called === undefined ? [...contractCatalog.values()] : [called, ...contractCatalog.values()];
  for (const contract of candidates) {
    const failure = failureBy(contract.abi, revertData, partyOf);
    if (failure !== undefined) return failure;
  }
  return { name: 'revert', message: `No known contract declares the error ${revertData.slice(0, 10)}`, arguments: [] };
}

function failureBy(abi: Abi, data: Hex, partyOf: PartyOf): Failure | undefined {
  try {
    const { errorName, args, abiItem } = decodeErrorResult({ abi, data });
    if (errorName === 'Error') return { name: 'revert', message: String(args?.[0] ?? ''), arguments: [] };
    const values = decodedValues('inputs' in abiItem ? abiItem.inputs : [], args ?? [], partyOf);
    return { name: errorName, message: sentenceOf(errorName), arguments: values };
  } catch {
    return undefined;
  }
}

/** "NotItsCompany" as "Not its company". */
function sentenceOf(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
