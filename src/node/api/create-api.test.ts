import { describe, expect, it } from 'vitest';
import type { Address } from '../../crypto/index.ts';
import type { TreadlePort } from '../../ledger/index.ts';
import { API_STREAMS_MAX, API_TASKS_KEPT_MAX } from '../../limits.ts';
import { type Api, createApi } from './create-api.ts';
import { createRecentList } from './projection/recent-list.ts';
import { createFixtureEnvironment } from './testing/api-environment.ts';
import { accountOf, createFixtureConsortium } from './testing/fixture-consortium.ts';
import { CONTRACTS, eventLog } from './testing/fixture-events.ts';
import { createFixtureLedger } from './testing/fixture-ledger.ts';
import { createFixtureWorld, type FixtureWorld } from './testing/fixture-world.ts';
import type {
  ApiErrorBody,
  BlockDetail,
  BlockRow,
  ChainPage,
  ChannelDetail,
  ChannelRow,
  EdgeNodeDetail,
  EdgeNodeRow,
  LiveEvent,
  MapView,
  NodeRow,
  Observation,
  Overview,
  Page,
  SearchResult,
  Series,
  TaskDetail,
  TaskRow,
  TransactionDetail,
  TransactionRow,
} from './types.ts';

const world = createFixtureWorld({ edgeNodes: 60, devices: 12, tasks: 240, channels: 40, endMs: Date.now() });
const api = serve(world);

function serve({ ledger, consortium }: FixtureWorld): Api {
  return createApi({
    environment: createFixtureEnvironment(),
    ledger,
    treadle: consortium.treadle(ledger),
    nameOf: consortium.nameOf,
  });
}

async function ask<T>(path: string, from: Api = api): Promise<T> {
  const response = await request(path, from);
  expect(response.status, String(response.body)).toBe(200);
  return JSON.parse(String(response.body)) as T;
}

async function refusal(path: string, method = 'GET'): Promise<{ status: number; code: string; message: string }> {
  const response = await request(path, api, method);
  return { status: response.status, ...(JSON.parse(String(response.body)) as ApiErrorBody).error };
}

function request(path: string, from: Api, method = 'GET') {
  const [plain = '', search = ''] = path.split('?');
  return from.handle({
    method,
    path: plain,
    query: Object.fromEntries(new URLSearchParams(search)),
    headers: {},
    body: new Uint8Array(),
  });
}

describe('the overview', () => {
  it('shows the counters of the chain', async () => {
    const overview = await ask<Overview>('/api/overview');
    expect(overview.blocks).toBe(world.ledger.head.number);
    expect(overview.transactions).toBe(world.ledger.transactionCount());
    expect(overview.pending).toBe(2);
    expect(overview).toMatchObject({ view: 0, sealers: 5, quorum: 4, edgeNodes: 60, devices: 12, index: { done: true } });
    const { requested, matched, unmatched, completed, failed, expired } = overview.tasks;
    expect(requested).toBe(240);
    expect(matched + unmatched + completed + failed + expired).toBe(requested);
    expect(overview.channels.open + overview.channels.closing + overview.channels.closed).toBe(40);
  });

  it('counts every transaction of the last days once', async () => {
    for (const unit of ['minutes', 'hours', 'days'] as const) {
      const series = await ask<Series>(`/api/series?unit=${unit}`);
      expect(series.points).toHaveLength(15);
      const counted = series.points.reduce((sum, point) => sum + point.transactions, 0);
      const firstMs = series.points[0]?.startMs ?? 0;
      expect(counted).toBe(await transactionsSince(firstMs));
      expect(counted).toBeGreaterThan(0);
    }
  });
});

async function transactionsSince(timeMs: number): Promise<number> {
  let count = 0;
  for (let number = 0; number <= world.ledger.head.number; number++) {
    const block = await world.ledger.block(number);
    if (block !== undefined && block.header.timestampMs >= timeMs) count += block.transactions.length;
  }
  return count;
}

