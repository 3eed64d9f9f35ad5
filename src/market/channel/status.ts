import type { Address, Hex } from '../../crypto/index.ts';
import type { Micros } from '../../environment/index.ts';
import type { ChannelRecord } from '../ports/index.ts';

/** What a node knows of a channel beside the chain: its best voucher, and payments that wait. */
export interface ChannelKnowledge {
  /** Cumulative amount of the best voucher signed (payer) or held (payee). */
  readonly bestWei: bigint;
  /** Payments that have not reached their edge node. */
  readonly waiting: number;
}

/** Who has to act next on a channel, and until when; for people. */
export interface NextAct {
  readonly who: 'payer' | 'payee' | 'nobody';
  readonly what: string;
  readonly deadlineMicros?: Micros;
}

export interface ChannelStatus {
  readonly channelId: Hex;
  readonly role: 'payer' | 'payee';
  /** The other party. */
  readonly peer: Address;
  readonly state: ChannelRecord['state'];
  readonly depositWei: bigint;
  readonly claimedWei: bigint;
  readonly bestWei: bigint;
  /** What the payee holds and has not claimed. */
  readonly unclaimedWei: bigint;
  /** What can still be promised. */
  readonly availableWei: bigint;
  readonly waiting: number;
  readonly next: NextAct;
}

/** The state of a channel as `treadle channel show` and the console show it: never without who acts next. */
export function channelStatus(
  record: ChannelRecord,
  knowledge: ChannelKnowledge,
  role: 'payer' | 'payee',
  nowMicros: Micros,
): ChannelStatus {
  const { depositWei, claimedWei } = record;
  const unclaimedWei = knowledge.bestWei > claimedWei ? knowledge.bestWei - claimedWei : 0n;
  return {
    channelId: record.channelId,
    role,
    peer: role === 'payer' ? record.key.payee : record.key.payer,
    state: record.state,
    depositWei,
    claimedWei,
    bestWei: knowledge.bestWei,
    unclaimedWei,
    availableWei: record.state === 'open' ? depositWei - claimedWei - unclaimedWei : 0n,
    waiting: knowledge.waiting,
    next: nextAct(record, unclaimedWei, knowledge.waiting, nowMicros),
  };
}

function nextAct(record: ChannelRecord, unclaimedWei: bigint, waiting: number, nowMicros: Micros): NextAct {
  if (record.state === 'closed') return { who: 'nobody', what: 'The channel is closed' };
  if (record.state === 'closing') {
    const closesAtMicros = record.closesAtMicros ?? nowMicros;
    if (unclaimedWei > 0n)
      return { who: 'payee', what: 'Claim the best voucher before the payer withdraws', deadlineMicros: closesAtMicros };
    if (nowMicros < closesAtMicros)
      return { who: 'payer', what: 'Wait for the challenge period to end', deadlineMicros: closesAtMicros };
    return { who: 'payer', what: 'Withdraw the rest' };
  }
  if (waiting > 0) return { who: 'payee', what: `Acknowledge ${waiting} payment${waiting === 1 ? '' : 's'}` };
  if (unclaimedWei > 0n) return { who: 'payee', what: 'Claim at any time' };
  return { who: 'payer', what: 'Pay for the next task' };
}
