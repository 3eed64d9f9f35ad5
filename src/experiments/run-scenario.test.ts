import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TreadleError } from '../errors.ts';
import { createCluster } from './cluster.ts';
import { commitWatch } from './commit-watch.ts';
import { runScenario } from './run-scenario.ts';
import { loadScenario, type Scenario } from './scenario/index.ts';

const SECOND = 1_000_000;
const TEXT = `
scenario: small
description: for tests
duration: 20 s
ledger: { companies: 3, blockInterval: 500 ms, heartbeat: 5 s, baseTimeout: 2 s }
edge: { count: 2, price: 1000 wei, capacity: 3, placement: grid }
devices: { count: 2, taskInterval: 4 s, maxPrice: 2000 wei, window: { samples: 1024, sampleRate: 3200 Hz } }
payments: { deposit: 1 gwei, edgeDeposit: 10 gwei, challenge: 90 s }
`;

const load = (text: string): Scenario =>
  loadScenario(text, { file: 'small.yaml', readFile: (path) => readFileSync(path, 'utf8') });
const SMALL = load(TEXT);
const wallClock = () => {
  let seconds = 100;
  return () => (seconds += 1.5);
};

describe('a simulated consortium', () => {
  it('is the same for the same seed, keys included, and another for another', () => {
    const ids = (seed: number): readonly string[] => {
      const cluster = createCluster(SMALL, seed);
      return [...cluster.seats.keys()].map((name) => cluster.id(name));
    };
    expect(ids(1)).toEqual(ids(1));
    expect(ids(1).filter((id) => ids(2).includes(id))).toEqual([]);
    expect(createCluster(SMALL, 1).genesis).toEqual(createCluster(SMALL, 1).genesis);
  });

  it('has the seats and the settings of its scenario', () => {
    const { seats, genesis } = createCluster(SMALL, 1);
    expect([...seats.keys()]).toEqual([
      'proxy',
      'company-1',
      'company-2',
      'company-3',
      'centre',
      'edge-1',
      'edge-2',
      'device-1',
      'device-2',
    ]);
    expect(genesis.timing).toEqual({ blockIntervalMs: 500, heartbeatMs: 5_000, baseTimeoutMs: 2_000 });
    const file = (name: string) => seats.get(name)?.setup.file;
    expect(file('proxy')).toMatchObject({ depositWei: '10000000000', challengeSeconds: 90 });
    expect(file('edge-2')).toMatchObject({ edge: { capacity: 3, priceWei: '1000', services: ['vibration.spectrum'] } });
    expect(file('device-1')).toMatchObject({
      device: {
        intervalMs: 4_000,
        maxPriceWei: '2000',
        depositWei: '1000000000',
        challengeSeconds: 90,
        windowSamples: 1024,
        sampleRateHz: 3200,
      },
    });
    for (const [name, { setup }] of seats) {
      expect(setup.certificate === undefined).toBe(name === 'proxy' || name.startsWith('company'));
      for (const { node, addresses } of setup.file.contacts) expect(addresses).toEqual([`sim:${node}`]);
    }
  });

  it('starts everybody, loses and regains whom it is told to, and notes who gave up', async () => {
    let starts = 0;
    const broken = new TreadleError('DISK_LOG_DAMAGED', { detail: 'said by the test' });
    const cluster = createCluster(SMALL, 1, {
      between: (environment, { name }) => {
        if (name === 'company-3' && ++starts > 1) throw broken;
        return environment;
      },
    });
    expect(cluster.running('company')).toEqual([]);
    await cluster.start();
    expect([...cluster.seats.values()].filter(({ node }) => node === undefined)).toEqual([]);
    expect(cluster.running('company').map(({ id }) => id)).toEqual([1, 2, 3].map((at) => cluster.id(`company-${at}`)));
    cluster.crash('company-2');
    expect(cluster.running('company')).toHaveLength(2);
    cluster.restart('company-2');
    await cluster.world.runUntil(() => cluster.running('company').length === 3, 10 * SECOND);
    await cluster.world.runFor(10 * SECOND);
    cluster.crash('company-3');
    cluster.restart('company-3');
    await cluster.world.runUntil(() => cluster.failures.length > 0, 10 * SECOND);
    expect(cluster.failures).toMatchObject([{ name: 'company-3', error: { code: 'DISK_LOG_DAMAGED' } }]);
    expect(() => cluster.crash('company-9')).toThrow(/faults name seats that exist/);
  });

  it('lets somebody stand between a node and its environment, at every start', async () => {
    const starts: string[] = [];
    const cluster = createCluster(SMALL, 1, {
      between: (environment, { name }) => {
        starts.push(name);
        return environment;
      },
    });
    await cluster.start();
    cluster.crash('device-1');
    cluster.restart('device-1');
    await cluster.world.runUntil(() => cluster.seats.get('device-1')?.node !== undefined, SECOND);
    expect(starts.filter((name) => name === 'device-1')).toHaveLength(2);
    expect(new Set(starts)).toEqual(new Set(cluster.seats.keys()));
  });

  it('shows how long transactions wait for their block', async () => {
    const cluster = createCluster(SMALL, 1);
    const watch = commitWatch(cluster);
    await cluster.start();
    expect(watch.latenciesMs).toEqual([]);
    watch.start();
    await cluster.world.run(Promise.all(cluster.running('device').map(({ ready }) => ready)), 60 * SECOND);
    const before = watch.latenciesMs.length;
    const [device] = cluster.running('device');
    await cluster.world.run(device?.runTask() ?? expect.fail('a device is up'));
    const latencies = watch.latenciesMs.slice(before);
    expect(latencies.length).toBeGreaterThan(0);
    for (const latencyMs of latencies) {
      expect(latencyMs).toBeGreaterThan(0);
      expect(latencyMs).toBeLessThan(2_000);
    }
  });
});