describe('pages of the chain', () => {
  it('lists every transaction once, newest first, whatever the page size', async () => {
    const expected: string[] = [];
    for (let number = world.ledger.head.number; number >= 0; number--) {
      const receipts = (await world.ledger.receipts(number)) ?? [];
      expected.push(...receipts.map((receipt) => receipt.transactionHash).reverse());
    }
    for (const limit of [7, 60, 100]) {
      const seen: string[] = [];
      let before: string | null = '';
      while (before !== null) {
        const page: ChainPage<TransactionRow> = await ask(
          `/api/transactions?limit=${limit}${before === '' ? '' : `&before=${before}`}`,
        );
        seen.push(...page.items.map((row) => row.hash));
        before = page.older;
      }
      expect(seen).toEqual(expected);
    }
  });

  it('goes back to the newer page with the cursor that a page names', async () => {
    const first = await ask<ChainPage<TransactionRow>>('/api/transactions?limit=10');
    const second = await ask<ChainPage<TransactionRow>>(`/api/transactions?limit=10&before=${first.older}`);
    const third = await ask<ChainPage<TransactionRow>>(`/api/transactions?limit=10&before=${second.older}`);
    expect(first.newer).toBeNull();
    const back = await ask<ChainPage<TransactionRow>>(`/api/transactions?limit=10&before=${third.newer}`);
    expect(back.items.map((row) => row.hash)).toEqual(second.items.map((row) => row.hash));
  });

  it('lists blocks without gaps', async () => {
    const first = await ask<ChainPage<BlockRow>>('/api/blocks?limit=5');
    const second = await ask<ChainPage<BlockRow>>(`/api/blocks?limit=5&before=${first.older}`);
    const numbers = [...first.items, ...second.items].map((row) => row.number);
    expect(numbers).toEqual(Array.from({ length: 10 }, (_, at) => world.ledger.head.number - at));
    expect(second.newer).toBe(String(world.ledger.head.number + 1));
    expect((await ask<ChainPage<BlockRow>>('/api/blocks?before=3&limit=25')).older).toBeNull();
  });

  it('shows a block with who signed it and a page of its transactions', async () => {
    const busy = (await ask<ChainPage<BlockRow>>('/api/blocks?limit=100')).items.find((row) => row.transactions > 1);
    const block = await ask<BlockDetail>(`/api/blocks/${busy?.number}?limit=1`);
    expect(block.certificate).toMatchObject({ signatures: 4, quorum: 4, sealers: 5 });
    expect(block.certificate?.signers).toHaveLength(4);
    expect(block.certificate?.signers.every((signer) => signer.name !== null)).toBe(true);
    expect(block.transactionPage.items).toHaveLength(1);
    expect(block.transactionPage.total).toBe(busy?.transactions);
    expect((await ask<BlockDetail>(`/api/blocks/${block.hash}`)).number).toBe(block.number);
    expect((await ask<BlockDetail>('/api/blocks/0')).certificate).toBeNull();
  });

  it('lists what waits for a block', async () => {
    const pending = await ask<Page<TransactionRow>>('/api/pending');
    expect(pending.items.map((row) => [row.status, row.method, row.blockNumber])).toEqual([
      ['pending', 'transfer', null],
      ['pending', 'transfer', null],
    ]);
  });
});

