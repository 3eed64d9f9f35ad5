import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { OracleMemberView, OracleRoundView } from '../node/index.ts';
import { readRounds, roundLines } from './oracle-round-text.ts';

const party = (name: string) => ({ address: `0x${'00'.repeat(20)}`, name, company: null });
const member = (name: string, changes: Partial<OracleMemberView>): OracleMemberView => ({
  ...party(name),
  observedMs: null,
  saw: [],
  failed: [],
  signed: false,
  objections: [],
  lied: false,
  error: null,
  ...changes,
});
const round = (changes: Partial<OracleRoundView> = {}): OracleRoundView => ({
  term: 4,
  attempt: 9,
  leader: party('Oracle node 1'),
  byMaster: true,
  requests: ['7'],
  startedMs: Date.UTC(2026, 0, 1),
  observedMs: Date.UTC(2026, 0, 1) + 40,
  signedMs: null,
  endedMs: Date.UTC(2026, 0, 1) + 90,
  quorum: 3,
  members: [],
  answered: [],
  unanswered: [],
  transactionHash: null,
  error: null,
  ...changes,
});

let server: Server | undefined;
afterEach(() => new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve()))));

async function answering(status: number, body: string): Promise<string> {
  server = createServer((_request, response) => response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('rounds in words', () => {
  it('say who did what, with liars, objections and those that were not heard', () => {
    const members = [
      member('A', { saw: ['7'], signed: true }),
      member('B', { failed: [{ id: '7', why: 'the source could not be reached' }] }),
      member('C', { saw: ['7'], objections: [{ id: '7', why: 'saw something else' }], lied: true }),
      member('D', {}),
    ];
    const unanswered = [{ id: '7', why: 'too few nodes of the group answered or signed' }];
    expect(roundLines({ rounds: [round({ members, unanswered })], silent: [party('E')] })).toEqual([
      '  2026-01-01T00:00:00Z Oracle node 1 led a round as the master of term 4: seen after 40 ms, over after 90 ms; no answer: too few nodes of the group answered or signed',
      '    A: saw a value, signed',
      '    B: saw nothing: the source could not be reached',
      '    C: saw a value, did not sign: it saw something else, LIED: what it sent was not valid',
      '    D: nothing came',
      '  E did not tell what it did.',
    ]);
  });

  it('are few, the latest in full', () => {
    const rounds = Array.from({ length: 20 }, () => round({ members: [member('A', {})] }));
    const lines = roundLines({ rounds, silent: [] });
    expect(lines[0]).toBe('  14 earlier rounds not shown; --json has all.');
    expect(lines.filter((line) => line.includes('nothing came'))).toHaveLength(1);
    expect(roundLines({ rounds: [], silent: [] })).toEqual(['  No node tells of a round about it.']);
  });
});

describe('the node that is asked', () => {
  it('is told from something else that answers', async () => {
    const known = { rounds: [round()], silent: [] };
    expect(await readRounds(await answering(200, JSON.stringify({ id: '7', ...known })), 7n)).toEqual(known);
    const message = 'No request 7 is remembered.';
    const refusing = await answering(404, JSON.stringify({ error: { code: 'API_NOT_FOUND', message } }));
    await expect(readRounds(refusing, 7n)).rejects.toMatchObject({
      code: 'CLI_NODE_REFUSED',
      detail: expect.stringContaining(message),
    });
    await expect(readRounds(await answering(200, '<html>'), 7n)).rejects.toMatchObject({ code: 'CLI_NODE_REFUSED' });
    await expect(readRounds('http://127.0.0.1:1', 7n)).rejects.toMatchObject({ code: 'CLI_NO_ANSWER' });
    await expect(readRounds('console', 7n)).rejects.toMatchObject({ code: 'CLI_BAD_OPTION' });
  });
});
