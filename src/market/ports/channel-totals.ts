import { decodeEvent, type LedgerClient, PAYMENT_CHANNELS_ADDRESS, type PlacedLog } from '../../contracts/index.ts';
import type { Hex } from '../../crypto/index.ts';
import { LOGS_RANGE_BLOCKS_MAX, LOGS_RESULT_MAX } from '../../limits.ts';
import type { ChannelTotals } from './channel-chain.ts';

/** Blocks asked for at first; the range halves while an answer would be too long. */
const RANGE_BLOCKS = Math.min(10_000, LOGS_RANGE_BLOCKS_MAX);

/**
 * Adds up all channels of the contract from its events, and reads what it holds. Exact when no block comes in between:
 * ask at rest, or again when it does not add up.
 */
export async function channelTotals(client: LedgerClient, headNumber: number): Promise<ChannelTotals> {
  const claimed = new Map<Hex, bigint>();
  let depositedWei = 0n;
  let refundedWei = 0n;
  for await (const log of contractLogs(client, headNumber)) {
    const event = decodeEvent(log);
    const wei = (name: string) => event?.args[name] as bigint;
    const channelId = event?.args['channelId'] as Hex;
    if (event?.name === 'Opened') depositedWei += wei('depositWei');
    else if (event?.name === 'ToppedUp') depositedWei += wei('addedWei');
    else if (event?.name === 'Claimed' || event?.name === 'Closed') claimed.set(channelId, wei('claimedWei'));
    if (event?.name === 'Closed') refundedWei += wei('refundedWei');
  }
  const paidWei = [...claimed.values()].reduce((sum, wei) => sum + wei, 0n);
  return { depositedWei, paidWei, refundedWei, balanceWei: await client.balance(PAYMENT_CHANNELS_ADDRESS) };
}

async function* contractLogs(client: LedgerClient, headNumber: number): AsyncGenerator<PlacedLog> {
  let fromBlock = 0;
  let range = RANGE_BLOCKS;
  while (fromBlock <= headNumber) {
    const toBlock = Math.min(headNumber, fromBlock + range - 1);
    try {
      const logs = await client.logs({ address: PAYMENT_CHANNELS_ADDRESS, fromBlock, toBlock });
      yield* logs;
      fromBlock = toBlock + 1;
      if (logs.length < LOGS_RESULT_MAX / 4) range = Math.min(RANGE_BLOCKS, range * 2);
    } catch (error) {
      if (range === 1) throw error;
      range = Math.ceil(range / 2);
    }
  }
}
