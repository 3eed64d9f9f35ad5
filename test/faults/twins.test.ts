import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataFeedClient, dataFeedCode, pedalClient, signCreation } from '../../src/contracts/index.ts';
import { type Address, fromHex, lendBlsCurve, toHex } from '../../src/crypto/index.ts';
import { nativeBlsCurve } from '../../src/environment/host/index.ts';
import { memoryTelemetry, type Objects, type Reading, tableObjects } from '../../src/environment/index.ts';
import type { Cluster, Scenario } from '../../src/experiments/index.ts';
import { createTelemetryService, type TelemetryService } from '../../src/node/index.ts';
import {
  EMPTY_EDGE,
  encodeReading,
  formatCheckpoint,
  growTree,
  type ProofBundle,
  parseCheckpoint,
} from '../../src/twins/index.ts';
import { ledgerNode, MINUTE, ON_DEMAND, SECOND, startCluster } from './support/small-cluster.ts';

const SCENARIO: Scenario = {
  ...ON_DEMAND,
  edge: { ...ON_DEMAND.edge, count: 0 },
  devices: { ...ON_DEMAND.devices, count: 0 },
  oracle: { nodes: 5, cores: 4, settings: { termBlocks: 16, electBlocks: 4 } },
};
const OWNER = 'https://owner.example';
const ORIGIN = 'plant-7.example/press';
const TEMPERATURE = { twin: 'press-1', metric: 'temperature' };
const utf8 = new TextEncoder();

beforeAll(() => lendBlsCurve(nativeBlsCurve));
afterAll(() => lendBlsCurve(() => undefined));

/** A company that keeps the readings of its press, and an oracle. */
interface Plant {
  readonly cluster: Cluster;
  readonly telemetry: TelemetryService;
  readonly objects: Objects;
  /** What the owner's address answers from now on. */
  show(bundle: unknown): void;
  /** The owner's honest answer. */
  latest(): Promise<ProofBundle>;
}

async function startPlant(): Promise<Plant> {
  const cluster = await startCluster(SCENARIO);
  const { world } = cluster;
  const pedal = pedalOf(cluster);
  await world.runUntil(() => cluster.running('oracle').every(({ keeper }) => keeper.seat?.record.inSet === true), 5 * MINUTE);
  const term = await world.run(pedal.currentTerm());
  await world.runUntil(() => owner(cluster).ledger.head.number >= Number(term + 1n) * 16 + 4, 20 * MINUTE);
  const full = owner(cluster);
  const environment = { ...full.environment, telemetry: memoryTelemetry() };
  const objects = tableObjects(await world.run(environment.disk.table('telemetry-objects')));
  const telemetry = await world.run(createTelemetryService({ origin: ORIGIN }, { environment, full, objects }));
  let shown: unknown;
  world.outside.publish(`${OWNER}/api/telemetry/bundle?twin=press-1&metric=temperature`, () =>
    shown === undefined ? { failure: 'refused' } : { content: JSON.stringify(shown) },
  );
  return {
    cluster,
    telemetry,
    objects,
    show(bundle) {
      shown = bundle;
    },
    latest: () => world.run(telemetry.prove(TEMPERATURE)),
  };
}

function owner(cluster: Cluster) {
  return ledgerNode(cluster, 'company-1').full;
}

function pedalOf(cluster: Cluster) {
  return pedalClient(ledgerNode(cluster, 'company-2').full.client);
}

function reading(cluster: Cluster, value: number): Reading {
  return { ...TEMPERATURE, timeMs: Math.floor(cluster.world.now / 1000), value };
}

function specOf(cluster: Cluster, change: object = {}): string {
  const author = owner(cluster).client.account;
  return JSON.stringify({ source: { kind: 'twin', url: OWNER, author, ...TEMPERATURE, ...change }, decimals: 1 });
}

/** Asks in the name of another company; resolves when the request is over. */
async function answered(cluster: Cluster, spec: string) {
  const { world } = cluster;
  const pedal = pedalOf(cluster);
  const expiresAt = BigInt(Math.floor(world.now / SECOND) + 60);
  const { id } = await world.run(
    pedal.request({ job: 'data', spec: toHex(utf8.encode(spec)), expiresAt, depositWei: 10n ** 13n }),
  );
  for (let tries = 0; tries < 400; tries++) {
    const { state, reason } = await world.run(pedal.requestOf(id));
    if (state !== 'pending') {
      const result = state === 'answered' ? BigInt(await world.run(pedal.resultOf(id))) : undefined;
      return { state, reason, result };
    }
    await world.runFor(SECOND / 4);
  }
  return expect.fail('the request never ended');
}