describe('a transaction', () => {
  const find = async (method: string, status = 'succeeded'): Promise<TransactionDetail> => {
    let before: string | null = '';
    while (before !== null) {
      const page: ChainPage<TransactionRow> = await ask(`/api/transactions?limit=100${before === '' ? '' : `&before=${before}`}`);
      const found = page.items.find((row) => row.method === method && row.status === status);
      if (found !== undefined) return ask<TransactionDetail>(`/api/transactions/${found.hash}`);
      before = page.older;
    }
    throw new Error(`no ${status} transaction calls ${method}`);
  };

  it('is shown with its call and events in words', async () => {
    const transaction = await find('requestMatch');
    expect(transaction.call).toMatchObject({ contract: 'EdgeRegistry', function: 'requestMatch' });
    expect(transaction.call?.arguments.map((argument) => argument.name)).toEqual([
      'taskId',
      'latitudeE6',
      'longitudeE6',
      'service',
      'maxPriceWei',
    ]);
    expect(transaction.call?.arguments[3]?.value).toMatch(/^(vibration\.spectrum|image\.classify)$/);
    const event = transaction.events.at(-1);
    expect(event?.event).toMatch(/^(Matched|NotMatched)$/);
  });

  it('names structs, lists and parties', async () => {
    const { call } = await find('addNode');
    const spec = call?.arguments[0];
    expect(spec?.type).toBe('struct EdgeRegistry.NodeSpec');
    const fields = Array.isArray(spec?.value) ? spec.value : [];
    expect(fields.map((field) => field.name)).toEqual(['node', 'latitudeE6', 'longitudeE6', 'capacity', 'priceWei', 'services']);
    expect(fields[0]?.party?.company).toMatch(/[A-Z]/);
    expect(fields[5]?.value).toEqual(expect.arrayContaining([expect.objectContaining({ value: 'vibration.spectrum' })]));
  });

  it('names members of enums', async () => {
    const [row] = (await ask<Page<TaskRow>>('/api/tasks?state=unmatched')).items;
    const task = await ask<TaskDetail>(`/api/tasks/${row?.id}`);
    const transaction = await ask<TransactionDetail>(`/api/transactions/${task.history[0]?.transactionHash}`);
    const reason = transaction.events[0]?.arguments.find((argument) => argument.name === 'reason');
    expect(reason?.type).toBe('enum EdgeRegistry.Reason');
    expect(reason?.value).toMatch(/^(noneOffersService \(1\)|noneHasCapacity \(2\)|allAboveLimit \(3\))$/);
  });

  it('says why it was reverted', async () => {
    const transaction = await find('withdrawNode', 'reverted');
    expect(transaction.failure).toMatchObject({ name: 'NotItsCompany', message: 'Not its company' });
    expect(transaction.failure?.arguments.map((argument) => argument.name)).toEqual(['nodeId', 'company']);
  });

  it('that nobody can decode is shown raw', async () => {
    const transaction = await find('0xdeadbeef');
    expect(transaction).toMatchObject({ call: null, input: '0xdeadbeef010203', inputBytes: 7, inputCut: false });
    const created = await find('create');
    expect(created.createdContract?.address).toMatch(/^0x[0-9a-f]{40}$/);
  });
});

describe('edge sharing', () => {
  it('lists edge nodes by page, search and state', async () => {
    const page = await ask<Page<EdgeNodeRow>>('/api/edge-nodes?offset=10&limit=5');
    expect(page.items.map((row) => row.id)).toEqual(['11', '12', '13', '14', '15']);
    expect(page.total).toBe(60);
    const classify = await ask<Page<EdgeNodeRow>>('/api/edge-nodes?search=IMAGE.classify&limit=100');
    expect(classify.items.every((row) => row.services.includes('image.classify'))).toBe(true);
    expect(classify.total).toBeGreaterThan(0);
    expect((await ask<Page<EdgeNodeRow>>('/api/edge-nodes?state=withdrawn')).total).toBe(0);
  });

  it('counts what a node did as the tasks say', async () => {
    const tasks = await ask<Page<TaskRow>>('/api/tasks?limit=100&state=completed');
    const id = tasks.items[0]?.edgeNode?.id ?? '';
    const node = await ask<EdgeNodeDetail>(`/api/edge-nodes/${id}`);
    const ofNode = await ask<Page<TaskRow>>(`/api/tasks?limit=100&node=${id}`);
    expect(node.completed).toBe(ofNode.items.filter((row) => row.state === 'completed').length);
    expect(node.busy).toBe(ofNode.items.filter((row) => row.state === 'matched').length);
    expect(node.tasks[0]?.id).toBe(ofNode.items[0]?.id);
  });

  it('says of a task who was chosen among whom', async () => {
    const [row] = (await ask<Page<TaskRow>>('/api/tasks?state=completed')).items;
    const task = await ask<TaskDetail>(`/api/tasks/${row?.id}`);
    expect(task.candidates.length).toBeGreaterThan(1);
    expect(task.candidates[0]).toMatchObject({ chosen: true, id: task.edgeNode?.id, note: 'chosen: the nearest that fits' });
    const distances = task.candidates.map((candidate) => candidate.microdegrees ?? 0);
    expect(distances).toEqual([...distances].sort((left, right) => left - right));
    expect(task.history.map((step) => step.what.split(' ')[0])).toContain('completed');
    expect(task.distanceM).toBeGreaterThan(0);
  });

  it('says why a task has no node, with what was asked for', async () => {
    const [row] = (await ask<Page<TaskRow>>('/api/tasks?state=unmatched')).items;
    const task = await ask<TaskDetail>(`/api/tasks/${row?.id}`);
    expect(task.reason).toMatch(/no node offers|full|above the price limit/);
    expect(task.service).toMatch(/\./);
    expect(task.latitude).toBeCloseTo(-37.8, 0);
    expect(task.maxPriceWei).toBe('100000000000');
  });

  it('keeps a failed attempt on the record of the task', async () => {
    const failed = (await ask<Page<TaskRow>>('/api/tasks?state=failed&limit=100')).items;
    for (const row of failed) {
      const task = await ask<TaskDetail>(`/api/tasks/${row.id}`);
      expect(task.history.some((step) => step.what.includes('reported as failed'))).toBe(true);
    }
    expect(failed.length).toBeGreaterThan(0);
  });

  it('has columns of equal length on the map', async () => {
    const map = await ask<MapView>('/api/map');
    const columns = Object.values(map.nodes).map((column) => column.length);
    expect(new Set(columns)).toEqual(new Set([60]));
    expect(map.nodes.company.every((company) => map.companies[company] !== undefined)).toBe(true);
    expect(map.matches.length).toBeGreaterThan(0);
    expect(map.devices.address.length).toBe(12);
  });
});

