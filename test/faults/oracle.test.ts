import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pedalClient } from '../../src/contracts/index.ts';
import { fromHex, lendBlsCurve, toHex } from '../../src/crypto/index.ts';
import { nativeBlsCurve } from '../../src/environment/host/index.ts';
import { jsonAnswer } from '../../src/environment/sim/index.ts';
import type { Cluster, Scenario } from '../../src/experiments/index.ts';
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
  await cluster.world.runUntil(() => cluster.running('oracle').every((node) => node.keeper.seat?.record.inSet === true), 5 * MINUTE);
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

async function ask(cluster: Cluster, spec: string, lifeSeconds = 60) {
  const seconds = BigInt(Math.floor(cluster.world.now / SECOND));
  const pedal = pedalOf(cluster);
  const { id } = await cluster.world.run(
    pedal.request({ job: 'data', spec: toHex(utf8.encode(spec)), expiresAt: seconds + BigInt(lifeSeconds), depositWei: 10n ** 13n }),
  );
  return id;
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

describe('the oracle', () => {
  it('brings what a source says, in less than three seconds', async () => {
    const cluster = await startOracle();
    cluster.world.outside.publish(URL, jsonAnswer({ celsius: 21.5 }));
    const began = cluster.world.now;
    const id = await ask(cluster, `${URL} $.celsius number:2`);
    const record = await ended(cluster, id);
    console.log(record, (cluster.world.now - began) / 1e6);
    expect(record.state).toBe('answered');
    expect(BigInt(await cluster.world.run(pedalOf(cluster).resultOf(id)))).toBe(2150n);
    expect(fromHex(await cluster.world.run(pedalOf(cluster).resultOf(id)))).toHaveLength(32);
  });
});
