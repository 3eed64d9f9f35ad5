import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pedalClient } from '../../src/contracts/index.ts';
import { fromHex, keyFrom, lendBlsCurve, sha256, toHex } from '../../src/crypto/index.ts';
import { nativeBlsCurve } from '../../src/environment/host/index.ts';
import { jsonAnswer } from '../../src/environment/sim/index.ts';
import type { Cluster, Scenario } from '../../src/experiments/index.ts';
import { openAnswer } from '../../src/oracle/index.ts';
import { ledgerNode, MINUTE, ON_DEMAND, SECOND, startCluster } from './support/small-cluster.ts';

const ORACLES = 5;
const SCENARIO: Scenario = {
  ...ON_DEMAND,
  edge: { ...ON_DEMAND.edge, count: 0 },
  devices: { ...ON_DEMAND.devices, count: 0 },
  oracle: { nodes: ORACLES, cores: 4, settings: { termBlocks: 16, electBlocks: 4 } },
};
const URL = 'https://plant.example/oven';
const utf8 = new TextEncoder();

beforeAll(() => lendBlsCurve(nativeBlsCurve));
afterAll(() => lendBlsCurve(() => undefined));

/** A consortium whose oracle nodes are all in the set of the present term, and past its election. */
async function startOracle(scenario = SCENARIO): Promise<Cluster> {
  const cluster = await startCluster(scenario);
  const pedal = pedalOf(cluster);
  await cluster.world.runUntil(
    () => cluster.running('oracle').every((node) => node.keeper.seat?.record.inSet === true),
    5 * MINUTE,
  );
  const now = await cluster.world.run(pedal.currentTerm());
  await cluster.world.runUntil(
    () => ledgerNode(cluster, 'company-1').full.ledger.head.number >= Number(now + 1n) * 16 + 4,
    20 * MINUTE,
  );
  return cluster;
}

function pedalOf(cluster: Cluster) {
  return pedalClient(ledgerNode(cluster, 'company-1').full.client);
}

async function ask(cluster: Cluster, spec: string, lifeSeconds = 60): Promise<bigint> {
  const [id] = await askMany(cluster, [spec], lifeSeconds);
  return id as bigint;
}

async function askMany(cluster: Cluster, specs: readonly string[], lifeSeconds: number): Promise<readonly bigint[]> {
  const expiresAt = BigInt(Math.floor(cluster.world.now / SECOND) + lifeSeconds);
  const pedal = pedalOf(cluster);
  const asked = specs.map((spec) =>
    pedal.request({ job: 'data', spec: toHex(utf8.encode(spec)), expiresAt, depositWei: 10n ** 13n }),
  );
  return (await cluster.world.run(Promise.all(asked))).map(({ id }) => id);
}

async function ended(cluster: Cluster, id: bigint) {
  const pedal = pedalOf(cluster);
  for (let tries = 0; tries < 400; tries++) {
    const record = await cluster.world.run(pedal.requestOf(id));
    if (record.state !== 'pending') return record;
    await cluster.world.runFor(SECOND / 4);
  }
  throw new Error('the request never ended');
}

/** The result of a request as a signed number. */
async function numberOf(cluster: Cluster, id: bigint): Promise<bigint> {
  return BigInt.asIntN(256, BigInt(await cluster.world.run(pedalOf(cluster).resultOf(id))));
}

/** The seat of the oracle node that leads now. */
async function masterSeat(cluster: Cluster): Promise<string> {
  const pedal = pedalOf(cluster);
  const master = await cluster.world.run(pedal.currentTerm().then((term) => pedal.masterOf(term)));
  const [seat] = [...cluster.seats.values()].filter(({ setup }) => setup.key.address === master);
  return seat?.name ?? 'nobody';
}

function oracleSeats(cluster: Cluster): readonly string[] {
  return [...cluster.seats.values()].filter(({ setup }) => setup.file.role === 'oracle').map(({ name }) => name);
}