describe('channels', () => {
  it('say who acts next and until when', async () => {
    const all = (await ask<Page<ChannelRow>>('/api/channels?limit=100')).items;
    expect(all).toHaveLength(40);
    const of = (state: string): ChannelRow | undefined => all.find((channel) => channel.state === state);
    expect(of('open')?.next.who).toBeNull();
    const closing = of('closing');
    expect(closing?.next.who).toEqual(closing?.payee);
    expect(closing?.deadlineMs).toBeGreaterThan(world.ledger.head.timestampMs);
    const withdrawable = of('withdrawable');
    expect(withdrawable?.next.who).toEqual(withdrawable?.payer);
    expect(of('closed')?.remainingWei).toBe('0');
  });

  it('add up', async () => {
    const { channels } = await ask<Overview>('/api/overview');
    const all = (await ask<Page<ChannelRow>>('/api/channels?limit=100')).items;
    const sum = (rows: readonly ChannelRow[], field: 'depositWei' | 'claimedWei'): string =>
      rows.reduce((total, row) => total + BigInt(row[field]), 0n).toString();
    const live = all.filter((row) => row.state !== 'closed');
    expect(channels.depositedWei).toBe(sum(live, 'depositWei'));
    expect(channels.claimedWei).toBe(sum(all, 'claimedWei'));
    for (const row of all) {
      const detail = await ask<ChannelDetail>(`/api/channels/${row.id}`);
      expect(BigInt(detail.claimedWei) + BigInt(detail.refundedWei) + BigInt(detail.remainingWei)).toBe(
        BigInt(detail.depositWei),
      );
      expect(detail.history[0]?.what).toBe('opened');
    }
  });
});

