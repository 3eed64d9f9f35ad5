import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NodeKey } from '../crypto/index.ts';
import { type CommandOutcome, runTreadle } from './testing/run-treadle.ts';
import { type ServedLedger, serveLedger } from './testing/served-ledger.ts';

let served: ServedLedger;
let ardent: NodeKey;
let brook: NodeKey;
let cobalt: NodeKey;

beforeAll(async () => {
  served = await serveLedger();
  [ardent, brook, cobalt] = served.companies;
});
afterAll(() => served.close());

const OVEN = 'https://plant.example/oven $.celsius number:2';
const reading = (...argv: readonly string[]): Promise<CommandOutcome> =>
  runTreadle('oracle', ...argv, '--rpc', served.url, '--json');
const acting = async (key: NodeKey, ...argv: readonly string[]): Promise<CommandOutcome> =>
  reading(...argv, '--key', await served.keyFile(key));

async function good(outcome: Promise<CommandOutcome>): Promise<Record<string, unknown>> {
  const done = await outcome;
  expect(done.stdout + done.stderr).not.toContain('"error"');
  expect(done.exitCode).toBe(0);
  return done.json();
}

async function bad(outcome: Promise<CommandOutcome>): Promise<{ readonly code: string; readonly message: string }> {
  const failed = await outcome;
  expect(failed.exitCode).toBe(1);
  return failed.json()['error'] as { readonly code: string; readonly message: string };
}

describe('treadle oracle ask', () => {
  it('checks what is asked before it costs anything', async () => {
    const refused = async (spec: string, ...more: string[]) => bad(acting(ardent, 'ask', '--spec', spec, ...more));
    expect(await refused('not a url')).toMatchObject({ code: 'CLI_BAD_OPTION', message: expect.stringMatching(/--spec/) });
    expect(await refused('https://a.example $..[')).toMatchObject({
      code: 'CLI_BAD_OPTION',
      message: expect.stringMatching(/select/),
    });
    expect(await refused('{"source":{"kind":"tape"}}')).toMatchObject({ code: 'CLI_BAD_OPTION' });
    expect(await refused('@/nowhere/spec.json')).toMatchObject({ code: 'CLI_FILE_UNREADABLE' });
    expect(await refused(OVEN, '--life', 'soon')).toMatchObject({ code: 'CLI_BAD_OPTION' });
    expect(await refused(OVEN, '--callback-gas', '9999999')).toMatchObject({ code: 'CLI_BAD_OPTION' });
    expect(await refused(OVEN, '--deposit', '5')).toMatchObject({ code: 'CLI_BAD_OPTION' });
    expect(await refused(OVEN, '--job', 'dance')).toMatchObject({
      code: 'CLI_BAD_OPTION',
      message: expect.stringMatching(/does not know/),
    });
    expect(await refused('x', '--job', 'compute', '--seal')).toMatchObject({
      code: 'CLI_BAD_OPTION',
      message: expect.stringMatching(/--seal/),
    });
  });

  it('says in words why the ledger refuses', async () => {
    expect(await bad(acting(ardent, 'ask', '--spec', OVEN))).toMatchObject({
      code: 'CLI_REFUSED',
      message: expect.stringMatching(/the oracle has 0 nodes in this term, 5 are needed.*treadle oracle nodes/),
    });
    const file = join(served.folder, 'oven.txt');
    await writeFile(file, `${OVEN}\n`);
    expect(await bad(acting(ardent, 'ask', '--spec', `@${file}`, '--deposit', '1 gwei'))).toMatchObject({
      message: expect.stringMatching(/the deposit is 1 gwei, the job takes at least 10000 gwei/),
    });
    expect(await bad(acting(ardent, 'ask', '--spec', OVEN, '--life', '30 d'))).toMatchObject({
      message: expect.stringMatching(/another --life/),
    });
  });
});

describe('what is not there', () => {
  it('is said to be so', async () => {
    for (const command of ['explain', 'result']) {
      expect(await bad(reading(command, '7'))).toMatchObject({
        code: 'CLI_NO_ORACLE',
        message: expect.stringMatching(/there is no request 7/),
      });
      expect(await bad(reading(command, 'seven'))).toMatchObject({ code: 'CLI_BAD_OPTION' });
    }
    expect(await bad(acting(ardent, 'expire', '7'))).toMatchObject({ code: 'CLI_NO_ORACLE' });
    expect(await bad(reading('list', '--state', 'lost'))).toMatchObject({
      code: 'CLI_BAD_OPTION',
      message: expect.stringMatching(/answered/),
    });
    expect(await bad(reading('list', '--limit', '0'))).toMatchObject({ code: 'CLI_BAD_OPTION' });
    expect(await bad(reading('feed', 'read', ardent.address))).toMatchObject({ code: 'CLI_NO_FEED' });
    expect(await bad(reading('feed', 'read', 'oven'))).toMatchObject({ code: 'CLI_BAD_OPTION' });
    expect(await good(reading('list'))).toEqual({ requests: [], total: 0 });
    expect(await good(acting(ardent, 'collect'))).toMatchObject({ paidWei: '0' });
  });

  it('is explained for an oracle without nodes', async () => {
    expect(await good(reading('nodes'))).toMatchObject({ term: '0', masterId: 0, nodes: [], nextTerm: '40' });
    const { stdout } = await runTreadle('oracle', 'nodes', '--rpc', served.url);
    expect(stdout).toMatch(/Nobody is in its set: nodes that are registered count from block 40 on/);
  });
});

