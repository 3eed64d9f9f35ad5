import { keccak256, toHex } from '../../../crypto/index.ts';
import { accountOf, type FixtureConsortium } from './fixture-consortium.ts';
import { CONTRACTS, callData, errorData, eventLog } from './fixture-events.ts';
import { DAY_MS, type FixtureNode, type Making, type Timed } from './fixture-story.ts';

/** The life of one payment channel: opened, perhaps topped up, claimed from, closing or closed. */
export function runChannel(
  at: number,
  { options, nodes, consortium, random }: Making & { readonly consortium: FixtureConsortium },
): Timed[] {
  const fromDevice = at % 3 !== 0 || nodes.length === 0;
  const payer = fromDevice ? accountOf(`device ${at % options.devices}`) : consortium.proxy;
  const payee = fromDevice ? consortium.proxy : (nodes[at % nodes.length] as FixtureNode).account;
  const channelId = toHex(keccak256(new TextEncoder().encode(`channel ${at}`)));
  const depositWei = BigInt(5 + (at % 40)) * 10n ** 16n;
  const atMs = options.endMs - Math.floor(random() * 10 * DAY_MS) - 120_000;
  const to = CONTRACTS.channels.address;
  const nonce = BigInt(at);
  const challengeSeconds = 3600;
  const steps: Timed[] = [
    {
      atMs,
      from: payer,
      to,
      valueWei: depositWei,
      data: callData('channels', 'open', [payee, nonce, challengeSeconds]),
      logs: [
        eventLog('channels', 'Opened', {
          channelId,
          payer,
          payee,
          nonce,
          depositWei,
          challengeSeconds: BigInt(challengeSeconds),
        }),
      ],
    },
  ];
  const claimed = (depositWei * BigInt(10 + (at % 80))) / 100n;
  const signature = `0x${'22'.repeat(65)}`;
  if (at % 4 === 1) {
    const logs = [eventLog('channels', 'ToppedUp', { channelId, addedWei: 10n ** 16n, depositWei: depositWei + 10n ** 16n })];
    steps.push({
      atMs: atMs + 20_000,
      from: payer,
      to,
      valueWei: 10n ** 16n,
      data: callData('channels', 'topUp', [channelId]),
      logs,
    });
  }
  if (at % 2 === 0) {
    const logs = [eventLog('channels', 'Claimed', { channelId, paidWei: claimed, claimedWei: claimed })];
    steps.push({
      atMs: atMs + 40_000,
      from: payee,
      to,
      data: callData('channels', 'claim', [payer, payee, nonce, claimed, signature]),
      logs,
    });
  }
  if (at % 10 === 3 || at % 10 === 4) {
    // Closing since a while ago: some are within their challenge time, some beyond it.
    const closeMs = Math.max(atMs + 60_000, options.endMs - (at % 10 === 3 ? 900_000 + at * 300 : 2 * DAY_MS));
    const closingAt = BigInt(Math.floor(closeMs / 1000) + challengeSeconds);
    steps.push({
      atMs: closeMs,
      from: payer,
      to,
      data: callData('channels', 'startClose', [payee, nonce]),
      logs: [eventLog('channels', 'CloseStarted', { channelId, closingAt })],
    });
  }
  if (at % 10 === 6) {
    const logs = [eventLog('channels', 'Closed', { channelId, claimedWei: claimed, refundedWei: depositWei - claimed })];
    steps.push({
      atMs: atMs + 90_000,
      from: payee,
      to,
      data: callData('channels', 'cooperativeClose', [payer, nonce, claimed, signature]),
      logs,
    });
  }
  return steps;
}

/** What pages must be able to show as well: a reverted call, a transfer, a new contract, a call nobody can decode. */
export function oddities(endMs: number, { companies, proxy }: FixtureConsortium): Timed[] {
  const company = (companies[0] ?? { account: proxy }).account;
  const stranger = accountOf('stranger');
  return [
    {
      atMs: endMs - 2_500,
      from: stranger,
      to: CONTRACTS.registry.address,
      data: callData('registry', 'withdrawNode', [3n]),
      revertData: errorData('registry', 'NotItsCompany', [3n, company]),
    },
    { atMs: endMs - 2_400, from: company, to: proxy, valueWei: 25n * 10n ** 17n },
    { atMs: endMs - 2_300, from: company, data: new Uint8Array(600).fill(0x60) },
    {
      atMs: endMs - 2_200,
      from: stranger,
      to: accountOf('some contract'),
      data: new Uint8Array([0xde, 0xad, 0xbe, 0xef, 1, 2, 3]),
    },
  ];
}
