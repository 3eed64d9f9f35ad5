import { INBOX_ADDRESS, messageOutcomes, OUTBOX_ADDRESS } from '../../../contracts/index.ts';
import { accountOf } from './fixture-consortium.ts';
import { eventLog } from './fixture-events.ts';
import type { Timed } from './fixture-story.ts';

/** Chain id of the ledger at the other end. */
export const FIXTURE_PEER = 7358n;

const word = (value: number): `0x${string}` => `0x${value.toString(16).padStart(64, '0')}`;

/** Four messages that went to another ledger, one of each fate, and two that came from there. */
export function laneStory(endMs: number): readonly Timed[] {
  const sender = accountOf('Baxter Rolling');
  const sent = [1, 2, 3, 4].map((nonce): Timed => {
    const atMs = endMs - 600_000 + nonce * 20_000;
    const envelope = {
      source: 7357n,
      destination: FIXTURE_PEER,
      nonce: BigInt(nonce),
      sender,
      target: accountOf('stock of the north'),
      sentAt: BigInt(Math.floor(atMs / 1000)),
      expiresAt: BigInt(Math.floor(atMs / 1000) + 120),
      gas: 200_000,
      callbackGas: 100_000,
      depositWei: 10n ** 15n,
      dataHash: word(nonce),
    };
    const told = { destination: FIXTURE_PEER, nonce: BigInt(nonce), sender, index: BigInt(nonce), envelope, data: '0xc0ffee' };
    return { atMs, from: sender, to: OUTBOX_ADDRESS, logs: [eventLog('outbox', 'Sent', told)] };
  });
  const fates = (['executed', 'failed', 'givenUp'] as const).map((fate, at): Timed => {
    const nonce = BigInt(at + 1);
    const outcome = messageOutcomes.indexOf(fate);
    const settled = eventLog('outbox', 'Settled', { destination: FIXTURE_PEER, nonce, sender, outcome, data: '0x' });
    const delivered = eventLog('outbox', 'Delivered', { destination: FIXTURE_PEER, nonce, worked: at === 0 });
    return { atMs: endMs - 500_000 + at * 20_000, from: accountOf('relayer'), to: OUTBOX_ADDRESS, logs: [settled, delivered] };
  });
  const shown = { source: FIXTURE_PEER, size: 6n, root: word(99), way: 3, height: 4_812n, blockHash: word(98) };
  const done = [1, 2].map((nonce) => {
    const outcome = messageOutcomes.indexOf(nonce === 1 ? 'executed' : 'expired');
    return eventLog('inbox', 'Done', {
      source: FIXTURE_PEER,
      nonce: BigInt(nonce),
      target: accountOf('orders'),
      outcome,
      data: '0x2a',
    });
  });
  return [
    ...sent,
    ...fates,
    { atMs: endMs - 300_000, from: accountOf('relayer'), to: INBOX_ADDRESS, logs: [eventLog('inbox', 'RootShown', shown)] },
    { atMs: endMs - 299_000, from: accountOf('relayer'), to: INBOX_ADDRESS, logs: done },
  ];
}
