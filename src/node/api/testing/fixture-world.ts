import type { Address, Hex } from '../../../crypto/index.ts';
import { oddities, runChannel } from './fixture-channels.ts';
import { accountOf, createFixtureConsortium, type FixtureConsortium, fixtureKey } from './fixture-consortium.ts';
import { bytes32, CONTRACTS, callData, eventLog } from './fixture-events.ts';
import { laneStory } from './fixture-lanes.ts';
import { createFixtureLedger, type FixtureLedger, type FixtureTransaction } from './fixture-ledger.ts';
import { createFixtureOracle, type FixtureOracle } from './fixture-oracle.ts';
import { DAY_MS, type FixtureNode, type FixtureOptions, type Making, type Random, type Timed } from './fixture-story.ts';

/** A consortium with a past: fifteen days of tasks and channels, denser towards the end. */
export interface FixtureWorld {
  readonly ledger: FixtureLedger;
  readonly consortium: FixtureConsortium;
  /** Absent unless the options ask for it. */
  readonly oracle: FixtureOracle | undefined;
  /** Appends a block in which one more device is matched; returns the task's id. */
  grow(timestampMs: number): Hex;
}

const SERVICES = ['vibration.spectrum', 'image.classify'];
const AMONG = 8;
const BLOCK_TRANSACTIONS = 60;
const BLOCK_MS = 2_000;
/** Melbourne, where the public edge data set lies. */
const CENTRE_E6 = { latitudeE6: -37_814_000, longitudeE6: 144_963_000 };

export function createFixtureWorld(options: FixtureOptions): FixtureWorld {
  const random = createRandom();
  const startMs = options.endMs - 15 * DAY_MS;
  const consortium = createFixtureConsortium(
    4,
    Array.from({ length: 5 }, (_, at) => accountOf(`edge ${at + 1}`)),
  );
  const oracle = options.oracle === true ? createFixtureOracle(options.endMs) : undefined;
  const ledger = createFixtureLedger(consortium.sealers, startMs, oracle?.answer);
  const nodes = makeNodes(options.edgeNodes, consortium, random);
  const timed = [
    ...registerNodes(nodes, startMs),
    ...registerDevices(options.devices, consortium, startMs),
    ...Array.from({ length: options.tasks }, (_, at) => runTask(at, { options, nodes, random })).flat(),
    ...Array.from({ length: options.channels }, (_, at) => runChannel(at, { options, nodes, consortium, random })).flat(),
    ...oddities(options.endMs, consortium),
    ...(oracle?.transactions ?? []),
    ...(oracle === undefined ? [] : laneStory(options.endMs)),
  ];
  appendAll(ledger, timed, options.endMs);
  ledger.addPending(fixtureKey('a'), consortium.proxy);
  ledger.addPending(fixtureKey('b'), consortium.proxy);

  let grown = options.tasks;
  return {
    ledger,
    consortium,
    oracle,
    grow(timestampMs) {
      const at = grown++;
      const device = accountOf(`device ${at % options.devices}`);
      const place = around(random, 30_000);
      const id = taskId(device, at);
      ledger.append({
        timestampMs,
        transactions: [matchTransaction({ id, device, place, service: bytes32(SERVICES[0] as string), nodes, attempt: 1 })],
      });
      return id;
    },
  };
}

