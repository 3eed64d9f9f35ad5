import { describe, expect, it } from 'vitest';
import type { Hex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import type { Match } from '../ports/index.ts';
import { encodeSamples, SAMPLES_MEDIA_TYPE, type Service } from '../services/index.ts';
import { type DeviceLife, MarketWorld, type MarketWorldOptions, SECOND, testKey } from '../testing/market-world.ts';
import type { TaskOrder } from './task-client.ts';
import {
  decodeTaskRequest,
  decodeTaskResult,
  encodeTaskRequest,
  encodeTaskResult,
  inputHashOf,
  TASK_PROTOCOL,
  type TaskRequest,
} from './task-messages.ts';
import { signTaskResult, taskResultIsValid } from './task-result.ts';

const samples = encodeSamples({
  sampleRateHz: 2048,
  unit: 'm/s2',
  axes: [Float32Array.from({ length: 1024 }, (_, at) => Math.sin((2 * Math.PI * 50 * at) / 2048))],
});

const order: TaskOrder = {
  service: 'vibration.spectrum',
  mediaType: SAMPLES_MEDIA_TYPE,
  input: samples,
  latitudeE6: 0,
  longitudeE6: 0,
  priceLimitWei: 50n,
};

async function worldOf(options: MarketWorldOptions = {}): Promise<MarketWorld> {
  const market = new MarketWorld(options);
  await market.start();
  return market;
}

async function codeOf(market: MarketWorld, promise: Promise<unknown>): Promise<TreadleError> {
  try {
    await market.world.run(promise);
  } catch (error) {
    if (error instanceof TreadleError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Gets a match without doing the task. */
async function matchOf(market: MarketWorld, device: DeviceLife, nonce: number): Promise<Match> {
  const taskId = `${device.environment.node}${nonce.toString(16).padStart(24, '0')}` as Hex;
  const { service, latitudeE6, longitudeE6, priceLimitWei } = order;
  const outcome = await market.world.run(
    device.ports.matches.requestMatch({ taskId, service, latitudeE6, longitudeE6, priceLimitWei }),
  );
  if (!outcome.matched) throw new Error('no match');
  return outcome.match;
}

function requestFor(taskId: Hex, changes: Partial<TaskRequest> = {}): TaskRequest {
  return {
    taskId,
    service: order.service,
    mediaType: order.mediaType,
    parameters: {},
    timeLimitMicros: SECOND,
    input: samples,
    ...changes,
  };
}

async function ask(market: MarketWorld, device: DeviceLife, match: Match, request: TaskRequest): Promise<Uint8Array> {
  await device.environment.network.connect(await market.contactOf(match.node));
  return device.environment.network.request(match.node, TASK_PROTOCOL, encodeTaskRequest(request));
}

const slow: Service = {
  name: 'vibration.spectrum',
  inputMediaTypes: [SAMPLES_MEDIA_TYPE],
  outputMediaType: 'text/plain',
  inputBytesMax: 1024 * 1024,
  outputBytesMax: 16,
  cost: ({ parameters }) => ({ operation: 'slow', units: Number(parameters['seconds'] ?? 0) }),
  run: ({ parameters }) => new Uint8Array(Number(parameters['bytes'] ?? 1)),
};

describe('a task', () => {
  it('is done by the nearest node, signed, and says who was chosen among whom', async () => {
    const market = await worldOf({ edges: 3 });
    const [device] = market.devices as [DeviceLife];
    const outcome = await market.world.run(device.tasks.run(order));
    expect(outcome.match.node).toBe(market.edgeKeys[0]?.address);
    expect(outcome.match.choice).toMatchObject({ nodeId: 1, considered: 3, among: [1, 2, 3] });
    expect(outcome.attempts).toHaveLength(1);
    const report = JSON.parse(new TextDecoder().decode(outcome.result.output)) as {
      axes: { dominant: { frequencyHz: number }[] }[];
    };
    expect(report.axes[0]?.dominant[0]?.frequencyHz).toBeCloseTo(50, 0);
    await market.world.runFor(5 * SECOND);
    expect(await market.edges[0]?.ports.matches.task(outcome.taskId)).toMatchObject({ state: 'completed' });
  });

  it('goes to the next best node when the first is away, and the failure is on the record', async () => {
    const market = await worldOf({ edges: 3 });
    market.crash(market.edges[0] as never);
    const [device] = market.devices as [DeviceLife];
    const outcome = await market.world.run(device.tasks.run(order));
    expect(outcome.match.node).toBe(market.edgeKeys[1]?.address);
    expect(outcome.attempts.map(({ node, error }) => [node, error?.reported])).toEqual([
      [market.edgeKeys[0]?.address, 'unreachable'],
      [market.edgeKeys[1]?.address, undefined],
    ]);
    expect(market.chain.failures).toEqual([{ node: market.edgeKeys[0]?.address, taskId: outcome.taskId }]);
  });

  it('goes to the next best node when the first answers too late', async () => {
    const market = await worldOf({ edges: 2, services: [slow] });
    const [device] = market.devices as [DeviceLife];
    const lame = device.tasks.run({ ...order, parameters: { seconds: 3 }, timeLimitMicros: SECOND });
    const error = await codeOf(market, lame);
    expect(error.code).toBe('TASK_FAILED');
    expect(error.data['attempts']).toMatchObject([
      { code: 'TASK_DEADLINE', reported: 'timedOut' },
      { code: 'TASK_DEADLINE', reported: 'timedOut' },
    ]);
    expect(market.chain.failures).toHaveLength(2);
  });

  it.each(['a wrong signature', 'another output', 'garbage'])('is taken from a node that answers with %s', async (how) => {
    const market = await worldOf({ edges: 1 });
    const { world } = market;
    // A second edge node, nearer, that cheats.
    const cheat = testKey('cheat');
    (market.chain as unknown as { nodes: unknown[] }).nodes.unshift({
      node: cheat.address,
      service: order.service,
      priceWei: 1n,
      capacity: 9,
      x: 0,
      y: 0,
    });
    const environment = world.addNode(cheat.address);
    environment.network.onRequest(TASK_PROTOCOL, async (_from, body) => {
      const request = decodeTaskRequest(body);
      const facts = {
        taskId: request.taskId,
        status: 'done',
        mediaType: 'application/json',
        output: Uint8Array.of(1),
        inputHash: inputHashOf(request),
      } as const;
      const domain = market.devices[0]?.ports.matches.domain as never;
      if (how === 'garbage') return Uint8Array.of(0xc0);
      if (how === 'another output')
        return encodeTaskResult({ ...signTaskResult(domain, cheat, facts), output: Uint8Array.of(2) });
      return encodeTaskResult({ ...signTaskResult(domain, testKey('somebody'), facts), node: cheat.address });
    });
    await world.run(environment.network.start({ hello: () => new Uint8Array(), admit: () => ({ admitted: true }) }));
    const outcome = await world.run((market.devices[0] as DeviceLife).tasks.run(order));
    expect(outcome.attempts[0]).toMatchObject({
      node: cheat.address,
      error: { code: 'TASK_RESULT_FORGED', reported: 'badResult' },
    });
    expect(outcome.match.node).toBe(market.edgeKeys[0]?.address);
  });

  it('with bad input is refused with a signed reason, and nobody is blamed', async () => {
    const market = await worldOf();
    const [device] = market.devices as [DeviceLife];
    const error = await codeOf(market, device.tasks.run({ ...order, input: samples.subarray(0, 30) }));
    expect(error.code).toBe('TASK_REJECTED');
    expect(error.message).toMatch(/take 4116 bytes, there are 30/);
    expect((await codeOf(market, device.tasks.run({ ...order, mediaType: 'text/plain' }))).code).toBe('TASK_REJECTED');
    expect(market.chain.failures).toEqual([]);
    // Nothing is owed: the device still has all its credit.
    for (let count = 0; count < 2; count++) await market.world.run(device.tasks.run(order));
  });

  it.each([
    [{ service: 'image.classify' }, 'noneOffersService'],
    [{ priceLimitWei: 3n }, 'allAboveLimit'],
  ] as const)('without a match says why: %#', async (changes, reason) => {
    const market = await worldOf();
    const error = await codeOf(market, (market.devices[0] as DeviceLife).tasks.run({ ...order, ...changes }));
    expect([error.code, error.data['reason']]).toEqual(['TASK_NO_MATCH', reason]);
  });

  it('without capacity says so', async () => {
    const market = await worldOf({ edges: 1, capacity: 1 });
    await matchOf(market, market.devices[0] as DeviceLife, 1);
    const error = await codeOf(market, (market.devices[0] as DeviceLife).tasks.run(order));
    expect(error.data['reason']).toBe('noneHasCapacity');
  });
});

describe('an edge node', () => {
  it('serves only the matched device, service and open matches', async () => {
    const market = await worldOf({ devices: 2, edges: 2 });
    const [device, other] = market.devices as [DeviceLife, DeviceLife];
    const match = await matchOf(market, device, 1);
    const foreign = { ...match, node: market.edgeKeys[1]?.address as Hex };
    expect((await codeOf(market, ask(market, other, match, requestFor(match.taskId)))).code).toBe('TASK_NOT_YOURS');
    expect((await codeOf(market, ask(market, device, foreign, requestFor(match.taskId)))).code).toBe('TASK_NOT_YOURS');
    expect((await codeOf(market, ask(market, device, match, requestFor(match.taskId, { service: 'x' })))).code).toBe(
      'TASK_NOT_YOURS',
    );
    expect((await codeOf(market, ask(market, device, match, requestFor(`0x${'7'.repeat(64)}`)))).code).toBe('TASK_UNKNOWN');
    await market.world.run(device.ports.matches.reportFailure({ taskId: match.taskId, reason: 'refused' }));
    expect((await codeOf(market, ask(market, device, match, requestFor(match.taskId)))).code).toBe('TASK_NOT_YOURS');
  });

  it('answers a repeat with the same bytes, and refuses another input under the same task', async () => {
    const market = await worldOf();
    const [device] = market.devices as [DeviceLife];
    const match = await matchOf(market, device, 1);
    const first = await market.world.run(
      Promise.all([ask(market, device, match, requestFor(match.taskId)), ask(market, device, match, requestFor(match.taskId))]),
    );
    expect(first[0]).toEqual(first[1]);
    await market.world.runFor(5 * SECOND);
    expect(await market.world.run(ask(market, device, match, requestFor(match.taskId)))).toEqual(first[0]);
    const changed = requestFor(match.taskId, { parameters: { peaks: 2 } });
    expect((await codeOf(market, ask(market, device, match, changed))).code).toBe('TASK_NOT_YOURS');
    expect(
      (market.edges[0] as { environment: { metrics: { snapshot(): Record<string, number> } } }).environment.metrics.snapshot()[
        'tasks_done_total'
      ],
    ).toBe(1);
  });

  it('stops at the unpaid limit, also after a restart, and goes on once it is paid', async () => {
    const market = await worldOf({ edges: 1 });
    const [device] = market.devices as [DeviceLife];
    const first = await market.world.run(device.tasks.run(order));
    await market.world.run(device.tasks.run(order));
    expect((await codeOf(market, device.tasks.run(order))).code).toBe('TASK_UNPAID');
    await market.world.runFor(SECOND);
    market.crash(market.edges[0] as never);
    await market.restartEdge(0);
    expect((await codeOf(market, device.tasks.run(order))).code).toBe('TASK_UNPAID');
    const payment = { taskId: first.taskId, node: first.match.node, amountWei: first.match.priceWei };
    const paid = await market.world.run(device.pay.payer.pay({ payee: market.proxyKey.address, payment }));
    expect(paid?.stage).toBe('delivered');
    await market.world.run(device.tasks.run(order));
  });

  it('bounds what runs and what waits', async () => {
    const market = await worldOf({
      edges: 1,
      services: [slow],
      capacity: 200,
      devices: 1,
      prices: [0n],
      taskPolicy: { runningMax: 1 },
    });
    const [device] = market.devices as [DeviceLife];
    const long = { parameters: { seconds: 1 }, timeLimitMicros: 3.5 * SECOND };
    const matches = await Promise.all(Array.from({ length: 66 }, (_, index) => index)).then(async (list) => {
      const found: Match[] = [];
      for (const index of list) found.push(await matchOf(market, device, index + 1));
      return found;
    });
    const answers = matches.map((match) =>
      ask(market, device, match, requestFor(match.taskId, long)).then(
        () => 'done',
        (error: TreadleError) => error.code,
      ),
    );
    const codes = await market.world.run(Promise.all(answers));
    const count = (code: string) => codes.filter((found) => found === code).length;
    expect([count('done'), count('TASK_DEADLINE'), count('TASK_BUSY')]).toEqual([3, 62, 1]);
  });

  it('refuses to return more than the service may', async () => {
    const market = await worldOf({ edges: 1, services: [slow] });
    const error = await codeOf(market, (market.devices[0] as DeviceLife).tasks.run({ ...order, parameters: { bytes: 17 } }));
    expect(error.data['attempts']).toMatchObject([{ code: 'SERVICE_OUTPUT_TOO_LARGE' }]);
  });

  it('waits for a match that its own view of the chain does not show yet', async () => {
    const market = await worldOf({ edges: 1 });
    const [device] = market.devices as [DeviceLife];
    const taskId = `${device.environment.node}${'0'.repeat(23)}9` as Hex;
    const early = ask(
      market,
      device,
      { node: market.edgeKeys[0]?.address } as Match,
      requestFor(taskId, { timeLimitMicros: 5 * SECOND }),
    );
    const { service, latitudeE6, longitudeE6, priceLimitWei } = order;
    market.world.at(
      2 * SECOND,
      () => void device.ports.matches.requestMatch({ taskId, service, latitudeE6, longitudeE6, priceLimitWei }),
    );
    expect(decodeTaskResult(await market.world.run(early)).status).toBe('done');
  });
});

describe('task messages', () => {
  const request = requestFor(`0x${'ab'.repeat(32)}`, { parameters: { peaks: 3 } });
  it('survive encoding', () => {
    expect(decodeTaskRequest(encodeTaskRequest(request))).toEqual(request);
  });
  it.each([
    ['a torn body', encodeTaskRequest(request).subarray(0, 40)],
    ['nothing', new Uint8Array()],
    ['a string', Uint8Array.of(0x83, 1, 2, 3)],
    ['no time', encodeTaskRequest({ ...request, timeLimitMicros: 0 })],
    ['too much time', encodeTaskRequest({ ...request, timeLimitMicros: 61_000_000 })],
    ['a long name', encodeTaskRequest({ ...request, service: 'x'.repeat(129) })],
    ['an oversized body', encodeTaskRequest({ ...request, input: new Uint8Array(1024 * 1024 + 1) })],
    ['oversized parameters', encodeTaskRequest({ ...request, parameters: { long: 'x'.repeat(5000) } })],
  ])('with %s are refused', (_name, bytes) => {
    expect(() => decodeTaskRequest(bytes)).toThrow(expect.objectContaining({ code: 'MESSAGE_MALFORMED' }));
  });
  it('bind a result to its task, input, output, node, status, chain and contract', () => {
    const domain = { chainId: 1, contract: `0x${'11'.repeat(20)}` } as const;
    const key = testKey('edge');
    const inputHash = inputHashOf(request);
    const result = signTaskResult(domain, key, {
      taskId: request.taskId,
      status: 'done',
      mediaType: 'a/b',
      output: Uint8Array.of(1),
      inputHash,
    });
    expect(taskResultIsValid(domain, inputHash, result)).toBe(true);
    const changes = [
      { status: 'rejected' },
      { mediaType: 'a/c' },
      { output: Uint8Array.of(2) },
      { taskId: `0x${'00'.repeat(32)}` },
      { node: testKey('x').address },
    ] as const;
    for (const change of changes) expect(taskResultIsValid(domain, inputHash, { ...result, ...change })).toBe(false);
    expect(taskResultIsValid(domain, inputHashOf({ ...request, parameters: {} }), result)).toBe(false);
    expect(taskResultIsValid({ ...domain, chainId: 2 }, inputHash, result)).toBe(false);
    expect(taskResultIsValid({ ...domain, contract: `0x${'12'.repeat(20)}` }, inputHash, result)).toBe(false);
  });
});
