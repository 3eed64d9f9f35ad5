import type { Address, Hex } from '../crypto/index.ts';
import { RECORDS_ADDRESS } from '../ledger/index.ts';
import { contractPort } from './contract-port.ts';
import type { LedgerClient } from './ledger-client.ts';
import { recordsAbi } from './records-abi.ts';
import type { TransactionReceipt } from './rpc-shapes.ts';

/** Samples that are added to a stream of the author's. */
export interface TelemetrySegment {
  readonly stream: Hex;
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
  readonly root: Hex;
}

/** A stream as it stands; zeros for one that has no segment. */
export interface StreamRecord {
  readonly fromMs: number;
  readonly toMs: number;
  /** Samples in all segments. */
  readonly count: number;
  readonly segments: number;
  /** Chains the segments. */
  readonly head: Hex;
}

/** The built-in records contract in the words of the domain. Every method rejects as the ledger client's `call` or `transact` does. */
export interface RecordsClient {
  /** Adds a segment to a stream of this client's account. */
  addSegment(segment: TelemetrySegment): Promise<TransactionReceipt>;
  stream(author: Address, stream: Hex): Promise<StreamRecord>;
}

/** A client of the records contract. */
export function recordsClient(ledger: LedgerClient): RecordsClient {
  const port = contractPort(ledger, RECORDS_ADDRESS, recordsAbi);
  return {
    async addSegment({ stream, fromMs, toMs, count, root }) {
      return (await port.write('telemetry', [stream, BigInt(fromMs), BigInt(toMs), count, root])).receipt;
    },
    async stream(author, stream) {
      const { fromMs, toMs, count, segments, head } = await port.read('streamOf', [author, stream]);
      return { fromMs: Number(fromMs), toMs: Number(toMs), count: Number(count), segments: Number(segments), head };
    },
  };
}
