import { type DecodeEventLogReturnType, decodeEventLog, decodeFunctionData } from 'viem';
import {
  EDGE_REGISTRY_ADDRESS,
  edgeRegistryArtifact,
  lowerAddresses,
  type MatchQuery,
  type PlacedLog,
} from '../../contracts/index.ts';
import type { Hex } from '../../crypto/index.ts';

/** Where an event stands in the chain. */
export interface EventPlace {
  readonly blockNumber: number;
  readonly transactionHash: Hex;
  readonly logIndex: number;
}

/** An event of the edge registry, its arguments typed by the contract's ABI; addresses are lower case. */
export type RegistryEvent = DecodeEventLogReturnType<typeof edgeRegistryArtifact.abi> & { readonly place: EventPlace };

/** Reads a log of the edge registry; undefined for any other log. */
export function readRegistryEvent(log: PlacedLog): RegistryEvent | undefined {
  if (log.address !== EDGE_REGISTRY_ADDRESS || log.topics.length === 0) return undefined;
  const { blockNumber, transactionHash, logIndex } = log;
  try {
    const topics = [...log.topics] as [Hex, ...Hex[]];
    const decoded = decodeEventLog({ abi: edgeRegistryArtifact.abi, topics, data: log.data });
    const lower = { ...decoded, args: lowerAddresses(decoded.args) } as typeof decoded;
    return { ...lower, place: { blockNumber, transactionHash, logIndex } };
  } catch {
    return undefined;
  }
}

/** What a device asked for, from the data of its `requestMatch` transaction; undefined for any other call. */
export function readMatchQuery(data: Hex): (MatchQuery & { readonly taskId: Hex }) | undefined {
  try {
    const { functionName, args } = decodeFunctionData({ abi: edgeRegistryArtifact.abi, data });
    if (functionName !== 'requestMatch') return undefined;
    const [taskId, latitudeE6, longitudeE6, service, maxPriceWei] = args;
    return { taskId, latitudeE6, longitudeE6, service, maxPriceWei };
  } catch {
    return undefined;
  }
}
