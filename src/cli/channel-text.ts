import type { KnownChannel } from './channel-records.ts';
import { showDuration, showInstant, showWei, showWhen } from './text.ts';

/** Who has to act next on a channel, what there is to do, and until when. */
export interface NextStep {
  readonly who: 'payer' | 'payee' | 'nobody';
  readonly what: string;
  /** ISO 8601; null when it has no end. */
  readonly deadline: string | null;
}

/** What comes next on a channel, as the contract sees it: vouchers that are not on the ledger yet it cannot know. */
export function nextStep({ status, actsNext, deadline }: KnownChannel): NextStep {
  const until = deadline === 0n ? null : showInstant(Number(deadline) * 1000);
  switch (status) {
    case 'open':
      return { who: actsNext, what: 'nobody has to act; the payee may claim or close at any time', deadline: until };
    case 'closing':
      return { who: actsNext, what: 'the payee claims its last voucher, lest the payer take it back', deadline: until };
    case 'withdrawable':
      return { who: actsNext, what: 'the payer withdraws the rest; until then the payee may still claim', deadline: until };
    default:
      return { who: actsNext, what: 'the channel is closed', deadline: until };
  }
}

/** A channel as a JSON document shows it. */
export function channelDocument(channel: KnownChannel): Record<string, unknown> {
  const { channelId, payer, payee, nonce, status, depositWei, claimedWei, challengeSeconds, closingAt } = channel;
  return {
    channelId,
    payer,
    payee,
    nonce,
    status,
    depositWei,
    claimedWei,
    balanceWei: balanceWei(channel),
    challengeSeconds,
    closingAt: closingAt === 0n ? null : showInstant(Number(closingAt) * 1000),
    next: nextStep(channel),
  };
}

/** What the channel still holds: nothing once it is closed. */
export function balanceWei({ status, depositWei, claimedWei }: KnownChannel): bigint {
  return status === 'closed' ? 0n : depositWei - claimedWei;
}

/** A channel as a row of a table. */
export function channelRow(channel: KnownChannel, nowMs: number): Record<string, string> {
  const { channelId, payer, payee, status, claimedWei } = channel;
  const { who } = nextStep(channel);
  return {
    channel: channelId,
    payer,
    payee,
    status,
    balance: showWei(balanceWei(channel)),
    claimed: showWei(claimedWei),
    'acts next': who,
    deadline: deadlineText(channel, nowMs),
  };
}

/** A channel in lines of text. */
export function channelLines(channel: KnownChannel, nowMs: number): readonly string[] {
  const { who, what } = nextStep(channel);
  const deadline = deadlineText(channel, nowMs);
  const { closingAt } = channel;
  return [
    `Channel     ${channel.channelId}`,
    `payer       ${channel.payer}`,
    `payee       ${channel.payee}`,
    `status      ${channel.status}${closingAt === 0n ? '' : `, to be withdrawn from ${showWhen(Number(closingAt) * 1000, nowMs)} on`}`,
    `deposit     ${showWei(channel.depositWei)}`,
    `claimed     ${showWei(channel.claimedWei)}`,
    `balance     ${showWei(balanceWei(channel))}`,
    `challenge   ${showDuration(channel.challengeSeconds * 1000)}`,
    `acts next   ${who}: ${what}`,
    ...(deadline === '' ? [] : [`deadline    ${deadline}`]),
  ];
}

function deadlineText({ deadline }: KnownChannel, nowMs: number): string {
  return deadline === 0n ? '' : showWhen(Number(deadline) * 1000, nowMs);
}