/** Machine readings on the ledger, and the owner's proof of the latest. */
async function logged(plant: Plant, values: readonly number[]): Promise<ProofBundle> {
  const { cluster, telemetry } = plant;
  for (const value of values) {
    await cluster.world.run(telemetry.add([reading(cluster, value)]));
    await cluster.world.runFor(SECOND / 10);
  }
  await cluster.world.run(telemetry.flush());
  return plant.latest();
}

describe('the readings of a twin', () => {
  it('come to a contract that asks the oracle for them', async () => {
    const plant = await startPlant();
    const { cluster } = plant;
    const { world } = cluster;
    plant.show(await logged(plant, [20.5, 21, 21.5]));
    const { client, setup, rpc } = ledgerNode(cluster, 'company-2').full;
    const code = dataFeedCode({
      job: 'data',
      spec: toHex(utf8.encode(specOf(cluster, { maxAgeMs: 3_600_000 }))),
      description: 'press 1',
      decimals: 1,
      heartbeatSeconds: 60,
      deviationPpm: 10_000,
      requestSeconds: 60,
    });
    const ask = async (method: string, ...parameters: unknown[]) => world.run(rpc.call(method, parameters));
    const nonce = BigInt((await ask('eth_getTransactionCount', setup.key.address, 'pending')) as string);
    const { chainId } = cluster.genesis;
    const { raw, hash } = signCreation({ chainId, nonce, gas: 8_000_000n, value: 0n, data: code }, setup.key);
    await ask('eth_sendRawTransaction', raw);
    const { contractAddress: address } = (await ask('treadle_awaitReceipt', hash, 30_000)) as { contractAddress: Address };
    await world.run(client.transact({ to: address, value: 10n ** 15n }));
    const feed = dataFeedClient(client, address);
    await world.run(feed.poll());
    for (let tries = 0; tries < 200 && (await world.run(feed.latestRound())) === 0n; tries++) await world.runFor(SECOND / 4);
    expect(await world.run(feed.latestRoundData())).toMatchObject({ roundId: 1n, answer: 215n });
  });

  it('are refused once the owner altered them, however well', async () => {
    const plant = await startPlant();
    const { cluster, objects } = plant;
    const honest = await logged(plant, [20.5, 99, 21.5]);
    plant.show(honest);
    expect(await answered(cluster, specOf(cluster))).toMatchObject({ state: 'answered', result: 215n });
    const refused = { state: 'failed', reason: 'invalidData' };

    // The value alone.
    plant.show({ ...honest, reading: { ...honest.reading, value: 25 } });
    expect(await answered(cluster, specOf(cluster))).toMatchObject(refused);

    // The whole log anew, without a fault of its own; the ledger has another one.
    const forged = forge(honest, 25);
    plant.show(forged);
    expect(await answered(cluster, specOf(cluster))).toMatchObject(refused);

    // An earlier state of the log.
    plant.show(honest);
    const later = await logged(plant, [30]);
    expect(await answered(cluster, specOf(cluster))).toMatchObject(refused);

    // What the ledger has is answered again, and nothing of somebody else's.
    plant.show(later);
    expect(await answered(cluster, specOf(cluster))).toMatchObject({ state: 'answered', result: 300n });
    const author = ledgerNode(cluster, 'company-3').full.client.account;
    expect(await answered(cluster, specOf(cluster, { author }))).toMatchObject(refused);
    expect(await answered(cluster, specOf(cluster, { maxAgeMs: 1 }))).toMatchObject(refused);

    // The owner's node itself, with an altered file.
    const { size } = parseCheckpoint(later.checkpoint);
    const path = `tile/entries/000.p/${size}`;
    const entries = (await cluster.world.run(objects.get(path))) ?? expect.fail('there are no entries');
    const altered = entries.slice();
    altered[altered.length - 2] = (altered.at(-2) as number) ^ 1;
    await cluster.world.run(objects.put(new Map([[path, altered]])));
    plant.show(await plant.latest());
    expect(await answered(cluster, specOf(cluster))).toMatchObject(refused);
  });

  it('may be late: a node that has not seen the checkpoint yet looks again', async () => {
    const plant = await startPlant();
    const { cluster } = plant;
    plant.show(await logged(plant, [20.5]));
    const old = await plant.latest();
    const fresh = await logged(plant, [22]);
    plant.show(old);
    const asked = answered(cluster, specOf(cluster));
    plant.show(fresh);
    expect(await asked).toMatchObject({ state: 'answered', result: 220n });
  });
});

/** A log of one reading, right in itself. */
function forge(honest: ProofBundle, value: number): ProofBundle {
  const reading = { ...honest.reading, value };
  const { root } = growTree(EMPTY_EDGE, [encodeReading({ reading, salt: fromHex(honest.salt) })]);
  return { ...honest, reading, index: 0, inclusion: [], checkpoint: formatCheckpoint({ origin: ORIGIN, size: 1, root }) };
}
