import { type Abi, decodeErrorResult, decodeEventLog } from 'viem';
import type { Address, Hex } from '../crypto/index.ts';
import { rememberByIdentity } from '../remember.ts';
import { eventWith } from './abi-lookup.ts';
import {
  CONSORTIUM_ADDRESS,
  EDGE_REGISTRY_ADDRESS,
  FEDERAL_FILE_ADDRESS,
  INBOX_ADDRESS,
  LANE_CONTROL_ADDRESS,
  ORACLE_REGISTRY_ADDRESS,
  OUTBOX_ADDRESS,
  PAYMENT_CHANNELS_ADDRESS,
  PEDAL_ADDRESS,
  SOURCE_HEADERS_ADDRESS,
  TRAINING_TASKS_ADDRESS,
} from './addresses.ts';
import { consortiumArtifact } from './generated/consortium.ts';
import { edgeRegistryArtifact } from './generated/edge-registry.ts';
import { federalFileArtifact } from './generated/federal-file.ts';
import { inboxArtifact } from './generated/inbox.ts';
import { laneControlArtifact } from './generated/lane-control.ts';
import { oracleRegistryArtifact } from './generated/oracle-registry.ts';
import { outboxArtifact } from './generated/outbox.ts';
import { paymentChannelsArtifact } from './generated/payment-channels.ts';
import { pedalArtifact } from './generated/pedal.ts';
import { sourceHeadersArtifact } from './generated/source-headers.ts';
import { trainingTasksArtifact } from './generated/training-tasks.ts';

/** A contract of the house, as a log, a call or a console page refers to it. */
export interface CatalogEntry {
  readonly name: string;
  readonly abi: Abi;
}

/** The consortium's contracts by address. */
export const contractCatalog: ReadonlyMap<Address, CatalogEntry> = new Map<Address, CatalogEntry>([
  [CONSORTIUM_ADDRESS, { name: consortiumArtifact.name, abi: consortiumArtifact.abi }],
  [EDGE_REGISTRY_ADDRESS, { name: edgeRegistryArtifact.name, abi: edgeRegistryArtifact.abi }],
  [PAYMENT_CHANNELS_ADDRESS, { name: paymentChannelsArtifact.name, abi: paymentChannelsArtifact.abi }],
  [ORACLE_REGISTRY_ADDRESS, { name: oracleRegistryArtifact.name, abi: oracleRegistryArtifact.abi }],
  [PEDAL_ADDRESS, { name: pedalArtifact.name, abi: pedalArtifact.abi }],
  [LANE_CONTROL_ADDRESS, { name: laneControlArtifact.name, abi: laneControlArtifact.abi }],
  [SOURCE_HEADERS_ADDRESS, { name: sourceHeadersArtifact.name, abi: sourceHeadersArtifact.abi }],
  // These pass on why the contracts that they ask refuse.
  [OUTBOX_ADDRESS, { name: outboxArtifact.name, abi: passingOn(outboxArtifact.abi, laneControlArtifact.abi, inboxArtifact.abi) }],
  [
    INBOX_ADDRESS,
    { name: inboxArtifact.name, abi: passingOn(inboxArtifact.abi, laneControlArtifact.abi, sourceHeadersArtifact.abi) },
  ],
  [TRAINING_TASKS_ADDRESS, { name: trainingTasksArtifact.name, abi: passingOn(trainingTasksArtifact.abi, pedalArtifact.abi) }],
  [FEDERAL_FILE_ADDRESS, { name: federalFileArtifact.name, abi: federalFileArtifact.abi }],
]);

function passingOn(own: Abi, ...asked: readonly Abi[]): Abi {
  return [...own, ...asked.flatMap((abi) => abi.filter(({ type }) => type === 'error'))];
}

/** A log as receipts and `eth_getLogs` hold it. */
export interface RawLog {
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
}

/** A log in words. Addresses among the arguments are lower case. */
export interface DecodedEvent {
  readonly contract: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** A log of one of the consortium's contracts in words; undefined for another contract's, or one that does not decode. */
export const decodeEvent = rememberByIdentity((log: RawLog): DecodedEvent | undefined => {
  const entry = contractCatalog.get(log.address);
  const [topic] = log.topics;
  const event = entry === undefined || topic === undefined ? undefined : eventWith(entry.abi, topic);
  if (entry === undefined || event === undefined) return undefined;
  try {
    const { eventName, args } = decodeEventLog({ abi: [event], topics: [...log.topics] as [Hex, ...Hex[]], data: log.data });
    if (eventName === undefined) return undefined;
    return { contract: entry.name, name: eventName, args: lowerAddresses(args ?? {}) as Record<string, unknown> };
  } catch {
    return undefined;
  }
});

/** Why a contract refused. */
export interface DecodedRefusal {
  /** Name of the custom error, or `Error` or `Panic`. */
  readonly errorName: string;
  readonly args: readonly unknown[];
}

/** What a contract returned when it reverted, in words; undefined when it gave no reason that its ABI knows. */
export function decodeRefusal(to: Address, returnData: Hex): DecodedRefusal | undefined {
  try {
    const { errorName, args } = decodeErrorResult({ abi: contractCatalog.get(to)?.abi ?? [], data: returnData });
    return { errorName, args: lowerAddresses(args ?? []) as readonly unknown[] };
  } catch {
    return undefined;
  }
}

/** The same value with every address in the house's spelling: viem returns them with a checksum in their letter case. */
export function lowerAddresses(value: unknown): unknown {
  if (typeof value === 'string') return /^0x[0-9a-fA-F]{40}$/.test(value) ? value.toLowerCase() : value;
  if (Array.isArray(value)) return value.map(lowerAddresses);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, lowerAddresses(each)]));
}
