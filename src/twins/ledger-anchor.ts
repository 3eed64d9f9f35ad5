import type { LedgerClient } from '../contracts/index.ts';
import { recordsClient, type StreamRecord } from '../contracts/index.ts';
import type { Address, Hex } from '../crypto/index.ts';
import { invariant } from '../errors.ts';
import type { AnchorSegment } from './checkpoint.ts';

/** Where a segment stands on the ledger. */
export interface AnchorPlace {
  readonly blockNumber: number;
  readonly transactionHash: Hex;
}

/** The ledger as a telemetry log needs it. */
export interface CheckpointAnchor {
  /** Whose stream it is: the account that sends the transactions. */
  readonly author: Address;
  /** The stream as it stands. */
  current(stream: Hex): Promise<StreamRecord>;
  /** Adds a segment and waits until it is in a block. */
  add(stream: Hex, segment: AnchorSegment): Promise<AnchorPlace>;
}

/** Anchors checkpoints with the records contract, in the name of the client's account. */
export function ledgerAnchor(client: LedgerClient): CheckpointAnchor {
  const records = recordsClient(client);
  const { account } = client;
  invariant(account !== undefined, 'the client of a telemetry log has an account');
  return {
    author: account,
    current: (stream) => records.stream(account, stream),
    add: async (stream, { fromMs, toMs, count, root }) => {
      const { blockNumber, transactionHash } = await records.addSegment({ stream, fromMs, toMs, count, root });
      return { blockNumber, transactionHash };
    },
  };
}