describe('the oracle', () => {
  it('brings what a source says, in less than three seconds', async () => {
    const cluster = await startOracle();
    cluster.world.outside.publish(URL, jsonAnswer({ celsius: 21.5 }));
    const began = cluster.world.now;
    const id = await ask(cluster, `${URL} $.celsius number:2`);
    const record = await ended(cluster, id);
    expect(record).toMatchObject({ state: 'answered', reason: 'none' });
    expect(await numberOf(cluster, id)).toBe(2150n);
    expect(cluster.world.now - began).toBeLessThan(3 * SECOND);
  });

  it('answers with the median when a third of a group lies, and tells of outliers', async () => {
    const cluster = await startOracle();
    const liar = cluster.id(oracleSeats(cluster)[0] as string);
    cluster.world.outside.publish(URL, (node) => jsonAnswer({ celsius: node === liar ? 9_000 : -4.25 }));
    const spec = { source: { kind: 'http', url: URL }, select: '$.celsius', decimals: 2, details: true };
    const id = await ask(cluster, JSON.stringify(spec));
    expect(await ended(cluster, id)).toMatchObject({ state: 'answered' });
    const words = fromHex(await cluster.world.run(pedalOf(cluster).resultOf(id)));
    const word = (at: number) => BigInt.asIntN(256, BigInt(toHex(words.subarray(32 * at, 32 * at + 32))));
    expect(word(0)).toBe(-425n);
    expect(word(1)).toBeGreaterThanOrEqual(3n);
    // The liar may be the master, who does not observe.
    expect([0n, 1n]).toContain(word(2));
    expect(word(3)).toBe(-425n);
  });

  it('agrees on exact content although whoever leads saw something else', async () => {
    const cluster = await startOracle();
    const liar = cluster.id(await masterSeat(cluster));
    cluster.world.outside.publish(URL, (node) => jsonAnswer(node === liar ? { part: 'B' } : { name: 'ö', part: 'A' }));
    const id = await ask(cluster, JSON.stringify({ source: { kind: 'http', url: URL }, as: 'json' }));
    expect(await ended(cluster, id)).toMatchObject({ state: 'answered' });
    expect(new TextDecoder().decode(fromHex(await cluster.world.run(pedalOf(cluster).resultOf(id))))).toBe(
      '{"name":"ö","part":"A"}',
    );
  });

  it('reads a large source as often as needed, and once more when somebody saw something else', async () => {
    const cluster = await startOracle();
    const { outside } = cluster.world;
    const content = 'x'.repeat(500_000);
    outside.publish(URL, { content });
    const spec = JSON.stringify({ source: { kind: 'http', url: URL }, as: 'digest' });
    const first = await ask(cluster, spec);
    expect(await ended(cluster, first)).toMatchObject({ state: 'answered' });
    expect(outside.reads).toBe(3);
    const digest = fromHex(await cluster.world.run(pedalOf(cluster).resultOf(first)));
    expect(digest.subarray(0, 32)).toEqual(sha256(utf8.encode(content)));
    const liars = new Set<string>();
    outside.publish(URL, (node) => {
      if (liars.size === 0) liars.add(node);
      return liars.has(node) ? { content: 'a lie' } : undefined;
    });
    const second = await ask(cluster, spec);
    expect(await ended(cluster, second)).toMatchObject({ state: 'answered' });
    expect(outside.reads).toBe(3 + 4);
    expect(fromHex(await cluster.world.run(pedalOf(cluster).resultOf(second)))).toEqual(digest);
  });

  it('seals an answer for whoever asked', async () => {
    const cluster = await startOracle();
    cluster.world.outside.publish(URL, jsonAnswer({ celsius: 3 }));
    const reader = keyFrom(new Uint8Array(32).fill(7));
    const spec = { source: { kind: 'http', url: URL }, select: '$.celsius', as: 'text', encryptTo: toHex(reader.publicKey) };
    const id = await ask(cluster, JSON.stringify(spec));
    expect(await ended(cluster, id)).toMatchObject({ state: 'answered' });
    const sealed = fromHex(await cluster.world.run(pedalOf(cluster).resultOf(id)));
    expect(new TextDecoder().decode(openAnswer(sealed, reader.privateKey))).toBe('3');
    expect(() => openAnswer(sealed, new Uint8Array(32).fill(8))).toThrow(
      expect.objectContaining({ code: 'ORACLE_SEAL_INVALID' }),
    );
  });

  it('answers many requests in few transactions', async () => {
    const cluster = await startOracle();
    cluster.world.outside.publish('https://plant.example/*', (_node, source) =>
      jsonAnswer({ n: Number(source.kind === 'http' ? source.url.split('/').at(-1) : Number.NaN) }),
    );
    const specs = Array.from({ length: 40 }, (_, at) => `https://plant.example/${at} $.n`);
    const ids = await askMany(cluster, specs, 60);
    for (const [at, id] of ids.entries()) {
      expect(await ended(cluster, id)).toMatchObject({ state: 'answered' });
      expect(await numberOf(cluster, id)).toBe(BigInt(at));
    }
    const answers = cluster.running('oracle').reduce((sum, { oracle }) => sum + oracle.rounds.length, 0);
    expect(answers).toBeLessThan(20);
  });

  it.each([
    ['that says nothing', 'no specification', 'invalidSpec'],
    ['for what is no number', `${URL} $.name`, 'invalidData'],
    ['for a path that selects nothing', `${URL} $.nothing`, 'invalidData'],
    ['for a source that is forbidden', 'https://forbidden.example/ $.celsius', 'notAllowed'],
  ])('ends a request %s at once, and the deposit comes back', async (_what, spec, reason) => {
    const cluster = await startOracle();
    cluster.world.outside.publish(URL, jsonAnswer({ name: 'oven' }));
    cluster.world.outside.publish('https://forbidden.example/*', { failure: 'notAllowed' });
    const began = cluster.world.now;
    const id = await ask(cluster, spec);
    expect(await ended(cluster, id)).toMatchObject({ state: 'failed', reason });
    expect(cluster.world.now - began).toBeLessThan(5 * SECOND);
    const { account } = ledgerNode(cluster, 'company-1').full.client;
    expect(await cluster.world.run(pedalOf(cluster).owedTo(account as `0x${string}`))).toBeGreaterThan(0n);
  });

  it('tries again while a source is down, and says so on the ledger; the answer comes when it is back', async () => {
    const cluster = await startOracle();
    const id = await ask(cluster, `${URL} $.celsius`, 600);
    await cluster.world.runFor(40 * SECOND);
    expect(await cluster.world.run(pedalOf(cluster).explain(id))).toMatchObject({ state: 'pending', lastAttempt: 'sourceSlow' });
    cluster.world.outside.publish(URL, jsonAnswer({ celsius: 1 }));
    expect(await ended(cluster, id)).toMatchObject({ state: 'answered' });
  });

  it('gives up in time when a source stays down', async () => {
    const cluster = await startOracle();
    const id = await ask(cluster, `${URL} $.celsius`, 60);
    const began = cluster.world.now;
    expect(await ended(cluster, id)).toMatchObject({ state: 'failed', reason: 'sourceUnreachable' });
    expect(cluster.world.now - began).toBeGreaterThan(35 * SECOND);
  });

  it('answers by a work node when the master is gone, and replaces it when it stays silent', async () => {
    const cluster = await startOracle();
    cluster.world.outside.publish(URL, jsonAnswer({ celsius: 5 }));
    const master = await masterSeat(cluster);
    cluster.crash(master);
    const id = await ask(cluster, `${URL} $.celsius`, 600);
    expect(await ended(cluster, id)).toMatchObject({ state: 'answered' });
    cluster.restart(master);
    const later = await ask(cluster, `${URL} $.celsius`, 600);
    expect(await ended(cluster, later)).toMatchObject({ state: 'answered' });
  });

  it('lets a request expire when too few nodes are left, and answers the next one when they are back', async () => {
    const cluster = await startOracle();
    cluster.world.outside.publish(URL, jsonAnswer({ celsius: 5 }));
    const gone = oracleSeats(cluster).slice(0, 3);
    for (const name of gone) cluster.crash(name);
    const id = await ask(cluster, `${URL} $.celsius`, 30);
    expect(await ended(cluster, id)).toMatchObject({ state: 'expired' });
    for (const name of gone) cluster.restart(name);
    const later = await ask(cluster, `${URL} $.celsius`, 600);
    expect(await ended(cluster, later)).toMatchObject({ state: 'answered' });
  });

  it('goes on after everybody was restarted in the middle of a round', async () => {
    const cluster = await startOracle();
    cluster.world.outside.publish(URL, jsonAnswer({ celsius: 5 }, { delayMicros: 500_000 }));
    const id = await ask(cluster, `${URL} $.celsius`, 600);
    await cluster.world.runFor(SECOND / 4);
    for (const name of cluster.seats.keys()) cluster.crash(name);
    for (const name of cluster.seats.keys()) cluster.restart(name);
    await cluster.world.runUntil(() => [...cluster.seats.values()].every(({ node }) => node !== undefined), 5 * MINUTE);
    expect(await ended(cluster, id)).toMatchObject({ state: 'answered' });
    expect(await numberOf(cluster, id)).toBe(5n);
  });

  it('does not answer twice, and pays everybody who worked', async () => {
    const cluster = await startOracle();
    cluster.world.outside.publish(URL, jsonAnswer({ celsius: 5 }));
    const id = await ask(cluster, `${URL} $.celsius`);
    await ended(cluster, id);
    await cluster.world.runFor(30 * SECOND);
    const pedal = pedalOf(cluster);
    const owed = await cluster.world.run(Promise.all(cluster.running('oracle').map(({ id: account }) => pedal.owedTo(account))));
    expect(owed.filter((wei) => wei > 0n).length).toBeGreaterThanOrEqual(4);
    expect(owed.reduce((sum, wei) => sum + wei, 0n)).toBe(10n ** 13n);
  });
});