describe('nodes', () => {
  it('lists sealers first, with the state of each', async () => {
    const { items } = await ask<Page<NodeRow>>('/api/nodes');
    expect(items.slice(0, 5).every((row) => row.sealer)).toBe(true);
    expect(items[0]).toMatchObject({ self: true, role: 'proxy', status: 'running', view: 0 });
    expect(items.find((row) => row.name === 'Delta Foundry')?.status).toBe('lagging');
    expect(items.filter((row) => row.height !== null).every((row) => row.view !== null)).toBe(true);
    expect(items.find((row) => row.role === 'centre')).toMatchObject({ name: 'Centre', company: 'Aurora Pumps', sealer: false });
    expect(items.some((row) => row.status === 'unreachable')).toBe(true);
    expect(items.some((row) => row.status === 'not connected' && row.lastSeenMs === null)).toBe(true);
    expect((await ask<NodeRow>(`/api/nodes/${items[1]?.address}`)).address).toBe(items[1]?.address);
  });

  it('say of a member in quarantine why, and name it by the key that it runs with', async () => {
    const consortium = createFixtureConsortium(3, []);
    const ledger = createFixtureLedger(consortium.sealers, Date.now() - 1000);
    const [aurora, baxter] = consortium.companies.map(({ account }) => account) as [Address, Address];
    const other = accountOf('the new key of Aurora');
    const centre = accountOf('a centre');
    const certificate = { expiresAtSeconds: 1_800_000_000, state: 'expires-soon' } as const;
    const plain = consortium.treadle(ledger);
    const treadle: TreadlePort = {
      ...plain,
      peers: () => [
        { node: other, role: 'company', company: aurora, connected: true, addresses: [], since: 1 },
        { node: baxter, role: 'company', company: baxter, connected: true, addresses: [], since: 1 },
        { node: centre, role: 'centre', company: baxter, connected: true, addresses: [], since: 1, certificate },
      ],
      async membership() {
        const report = await plain.membership();
        const companies = report.companies.map((each) => (each.account === aurora ? { ...each, sealer: other } : each));
        const proof = { id: 1, signer: other, account: aurora, message: 'commit', height: 9, round: 1, reporter: baxter };
        const digests = ['0x01', '0x02'] as const;
        const before = { ...proof, id: 0, account: baxter, height: 3, digests, reportedAt: 4, quarantined: true };
        const evidence = [{ ...proof, digests, reportedAt: 10, quarantined: true }, before];
        return { ...report, companies, quarantined: [aurora], evidence };
      },
    };
    const own = createApi({ environment: createFixtureEnvironment(), ledger, treadle });
    const { items } = await ask<Page<NodeRow>>('/api/nodes', own);
    expect(items.find(({ address }) => address === other)).toMatchObject({
      name: 'Aurora Pumps',
      company: 'Aurora Pumps',
      quarantine: { message: 'commit', height: 9, round: 1, reportedAt: 10, reporter: { name: 'Baxter Rolling' } },
      account: aurora,
      certificate: null,
      evidence: [{ height: 9 }],
    });
    // It was let in again; what it signed stays on record.
    expect(items.find(({ address }) => address === baxter)).toMatchObject({
      account: null,
      quarantine: null,
      evidence: [{ height: 3, reportedAt: 4 }],
    });
    expect(items.find(({ address }) => address === centre)).toMatchObject({
      account: null,
      certificate: { expiresAtMs: 1_800_000_000_000, state: 'expires-soon' },
      evidence: [],
    });
    expect((await ask<Overview>('/api/overview', own)).quarantined).toMatchObject([{ address: aurora, name: 'Aurora Pumps' }]);
    own.stop();
  });

  it('shows its own view', async () => {
    const own = await ask<Observation>('/api/observe');
    expect(own.self).toMatchObject({ name: 'Proxy', role: 'proxy' });
    expect(own.chain?.recent[0]?.number).toBe(world.ledger.head.number);
    expect(own.consensus.votes).toBe(true);
    expect(own.peers[0]?.connected).toBe(true);
    expect(own.metrics).toHaveProperty('network_peers', 9);
  });

  it('shows its own view without a chain, and nothing else', async () => {
    const treadle = world.consortium.treadle(world.ledger);
    const light = createApi({ environment: createFixtureEnvironment(), treadle });
    expect((await ask<Observation>('/api/observe', light)).chain).toBeNull();
    const refused = await request('/api/blocks', light);
    expect(refused.status).toBe(503);
    expect(String(refused.body)).toContain('API_NO_CHAIN');
  });
});

