import { type DecodeEventLogReturnType, decodeEventLog } from 'viem';
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
import type { LogRecord } from '../../../ledger/index.ts';

/** An event of one of the house's contracts, its arguments typed by the contract's ABI. */
export type ChainEvent =
  | ({ readonly source: 'consortium' } & DecodeEventLogReturnType<typeof consortiumArtifact.abi>)
  | ({ readonly source: 'registry' } & DecodeEventLogReturnType<typeof edgeRegistryArtifact.abi>)
  | ({ readonly source: 'channels' } & DecodeEventLogReturnType<typeof paymentChannelsArtifact.abi>)
  | ({ readonly source: 'pedal' } & DecodeEventLogReturnType<typeof pedalArtifact.abi>)
  | ({ readonly source: 'outbox' } & DecodeEventLogReturnType<typeof outboxArtifact.abi>)
  | ({ readonly source: 'inbox' } & DecodeEventLogReturnType<typeof inboxArtifact.abi>)
  | ({ readonly source: 'oracles' } & DecodeEventLogReturnType<typeof oracleRegistryArtifact.abi>);

/** Where and when an event happened. */
export interface EventPlace {
  readonly blockNumber: number;
  readonly timestampMs: number;
  readonly transactionHash: `0x${string}`;
  readonly from: `0x${string}`;
}

/** Decodes a log of one of the house's contracts; undefined for every other log. */
export function decodeChainEvent(log: LogRecord): ChainEvent | undefined {
  const topics = [...log.topics] as [`0x${string}`, ...`0x${string}`[]];
  const { data } = log;
  try {
    switch (log.address) {
      case CONSORTIUM_ADDRESS:
        return { source: 'consortium', ...decodeEventLog({ abi: consortiumArtifact.abi, topics, data }) };
      case EDGE_REGISTRY_ADDRESS:
        return { source: 'registry', ...decodeEventLog({ abi: edgeRegistryArtifact.abi, topics, data }) };
      case PAYMENT_CHANNELS_ADDRESS:
        return { source: 'channels', ...decodeEventLog({ abi: paymentChannelsArtifact.abi, topics, data }) };
      case PEDAL_ADDRESS:
        return { source: 'pedal', ...decodeEventLog({ abi: pedalArtifact.abi, topics, data }) };
      case OUTBOX_ADDRESS:
        return { source: 'outbox', ...decodeEventLog({ abi: outboxArtifact.abi, topics, data }) };
      case INBOX_ADDRESS:
        return { source: 'inbox', ...decodeEventLog({ abi: inboxArtifact.abi, topics, data }) };
      case ORACLE_REGISTRY_ADDRESS:
        return { source: 'oracles', ...decodeEventLog({ abi: oracleRegistryArtifact.abi, topics, data }) };
      default:
        return undefined;
    }
  } catch {
    // A genesis may place other contracts at these addresses: their events mean nothing here.
    return undefined;
  }
}
