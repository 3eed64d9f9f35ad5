import { describe, expect, it } from 'vitest';
import { TreadleError } from '../../../errors.ts';
import { type Api, createApi } from '../create-api.ts';
import { createFixtureEnvironment } from '../testing/api-environment.ts';
import { accountOf } from '../testing/fixture-consortium.ts';
import { FEED_ACCOUNT, ORACLE_ACCOUNTS } from '../testing/fixture-oracle.ts';
import { createFixtureWorld } from '../testing/fixture-world.ts';
import type {
  ApiErrorBody,
  OracleFeedView,
  OracleOverview,
  OracleRequestDetail,
  OracleRequestRow,
  OracleRoundsView,
  Page,
  SearchResult,
} from '../types.ts';

const sizes = { edgeNodes: 3, devices: 2, tasks: 4, channels: 1, endMs: Date.now() };
const world = createFixtureWorld({ ...sizes, oracle: true });
const api = serve(world);
const without = serve(createFixtureWorld(sizes));

function serve({ ledger, consortium, oracle }: ReturnType<typeof createFixtureWorld>): Api {
  return createApi({
    environment: createFixtureEnvironment(),
    ledger,
    treadle: consortium.treadle(ledger),
    nameOf: consortium.nameOf,
    ...(oracle && { oracleRounds: oracle.rounds }),
  });
}

async function answer(path: string, from = api): Promise<{ readonly status: number; readonly body: unknown }> {
  const [plain = '', search = ''] = path.split('?');
  const query = Object.fromEntries(new URLSearchParams(search));
  const response = await from.handle({ method: 'GET', path: plain, query, headers: {}, body: new Uint8Array() });
  return { status: response.status, body: JSON.parse(String(response.body)) };
}

async function ask<T>(path: string, from = api): Promise<T> {
  const { status, body } = await answer(path, from);
  expect(status, JSON.stringify(body)).toBe(200);
  return body as T;
}

const refusal = async (path: string, from = api) => ((await answer(path, from)).body as ApiErrorBody).error;

describe('the oracle', () => {
  it('is shown with its term, its election and its nodes', async () => {
    const oracle = await ask<OracleOverview>('/api/oracle');
    expect(oracle.counts).toEqual({ requested: 24, pending: 1, answered: 21, failed: 1, expired: 1 });
    expect(oracle.term).toMatchObject({ masterBy: 'replacement', master: { id: 2, address: ORACLE_ACCOUNTS[1] } });
    expect(oracle.term.group.map(({ id }) => id)).toEqual([3, 1, 5, 4]);
    expect(oracle.term.candidates.map(({ id, leads, replaced }) => [id, leads, replaced])).toEqual([
      [6, false, true],
      [2, true, false],
    ]);
    expect(oracle.nodes).toHaveLength(6);
    expect(oracle.nodes.find(({ id }) => id === 2)).toMatchObject({ part: 'master', member: { name: 'Corvus Robotics' } });
    expect(oracle.jobs).toMatchObject([{ name: 'data', groupSize: 4, quorum: 3, forfeit: 1000 }]);
    expect(oracle.slashes).toMatchObject([{ id: 6, wei: (10n ** 18n).toString(), offence: 'silence' }]);
  });

  it('keeps the proofs of an election, which its transactions carried', async () => {
    const { terms } = await ask<OracleOverview>('/api/oracle');
    const [term] = terms;
    expect(term).toMatchObject({
      number: 0,
      byTurn: false,
      requests: 22,
      replaced: [{ previous: { id: 6 }, current: { id: 2 } }],
    });
    expect(term?.candidates[0]?.proof).toBe(`0x${'06'.repeat(256)}`);
  });

  it('is said to be absent where a ledger has none', async () => {
    expect(await refusal('/api/oracle', without)).toMatchObject({
      code: 'API_NOT_FOUND',
      message: expect.stringMatching(/has no oracle/),
    });
    expect(await ask<Page<OracleRequestRow>>('/api/oracle/requests', without)).toMatchObject({ total: 0 });
    expect(await ask<Page<OracleFeedView>>('/api/oracle/feeds', without)).toMatchObject({ total: 0 });
  });
});