describe('search', () => {
  it('finds by number, hash, address and name', async () => {
    const hits = async (query: string): Promise<string[]> =>
      (await ask<SearchResult>(`/api/search?q=${query}`)).hits.map((hit) => hit.kind);
    const [task] = (await ask<Page<TaskRow>>('/api/tasks?limit=1')).items;
    const [channel] = (await ask<Page<ChannelRow>>('/api/channels?limit=1')).items;
    const head = world.ledger.head;
    expect(await hits('12')).toContain('block');
    expect(await hits(head.hash)).toEqual(['block']);
    expect(await hits(task?.id ?? '')).toContain('task');
    expect(await hits(channel?.id.slice(0, 12) ?? '')).toContain('channel');
    expect(await hits('aurora')).toEqual(expect.arrayContaining(['node', 'edge-node']));
    expect(await hits(task?.device.address ?? '')).toContain('device');
    expect(await hits('')).toEqual([]);
    expect(await hits('no such thing')).toEqual([]);
  });
});

describe('refusals', () => {
  it('name the wrong parameter', async () => {
    for (const path of [
      '/api/blocks?limit=0',
      '/api/blocks?limit=101',
      '/api/tasks?offset=-1',
      '/api/series?unit=years',
      '/api/transactions?before=x',
    ]) {
      const { status, code, message } = await refusal(path);
      expect({ path, status, code }).toEqual({ path, status: 400, code: 'API_BAD_QUERY' });
      expect(message).toMatch(/Parameter "(limit|offset|unit|before)"/);
    }
    expect(await refusal(`/api/search?q=${'a'.repeat(200)}`)).toMatchObject({ status: 400 });
    expect(await refusal('/api/transactions/0x12')).toMatchObject({ status: 400, code: 'API_BAD_QUERY' });
    expect(await refusal('/api/%E0%A4%A')).toMatchObject({ status: 400 });
  });

  it('say what is missing', async () => {
    const hash = `0x${'ab'.repeat(32)}`;
    const paths = [
      'nothing',
      'blocks/999999',
      `blocks/${hash}`,
      `transactions/${hash}`,
      'edge-nodes/999',
      `tasks/${hash}`,
      `channels/${hash}`,
      'nodes/0x00',
      'devices/nobody',
      'constructor',
      'blocks/1/2',
    ];
    for (const path of paths)
      expect({ path, ...(await refusal(`/api/${path}`)) }).toMatchObject({ path, status: 404, code: 'API_NOT_FOUND' });
  });

  it('take no writes', async () => {
    expect(await refusal('/api/blocks', 'POST')).toMatchObject({ status: 405, code: 'API_METHOD_NOT_ALLOWED' });
  });
});

describe('events', () => {
  it('tell of new blocks, tasks and pending transactions, bundled', async () => {
    const own = createFixtureWorld({ edgeNodes: 8, devices: 2, tasks: 4, channels: 2, endMs: Date.now() });
    const server = serve(own);
    const response = await request('/api/events', server);
    const { events, until, leave } = listen(response.stream);
    expect(events[0]).toMatchObject({ type: 'hello', height: own.ledger.head.number });
    await ask('/api/overview', server);
    const id = own.grow(Date.now());
    own.grow(Date.now());
    await until((event) => event.type === 'task' && event.ids.includes(id));
    const heads = events.filter((event) => event.type === 'head');
    expect(heads).toHaveLength(1);
    expect(heads[0]).toMatchObject({ number: own.ledger.head.number });
    expect((await ask<Overview>('/api/overview', server)).tasks.requested).toBe(6);
    leave();
    server.stop();
  });

  it('are refused to one console too many', async () => {
    const server = serve(world);
    const sink = () => ({ send: () => true, close: () => undefined });
    const left: (() => void)[] = [];
    const response = await request('/api/events', server);
    for (let at = 0; at < API_STREAMS_MAX; at++) left.push(response.stream?.(sink()) ?? (() => undefined));
    const refused = await request('/api/events', server);
    expect(refused.status).toBe(503);
    for (const leave of left) leave();
    expect((await request('/api/events', server)).status).toBe(200);
    server.stop();
  });
});