describe('feeds', () => {
  it('are created, and say what they lack', async () => {
    const made = await good(
      acting(ardent, 'feed', 'create', '--spec', OVEN, '--description', 'oven', '--heartbeat', '1 min', '--deviation', '0.5'),
    );
    expect(made).toMatchObject({ decimals: 2, heartbeatSeconds: 60, deviationPpm: 5_000, description: 'oven' });
    const feed = String(made['feed']);
    expect(await bad(reading('feed', 'read', feed))).toMatchObject({
      message: expect.stringMatching(/the feed has no value yet/),
    });
    expect(await bad(acting(brook, 'feed', 'poll', feed))).toMatchObject({
      message: expect.stringMatching(/the feed has 0 wei.*treadle consortium fund/),
    });
    expect(await bad(acting(brook, 'feed', 'poll', feed, '--moved', '1 gwei'))).toMatchObject({
      message: expect.stringMatching(/poll it first/),
    });
  });

  it('take single numbers only', async () => {
    const create = (spec: string, ...more: string[]) =>
      bad(acting(ardent, 'feed', 'create', '--description', 'd', '--spec', spec, ...more));
    expect(await create('https://plant.example/oven $.name text')).toMatchObject({
      code: 'CLI_BAD_OPTION',
      message: expect.stringMatching(/single numbers/),
    });
    expect(await create(OVEN, '--heartbeat', '10 ms')).toMatchObject({ code: 'CLI_BAD_OPTION' });
    expect(await create(OVEN, '--deviation', 'much')).toMatchObject({ code: 'CLI_BAD_OPTION' });
  });
});

describe('votes', () => {
  it('count approvals, and make the change with the last one', async () => {
    const pause = ['vote', 'pause'] as const;
    expect(await good(acting(ardent, ...pause))).toMatchObject({ approvals: '1', companies: '3', done: false });
    expect(await bad(acting(ardent, ...pause))).toMatchObject({
      code: 'CLI_REFUSED',
      message: expect.stringMatching(/has approved this already/),
    });
    expect(await bad(acting(served.proxy, ...pause))).toMatchObject({ message: expect.stringMatching(/only companies vote/) });
    expect(await good(acting(brook, ...pause))).toMatchObject({ approvals: '2', done: false });
    expect(await good(acting(cobalt, ...pause))).toMatchObject({ done: true });
    expect(await bad(acting(ardent, 'ask', '--spec', OVEN))).toMatchObject({
      message: expect.stringMatching(/the companies paused the oracle/),
    });
    for (const company of [ardent, brook]) await good(acting(company, 'vote', 'resume'));
    expect(await good(acting(cobalt, 'vote', 'resume'))).toMatchObject({ done: true });
  });

  it('change what is named of a job, and want all of a new one', async () => {
    for (const company of [ardent, brook, cobalt]) await good(acting(company, 'vote', 'set-job', 'data', '--fee', '3 gwei'));
    expect(await bad(acting(ardent, 'ask', '--spec', OVEN, '--deposit', '2 gwei'))).toMatchObject({
      message: expect.stringMatching(/at least 3 gwei/),
    });
    const fresh = acting(ardent, 'vote', 'set-job', 'weather', '--fee', '1 gwei');
    expect(await bad(fresh)).toMatchObject({ code: 'CLI_BAD_OPTION', message: expect.stringMatching(/--group is missing/) });
    expect(await bad(acting(ardent, 'vote', 'set-job', 'Bad Name'))).toMatchObject({ code: 'CLI_BAD_OPTION' });
    expect(await bad(acting(ardent, 'vote', 'set-job', 'data', '--group', '3'))).toMatchObject({ code: 'CLI_BAD_OPTION' });
  });

  it('about money and limits', async () => {
    const pay = ['vote', 'pay-fund', brook.address, '--amount', '1 gwei', '--from', 'stakes'];
    for (const company of [ardent, brook]) await good(acting(company, ...pay));
    expect(await bad(acting(cobalt, ...pay))).toMatchObject({ message: expect.stringMatching(/the fund holds 0 wei/) });
    expect(await good(acting(ardent, 'vote', 'set-limits', '--open', '5', '--per-requester', '2'))).toMatchObject({
      approvals: '1',
    });
  });
});