describe('a run of a scenario', () => {
  it('reports what it came to', async () => {
    const report = await runScenario(SMALL, { seed: 3, wallSeconds: wallClock() });
    // Two devices with a task every four seconds, for twenty.
    const { requested } = report.tasks;
    expect(requested).toBeGreaterThanOrEqual(9);
    expect(requested).toBeLessThanOrEqual(12);
    const percentiles = { p50: expect.any(Number), p95: expect.any(Number), p99: expect.any(Number), max: expect.any(Number) };
    expect(report).toEqual({
      scenario: 'small',
      seed: 3,
      traceHash: expect.stringMatching(/^(0x)?[0-9a-f]{16,}$/),
      virtualSeconds: expect.any(Number),
      wallSeconds: 1.5,
      ledger: {
        height: expect.any(Number),
        forks: 0,
        viewChanges: 0,
        transactions: expect.any(Number),
        commitLatencyMs: { ...percentiles, count: expect.any(Number) },
      },
      tasks: { requested, completed: requested, failed: 0, latencyMs: { ...percentiles, count: requested }, failures: {} },
      payments: { vouchers: requested, settledWei: expect.any(String), lockedWei: expect.any(String), conserved: true },
      network: { events: expect.any(Number), messages: expect.any(Number), bytes: expect.any(Number) },
    });
    const { ledger, tasks, payments, network, virtualSeconds } = report;
    expect(virtualSeconds).toBeGreaterThan(20);
    expect(ledger.height).toBeGreaterThan(10);
    expect(ledger.transactions).toBeGreaterThan(20);
    for (const { p50, p95, p99, max } of [ledger.commitLatencyMs, tasks.latencyMs]) {
      expect(p50).toBeGreaterThan(0);
      expect([p50, p95, p99, max].toSorted((left, right) => left - right)).toEqual([p50, p95, p99, max]);
    }
    // The devices' channels to the proxy and the proxy's to the edge nodes have each paid out every task once.
    expect(payments.settledWei).toBe((2n * BigInt(requested) * SMALL.edge.priceWei).toString());
    expect(BigInt(payments.lockedWei)).toBeGreaterThan(0n);
    expect(network.events).toBeGreaterThan(network.messages / 10);
    expect(network.bytes).toBeGreaterThan(network.messages);
  });

  it('counts view changes and what went wrong', async () => {
    const scenario = load(`${TEXT}
faults:
  - { at: 2 s, crash: [company-1] }
  - { at: 14 s, restart: [company-1] }
  - { at: 3 s, crash: [edge-1, edge-2] }
`);
    const { ledger, tasks, payments } = await runScenario(scenario, { seed: 3, wallSeconds: wallClock() });
    expect(ledger.viewChanges).toBeGreaterThan(0);
    expect(ledger.forks).toBe(0);
    expect(tasks.failed).toBeGreaterThan(0);
    expect(tasks.requested).toBe(tasks.completed + tasks.failed);
    expect(Object.values(tasks.failures).reduce((sum, count) => sum + count, 0)).toBe(tasks.failed);
    expect(Object.keys(tasks.failures)).toContain('TASK_FAILED');
    expect(payments.conserved).toBe(true);
  });

  it('ends with the name of the node that gave up', async () => {
    const scenario: Scenario = { ...SMALL, edge: { ...SMALL.edge, services: ['image.classify'] } };
    await expect(runScenario(scenario, { seed: 1, wallSeconds: wallClock() })).rejects.toMatchObject({
      code: 'NODE_MISCONFIGURED',
    });
  });
});