/** A small generator of its own, so that a fixture is the same in every run. */
function createRandom(): Random {
  let state = 0x2545f491;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

interface Place {
  readonly latitudeE6: number;
  readonly longitudeE6: number;
}

function around(random: Random, spreadE6: number): Place {
  const bell = (): number => random() + random() + random() - 1.5;
  return {
    latitudeE6: Math.round(CENTRE_E6.latitudeE6 + bell() * spreadE6),
    longitudeE6: Math.round(CENTRE_E6.longitudeE6 + bell() * spreadE6 * 1.3),
  };
}

function makeNodes(count: number, { companies }: FixtureConsortium, random: Random): FixtureNode[] {
  return Array.from({ length: count }, (_, at) => ({
    id: at + 1,
    account: accountOf(`edge ${at + 1}`),
    company: (companies[Math.floor(random() * companies.length)] ?? { account: accountOf('none') }).account,
    ...around(random, count > 1000 ? 200_000 : 40_000),
    capacity: 2 + Math.floor(random() * 7),
    priceWei: BigInt(1 + Math.floor(random() * 900)) * 10n ** 12n,
    services: random() < 0.4 ? SERVICES.map(bytes32) : [bytes32(SERVICES[0] as string)],
  }));
}

function registerNodes(nodes: readonly FixtureNode[], startMs: number): Timed[] {
  return nodes.map((node) => {
    const { latitudeE6, longitudeE6, capacity, priceWei, services } = node;
    const offer = { latitudeE6, longitudeE6, capacity, priceWei, services };
    return {
      atMs: startMs + 60_000 + node.id * 40,
      from: node.company,
      to: CONTRACTS.registry.address,
      data: callData('registry', 'addNode', [{ node: node.account, ...offer }]),
      logs: [eventLog('registry', 'NodeAdded', { nodeId: BigInt(node.id), node: node.account, company: node.company, ...offer })],
    };
  });
}

function registerDevices(count: number, { companies }: FixtureConsortium, startMs: number): Timed[] {
  return Array.from({ length: count }, (_, at) => {
    const observer = accountOf(`device ${at}`);
    const company = (companies[at % companies.length] ?? { account: accountOf('none') }).account;
    const certificate = {
      observer,
      role: 1,
      company,
      expiresAt: BigInt(Math.floor(startMs / 1000) + 31_536_000),
      serial: bytes32(`serial ${at}`),
    };
    return {
      atMs: startMs + 30_000 + at * 20,
      from: observer,
      to: CONTRACTS.consortium.address,
      data: callData('consortium', 'registerObserver', [certificate, `0x${'11'.repeat(65)}`]),
      logs: [eventLog('consortium', 'ObserverRegistered', certificate)],
    };
  });
}

function taskId(device: Address, at: number): Hex {
  return `${device}${at.toString(16).padStart(24, '0')}`;
}

/** Two of five over all days, the rest in the last hours and minutes: every chart has something to show. */
function taskTime({ options, random }: Making): number {
  const share = random();
  const spanMs = share < 0.4 ? 14.9 * DAY_MS : share < 0.75 ? 15 * 3_600_000 : 15 * 60_000;
  return options.endMs - 4_000 - Math.floor(random() * spanMs);
}

function runTask(at: number, making: Making): Timed[] {
  const { options, nodes, random } = making;
  const device = accountOf(`device ${at % options.devices}`);
  const place = around(random, 60_000);
  const id = taskId(device, at);
  const atMs = taskTime(making);
  const service = bytes32(SERVICES[at % 7 === 0 ? 1 : 0] as string);
  const fate = random();
  if (fate < 0.03 || nodes.length === 0) {
    const data = callData('registry', 'requestMatch', [id, place.latitudeE6, place.longitudeE6, service, 10n ** 11n]);
    return [
      {
        atMs,
        from: device,
        to: CONTRACTS.registry.address,
        data,
        logs: [eventLog('registry', 'NotMatched', { taskId: id, device, reason: 1 + (at % 3) })],
      },
    ];
  }
  const request = { id, device, place, service, nodes, attempt: 1 };
  const first: Timed = { atMs, ...matchTransaction(request) };
  const chosen = nearest(nodes, place)[0] as FixtureNode;
  if (fate < 0.07) {
    const again = matchTransaction({ ...request, attempt: 2, skip: chosen.id });
    const failed = eventLog('registry', 'TaskFailed', { taskId: id, nodeId: BigInt(chosen.id), attempt: 1n, why: 2 });
    if (fate < 0.05) {
      const logs = [failed, eventLog('registry', 'NotMatched', { taskId: id, device, reason: 2 })];
      return [
        first,
        {
          atMs: atMs + 3_000,
          from: device,
          to: CONTRACTS.registry.address,
          data: callData('registry', 'reportFailure', [id, 2]),
          logs,
        },
      ];
    }
    const second = nearest(nodes, place, chosen.id)[0] as FixtureNode;
    const report = { ...again, data: callData('registry', 'reportFailure', [id, 2]), logs: [failed, ...(again.logs ?? [])] };
    return [first, { atMs: atMs + 3_000, ...report }, completion(id, second, atMs + 5_000)];
  }
  if (fate < 0.08) {
    const logs = [eventLog('registry', 'TaskExpired', { taskId: id, nodeId: BigInt(chosen.id) })];
    const data = callData('registry', 'expire', [[id]]);
    return [
      first,
      { atMs: Math.min(atMs + 620_000, options.endMs - 1_000), from: chosen.company, to: CONTRACTS.registry.address, data, logs },
    ];
  }
  const doneMs = atMs + 1_500 + Math.floor(random() * 4_000);
  return doneMs > options.endMs - 3_000 ? [first] : [first, completion(id, chosen, doneMs)];
}

interface MatchFields {
  readonly id: Hex;
  readonly device: Address;
  readonly place: Place;
  readonly service: Hex;
  readonly nodes: readonly FixtureNode[];
  readonly attempt: number;
  /** A node that failed before. */
  readonly skip?: number;
}

function matchTransaction({ id, device, place, service, nodes, attempt, skip }: MatchFields): FixtureTransaction {
  const among = nearest(nodes, place, skip);
  const chosen = among[0] as FixtureNode;
  const maxPriceWei = 10n ** 15n;
  const what = {
    taskId: id,
    device,
    nodeId: BigInt(chosen.id),
    node: chosen.account,
    company: chosen.company,
    attempt: BigInt(attempt),
    service,
  };
  const how = {
    maxPriceWei,
    priceWei: chosen.priceWei,
    distanceSquared: squared(chosen, place),
    considered: BigInt(nodes.length > 40 ? 37 : nodes.length),
  };
  return {
    from: device,
    to: CONTRACTS.registry.address,
    data: callData('registry', 'requestMatch', [id, place.latitudeE6, place.longitudeE6, service, maxPriceWei]),
    logs: [eventLog('registry', 'Matched', { ...what, ...place, ...how, among: among.map((node) => node.id) })],
  };
}

function completion(id: Hex, node: FixtureNode, atMs: number): Timed {
  const logs = [eventLog('registry', 'TaskCompleted', { taskId: id, nodeId: BigInt(node.id) })];
  return { atMs, from: node.account, to: CONTRACTS.registry.address, data: callData('registry', 'complete', [[id]]), logs };
}

function squared(node: Place, place: Place): bigint {
  return BigInt(node.latitudeE6 - place.latitudeE6) ** 2n + BigInt(node.longitudeE6 - place.longitudeE6) ** 2n;
}

/** The nearest nodes by the contract's measure, at most as many as a match names. */
function nearest(nodes: readonly FixtureNode[], place: Place, skip?: number): FixtureNode[] {
  const best: { readonly node: FixtureNode; readonly square: number }[] = [];
  for (const node of nodes) {
    const square = (node.latitudeE6 - place.latitudeE6) ** 2 + (node.longitudeE6 - place.longitudeE6) ** 2;
    if (node.id === skip || (best.length === AMONG && square >= (best[AMONG - 1]?.square ?? 0))) continue;
    const at = best.findIndex((other) => square < other.square);
    best.splice(at < 0 ? best.length : at, 0, { node, square });
    if (best.length > AMONG) best.pop();
  }
  return best.map(({ node }) => node);
}

/** Blocks as they would have come: full ones while much happens, a heartbeat now and then, the last ones close together. */
function appendAll(ledger: FixtureLedger, transactions: readonly Timed[], endMs: number): void {
  const sorted = [...transactions].sort((left, right) => left.atMs - right.atMs);
  let from = 0;
  while (from < sorted.length) {
    const firstMs = (sorted[from] as Timed).atMs;
    let to = from;
    while (to < sorted.length && to - from < BLOCK_TRANSACTIONS && (sorted[to] as Timed).atMs < firstMs + BLOCK_MS) to += 1;
    const timestampMs = Math.max(ledger.head.timestampMs, (sorted[to - 1] as Timed).atMs);
    ledger.append({ timestampMs, transactions: sorted.slice(from, to) });
    if (ledger.head.number % 20 === 0) ledger.append({ timestampMs, transactions: [] });
    from = to;
  }
  ledger.append({ timestampMs: endMs, transactions: [] });
}