function listen(stream: Awaited<ReturnType<Api['handle']>>['stream']) {
  const events: LiveEvent[] = [];
  const waiting = new Set<(event: LiveEvent) => void>();
  const sink = {
    send(text: string): boolean {
      const event = JSON.parse(text) as LiveEvent;
      events.push(event);
      for (const wake of [...waiting]) wake(event);
      return true;
    },
    close: () => undefined,
  };
  const leave = stream?.(sink) ?? (() => undefined);
  const until = (wanted: (event: LiveEvent) => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error(`no such event among ${JSON.stringify(events)}`)), 5_000);
      waiting.add((event) => {
        if (!wanted(event)) return;
        clearTimeout(deadline);
        resolve();
      });
    });
  return { events, until, leave };
}

describe('the view of the chain', () => {
  it('starts with the first question and then follows', async () => {
    const consortium = createFixtureConsortium(3, []);
    const ledger = createFixtureLedger(consortium.sealers, Date.now() - 1000);
    const node = { nodeId: 1n, node: accountOf('n'), company: consortium.companies[0]?.account ?? accountOf('c') };
    const offer = { latitudeE6: 1, longitudeE6: 2, capacity: 3, priceWei: 4n, services: [] };
    const add = {
      from: node.company,
      to: CONTRACTS.registry.address,
      logs: [eventLog('registry', 'NodeAdded', { ...node, ...offer })],
    };
    ledger.append({ timestampMs: Date.now(), transactions: [add] });
    const server = createApi({ environment: createFixtureEnvironment(), ledger, treadle: consortium.treadle(ledger) });
    expect((await ask<Overview>('/api/overview', server)).edgeNodes).toBe(1);
    const withdrawn = eventLog('registry', 'NodeWithdrawn', { nodeId: 1n, by: node.company });
    ledger.append({
      timestampMs: Date.now(),
      transactions: [{ from: node.company, to: CONTRACTS.registry.address, logs: [withdrawn] }],
    });
    expect((await ask<Page<EdgeNodeRow>>('/api/edge-nodes', server)).items[0]?.state).toBe('withdrawn');
    server.stop();
  });

  it('forgets the oldest that is over, never what is at work', () => {
    const list = createRecentList<{ readonly id: number; readonly over: boolean }>({
      limit: 100,
      droppable: (item) => item.over,
    });
    for (let id = 0; id < 1000; id++) list.add(String(id), { id, over: id % 50 !== 0 });
    expect(list.size).toBeLessThanOrEqual(116);
    expect(list.get('0')).toBeDefined();
    expect(list.get('1')).toBeUndefined();
    expect([...list.newest()][0]?.id).toBe(999);
    expect(API_TASKS_KEPT_MAX).toBeGreaterThanOrEqual(10_000);
  });
});

describe('the console', () => {
  const files = async (path: string) =>
    path === '/index.html' || path === '/assets/a.js'
      ? { body: new TextEncoder().encode(path), mediaType: 'text/plain' }
      : undefined;
  const server = createApi({
    environment: createFixtureEnvironment(),
    ledger: world.ledger,
    treadle: world.consortium.treadle(world.ledger),
    consoleFiles: files,
  });
  const body = (response: { readonly body?: string | Uint8Array }): string =>
    typeof response.body === 'string' ? response.body : new TextDecoder().decode(response.body);

  it('is served for its pages, its files for their names', async () => {
    for (const path of ['/', '/observe', '/blocks/12', '/tasks']) expect(body(await request(path, server))).toBe('/index.html');
    const asset = await request('/assets/a.js', server);
    expect(body(asset)).toBe('/assets/a.js');
    expect(asset.headers?.['cache-control']).toContain('immutable');
    expect(asset.headers?.['content-security-policy']).toContain("default-src 'self'");
    for (const path of ['/assets/gone.js', '/gone.css', '/../secret.json', '/a/../../b.txt']) {
      expect({ path, status: (await request(path, server)).status }).toEqual({ path, status: 404 });
    }
  });

  it('is replaced by a plain page of the own view when it is not built', async () => {
    const page = body(await request('/observe', api));
    expect(page).toContain('<h1>Proxy</h1>');
    expect(page).toContain('Aurora Pumps');
    expect(page).not.toContain('<script');
    expect((await request('/blocks', api)).status).toBe(404);
  });
});
