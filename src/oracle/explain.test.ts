import { describe, expect, it } from 'vitest';
import { type RequestExplanation, type RequestRecord, requestReasons, requestWaits } from '../contracts/index.ts';
import { accountOfRequest, attemptWords, objectionWords, reasonWords } from './explain.ts';

const record: RequestRecord = {
  requester: '0x00000000000000000000000000000000000000aa',
  requestedAt: 1_000n,
  callbackGas: 0,
  job: 'data',
  specHash: '0x',
  depositWei: 1_000n,
  expiresAt: 1_100n,
  requestedIn: 50n,
  state: 'pending',
  reason: 'none',
  delivered: false,
  groupSize: 4,
  term: 0n,
  observedAt: 0n,
  attempts: 0,
  lastAttempt: 'none',
  unanimous: false,
};
const explanation: RequestExplanation = {
  state: 'pending',
  reason: 'none',
  why: 'waitsForMaster',
  term: 3n,
  master: '0x00000000000000000000000000000000000000bb',
  attempts: 0,
  lastAttempt: 'none',
  nextBlock: 60n,
};

function account(changes: Partial<RequestRecord> = {}, more: Partial<RequestExplanation> = {}, nowMs = 1_050_000) {
  return accountOfRequest(
    {
      id: 7n,
      record: { ...record, ...changes },
      explanation: { ...explanation, ...more },
      headNumber: 55,
      nowMs,
      forfeit: 1_000,
      master: 'node 2',
    },
    { showWei: (wei) => `${wei} wei`, showWhen: (atMs) => `at ${atMs / 1000}` },
  );
}

describe('where a request stands', () => {
  it('is said for everything that it may wait for', () => {
    const headlines = requestWaits.map((why) => account({}, { why }).headline);
    expect(new Set(headlines).size).toBe(requestWaits.length);
    for (const headline of headlines) expect(headline).toMatch(/^Request 7 is pending.*\.$/);
    expect(account().headline).toBe('Request 7 is pending: it waits for the master node 2 of term 3.');
  });

  it('names what is possible next, the deadline and the money', () => {
    const { lines, refundWei } = account({ attempts: 2, lastAttempt: 'sourceSlow' });
    expect(lines).toEqual([
      'Asked at 1000 in block 50, of the job data: 3 of a group of 4 have to sign.',
      'From block 60 on work nodes may bring it too, or replace the master: the ledger is at block 55, 5 to go.',
      'Masters tried in vain 2 times; the reason noted last: the source was down, slow, or refused.',
      'It may be answered until at 1100; from then on anyone can end it.',
      `The deposit is 1000 wei: paid to the nodes with an answer; without one 10 % of it are kept and 900 wei come back to ${record.requester}.`,
    ]);
    expect(refundWei).toBe(900n);
    expect(account({}, { why: 'mayBeExpired', nextBlock: 0n }, 1_200_000).lines).toContain('It could be answered until at 1100.');
  });

  it('is said of every end', () => {
    for (const reason of requestReasons.slice(2)) {
      expect(account({ state: 'failed', reason }).headline).toBe(`Request 7 failed: ${reasonWords[reason]}.`);
    }
    const expired = account({ state: 'expired', reason: 'expired' });
    expect(expired.headline).toBe('Request 7 expired.');
    expect(expired.lines.join(' ')).toMatch(/10 % were kept by the fund; 900 wei are owed/);
    const answered = account({ state: 'answered', term: 3n, observedAt: 1_020n, callbackGas: 9 });
    expect(answered.refundWei).toBeUndefined();
    expect(answered.lines.join(' ')).toMatch(/observed at 1020\. The requester’s contract refused the call.*was shared/);
    expect(account({ state: 'answered', delivered: true, callbackGas: 9 }).lines.join(' ')).toMatch(/took the answer/);
  });

  it('has words that fit into a sentence', () => {
    for (const words of [reasonWords, attemptWords, objectionWords].flatMap((each) => Object.values(each)))
      expect(words).toMatch(/^[a-z][^.]*$/);
  });
});
