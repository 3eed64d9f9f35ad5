import {
  type Abi,
  type AbiEvent,
  type AbiParameter,
  encodeAbiParameters,
  encodeErrorResult,
  encodeEventTopics,
  encodeFunctionData,
} from 'viem';
import {
  CONSORTIUM_ADDRESS,
  consortiumArtifact,
  EDGE_REGISTRY_ADDRESS,
  edgeRegistryArtifact,
  INBOX_ADDRESS,
  inboxArtifact,
  ORACLE_REGISTRY_ADDRESS,
  OUTBOX_ADDRESS,
  oracleRegistryArtifact,
  outboxArtifact,
  PAYMENT_CHANNELS_ADDRESS,
  PEDAL_ADDRESS,
  paymentChannelsArtifact,
  pedalArtifact,
} from '../../../contracts/index.ts';
import { type Address, fromHex, type Hex } from '../../../crypto/index.ts';

/** A contract by the name under which a fixture speaks of it. */
export const CONTRACTS = {
  consortium: { address: CONSORTIUM_ADDRESS, abi: consortiumArtifact.abi as Abi },
  registry: { address: EDGE_REGISTRY_ADDRESS, abi: edgeRegistryArtifact.abi as Abi },
  channels: { address: PAYMENT_CHANNELS_ADDRESS, abi: paymentChannelsArtifact.abi as Abi },
  pedal: { address: PEDAL_ADDRESS, abi: pedalArtifact.abi as Abi },
  outbox: { address: OUTBOX_ADDRESS, abi: outboxArtifact.abi as Abi },
  inbox: { address: INBOX_ADDRESS, abi: inboxArtifact.abi as Abi },
  oracles: { address: ORACLE_REGISTRY_ADDRESS, abi: oracleRegistryArtifact.abi as Abi },
} as const;

export type ContractName = keyof typeof CONTRACTS;

/** What a fixture's transaction emits. */
export interface FixtureLog {
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
}

/** Encodes an event as the contract would emit it. */
export function eventLog(contract: ContractName, eventName: string, args: Readonly<Record<string, unknown>>): FixtureLog {
  const { address, abi } = CONTRACTS[contract];
  const item = abi.find((entry): entry is AbiEvent => entry.type === 'event' && entry.name === eventName);
  if (item === undefined) throw new Error(`${contract} has no event ${eventName}`);
  const topics = encodeEventTopics({ abi: [item], eventName, args }) as Hex[];
  const plain = item.inputs.filter((input) => input.indexed !== true) as readonly AbiParameter[];
  const data = encodeAbiParameters(
    plain,
    plain.map((input) => args[input.name ?? '']),
  );
  return { address, topics, data };
}

/** Encodes a call. */
export function callData(contract: ContractName, functionName: string, args: readonly unknown[]): Uint8Array {
  return fromHex(encodeFunctionData({ abi: CONTRACTS[contract].abi, functionName, args: [...args] }));
}

/** Encodes a custom error as a reverted call returns it. */
export function errorData(contract: ContractName, errorName: string, args: readonly unknown[]): Hex {
  return encodeErrorResult({ abi: CONTRACTS[contract].abi, errorName, args: [...args] });
}

/** A short name as contracts keep it: ASCII, padded with zero bytes. */
export function bytes32(text: string): Hex {
  const bytes = new TextEncoder().encode(text);
  return `0x${[...bytes]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .padEnd(64, '0')}`;
}