describe('requests', () => {
  it('are listed newest first, by state, job, requester and text', async () => {
    const list = (query: string) => ask<Page<OracleRequestRow>>(`/api/oracle/requests?${query}`);
    const ids = async (query: string) => (await list(query)).items.map(({ id }) => id);
    expect(await ids('limit=3')).toEqual(['24', '23', '22']);
    expect(await ids('limit=3&offset=2')).toEqual(['22', '21', '20']);
    expect(await ids('state=failed')).toEqual(['22']);
    expect((await list(`requester=${FEED_ACCOUNT}`)).total).toBe(20);
    expect((await list('job=compute')).total).toBe(0);
    expect(await ids('search=mes.example')).toEqual(['21']);
    expect(await ids('search=7')).toEqual(['7']);
  });

  it('say what was answered, as the specification means it', async () => {
    const { items } = await ask<Page<OracleRequestRow>>('/api/oracle/requests?limit=5');
    expect(items.map(({ answer: text, reason }) => text ?? reason)).toEqual([
      null,
      'nobody brought an answer before its time was over',
      'the source could not be reached',
      'order 4711',
      expect.stringMatching(/^2\d\.\d\d$/),
    ]);
  });

  it('show who signed, from the bits of the transaction', async () => {
    const request = await ask<OracleRequestDetail>('/api/oracle/requests/21');
    expect(request).toMatchObject({ state: 'answered', specText: expect.stringContaining('mes.example'), quorum: 3 });
    expect(request.result).toMatchObject({ form: 'text', text: 'order 4711' });
    expect(request.accepted).toMatchObject({ byMaster: true, signatures: 3, transmitter: { id: 2 } });
    expect(request.accepted?.group?.map(({ id, signed }) => [id, signed])).toEqual([
      [3, true],
      [1, true],
      [5, false],
      [4, true],
    ]);
    expect(request.history.map(({ kind }) => kind)).toEqual(['requested', 'ended']);
  });

  it('bring the rounds that nodes tell of, with liars, objections and those that do not tell', async () => {
    const { rounds } = await ask<OracleRequestDetail>('/api/oracle/requests/21');
    expect(rounds).toHaveLength(1);
    expect(rounds[0]?.members.map(({ lied }) => lied)).toEqual([false, false, true, false]);
    expect(rounds[0]?.members[0]?.objections).toEqual([{ id: '21', why: 'saw something else' }]);
    const pending = await ask<OracleRequestDetail>('/api/oracle/requests/24');
    expect(pending.rounds[0]?.unanswered).toEqual([{ id: '24', why: 'the source was down, slow, or refused' }]);
    expect(pending.silent.map(({ address }) => address)).toEqual([ORACLE_ACCOUNTS[3]]);
  });

  it('explain in words what they wait for and what was tried', async () => {
    const request = await ask<OracleRequestDetail>('/api/oracle/requests/24');
    expect(request.headline).toMatch(/^Request 24 is pending: the master .* did not bring it; work nodes may bring it now\.$/);
    const text = request.explanation.join('\n');
    expect(text).toMatch(/7 to go/);
    expect(text).toMatch(/tried in vain once; the reason noted last: the source was down/);
    expect(text).toMatch(/without one 10 % of it are kept and 9000 gwei come back/);
    expect(request).toMatchObject({ why: 'workNodesMayTransmit', refundWei: '9000000000000' });
  });

  it('that nobody remembers are refused in words', async () => {
    for (const id of ['99', '0x12', '%20', '1e3'])
      expect(await refusal(`/api/oracle/requests/${id}`)).toMatchObject({ code: 'API_NOT_FOUND' });
    expect(await refusal('/api/oracle/elsewhere')).toMatchObject({
      code: 'API_NOT_FOUND',
      message: expect.stringMatching(/no route/),
    });
    expect(await refusal('/api/oracle/requests/1/2')).toMatchObject({ code: 'API_NOT_FOUND' });
  });

  it('are found by their number', async () => {
    const { hits } = await ask<SearchResult>('/api/search?q=22');
    expect(hits).toContainEqual({ kind: 'request', id: '22', label: 'Request 22', detail: 'of the oracle, failed' });
  });
});

describe('rounds and feeds', () => {
  it('are asked of the node that is named, else of the present master', async () => {
    const master = await ask<OracleRoundsView>('/api/oracle/rounds');
    expect(master).toMatchObject({ node: { address: ORACLE_ACCOUNTS[1] } });
    expect(master.rounds.map(({ requests }) => requests[0])).toEqual(['21', '22', '23', '24']);
    expect((await ask<OracleRoundsView>(`/api/oracle/rounds?node=${ORACLE_ACCOUNTS[0]}`)).rounds).toEqual([]);
    expect(await refusal(`/api/oracle/rounds?node=${ORACLE_ACCOUNTS[3]}`)).toMatchObject({
      message: expect.stringMatching(/did not tell/),
    });
    expect(await refusal('/api/oracle/rounds?node=somebody')).toMatchObject({ code: 'API_BAD_QUERY' });
  });

  it('of this node come first where it is an oracle node', async () => {
    const own = createApi({
      environment: createFixtureEnvironment(),
      ledger: world.ledger,
      treadle: world.consortium.treadle(world.ledger),
      oracleRounds: { own: () => [], ask: () => Promise.reject(new TreadleError('NETWORK_UNREACHABLE')) },
    });
    expect(await ask<OracleRoundsView>('/api/oracle/rounds', own)).toEqual({
      node: expect.objectContaining({ address: accountOf('proxy') }),
      rounds: [],
    });
    own.stop();
  });

  it('a feed shows its rounds, its age and what it asks', async () => {
    const { items } = await ask<Page<OracleFeedView>>('/api/oracle/feeds');
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ address: FEED_ACCOUNT, decimals: 2, heartbeatSeconds: 60, roundCount: 20, stale: true });
    expect(items[0]?.rounds).toHaveLength(20);
    expect(items[0]?.value).toBe(items[0]?.rounds.at(-1)?.value);
  });
});
