import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { bearingDataset, type Dataset, loadDataset } from '../../datasets/index.ts';
import { allEngines } from '../../engine/testing/engines.ts';
import { PRE_AGGREGATORS, STRATEGIES } from '../aggregation/catalogue.ts';
import { ATTACKS } from '../attacks/catalogue.ts';
import { readPluginChoice } from '../plugin.ts';
import { checkRecordChain } from '../round/record-chain.ts';
import type { RoundRecord } from '../round/round-record.ts';
import { BLOB_CLASSES, BLOB_FEATURES, blobs } from '../testing/blobs.ts';
import { digestOfWeights } from '../weights.ts';
import { JobWorker } from './job.ts';
import { firstWeights, learn, trainingName } from './learning-run.ts';
import { networkFor, prepareRunData, usualNetwork } from './run-data.ts';
import { checkPlan, clientName, type RunPlan } from './run-plan.ts';
import { activeClients, maliciousClients } from './run-round.ts';
import { verifyRound } from './verify-run.ts';

const engine = allEngines().simd;

const toSet = (count: number, seed: string) => {
  const { inputs, labels } = blobs(count, seed);
  return { count, values: inputs, labels };
};
const DATASET: Dataset = {
  name: 'blobs',
  sampleShape: [1, BLOB_FEATURES],
  classNames: Array.from({ length: BLOB_CLASSES }, (_, at) => `class ${at}`),
  train: toSet(1000, 'train'),
  test: toSet(600, 'test'),
};

interface Choices extends Partial<Omit<RunPlan, 'strategy' | 'attack' | 'before'>> {
  readonly strategy?: string;
  readonly before?: readonly string[];
  readonly attack?: string;
}

function planOf({ strategy = 'fedavg', before = [], attack, ...rest }: Choices = {}): RunPlan {
  return checkPlan({
    ...{ dataset: 'blobs', network: 'mlp', clients: 20, active: 10, rounds: 3, seed: 'a', fastMath: false },
    partition: { kind: 'iid', alpha: 0.5 },
    training: { epochs: 2, batchSize: 10, optimiser: { type: 'sgd', learningRate: 0.05 } },
    ...{ maliciousShare: attack === undefined ? 0 : 0.3, judgeShare: 1 / 3, rootSamples: 40 },
    strategy: readPluginChoice(strategy, STRATEGIES),
    before: before.map((each) => readPluginChoice(each, PRE_AGGREGATORS)),
    ...(attack !== undefined && { attack: readPluginChoice(attack, ATTACKS) }),
    ...rest,
  });
}

async function train(plan: RunPlan, dataset = DATASET, stopAfter = plan.rounds) {
  const data = prepareRunData(dataset, plan);
  const runner = new JobWorker(engine, data);
  const first = firstWeights(engine, plan, data);
  const records: RoundRecord[] = [];
  const models = [first];
  for await (const { record, weights } of learn({ plan, data, runner }, { round: 0, weights: first })) {
    records.push(record);
    models.push(weights);
    if (records.length === stopAfter) break;
  }
  return { data, runner, first, records, models, last: records.at(-1) as RoundRecord };
}

describe('a run', () => {
  it('learns, the same bits every time, and its records follow from one another', async () => {
    const plan = planOf();
    const { records, last, first, data } = await train(plan);
    expect(last.metrics.accuracy).toBeGreaterThan(0.9);
    expect(last.accepted).toHaveLength(10);
    checkRecordChain(records, { training: trainingName(plan, data), first: digestOfWeights(first) });
    expect((await train(plan)).records).toEqual(records);
    expect((await train(planOf({ seed: 'b' }))).last.digest).not.toBe(last.digest);
  });

  it('goes on where it was stopped', async () => {
    const plan = planOf();
    const whole = await train(plan);
    const { data, runner, records, models } = await train(plan, DATASET, 1);
    for await (const { record } of learn({ plan, data, runner }, { round: 1, weights: models[1] as Float32Array }))
      records.push(record);
    expect(records).toEqual(whole.records);
  });

  it('asks clients by the seed, and keeps judging and measuring apart', async () => {
    const plan = planOf();
    expect(activeClients(plan, 1)).toEqual(activeClients(plan, 1));
    expect(activeClients(plan, 1)).not.toEqual(activeClients(plan, 2));
    expect(maliciousClients(planOf({ attack: 'sign-flip' })).size).toBe(6);
    const { judge, measure, root } = prepareRunData(DATASET, plan);
    expect([judge.length, measure.length, root.length]).toEqual([200, 400, 40]);
    expect(new Set([...judge, ...measure]).size).toBe(600);
    for (const row of root) expect(judge).toContain(row);
  });

  it.each(STRATEGIES.map(({ name }) => name))('%s learns when nobody lies', async (strategy) => {
    expect((await train(planOf({ strategy }))).last.metrics.accuracy).toBeGreaterThan(0.85);
  });

  it.each(['fedavg', 'pedal', 'median', 'multi-krum'])('%s after clipping, bucketing and mixing', async (strategy) => {
    const plan = planOf({ strategy, before: ['clipping', 'bucketing:size=2', 'nnm:faulty=1'] });
    expect((await train(plan)).last.metrics.accuracy).toBeGreaterThan(0.8);
  });

  it('spoils fedavg by random weights, and none of the others', async () => {
    const attack = 'random-weights';
    const spoilt = (await train(planOf({ attack }))).last.metrics.accuracy;
    expect(spoilt).toBeLessThan(0.6);
    for (const strategy of ['pedal', 'proof', 'median', 'multi-krum', 'geometric-median', 'fltrust', 'centred-clipping']) {
      const plan = planOf({ strategy, attack });
      expect([strategy, (await train(plan)).last.metrics.accuracy > 0.85]).toEqual([strategy, true]);
    }
  });

  it('a tampered upload is rejected, a tampered download makes the client absent', async () => {
    const upload = await train(planOf({ attack: 'tamper-upload' }));
    const download = await train(planOf({ attack: 'tamper-download' }));
    const bad = new Set([...maliciousClients(planOf({ attack: 'tamper-upload' }))].map(clientName));
    for (const { rejected, accepted } of upload.records) {
      for (const { client, reason } of rejected)
        expect([bad.has(client), reason]).toEqual([true, 'what arrived is not what was announced']);
      for (const { client } of accepted) expect(bad.has(client)).toBe(false);
    }
    expect(upload.records.flatMap(({ rejected }) => rejected).length).toBeGreaterThan(3);
    for (const { absent } of download.records) for (const { client } of absent) expect(bad.has(client)).toBe(true);
    expect(download.records.flatMap(({ absent }) => absent).length).toBeGreaterThan(3);
  });

  it('measures how well a mark works', async () => {
    const before = await train(planOf({ strategy: 'fedavg', attack: 'backdoor:share=0', rounds: 4 }));
    const marked = await train(planOf({ strategy: 'fedavg', attack: 'backdoor:share=1,factor=3', rounds: 4 }));
    expect(before.last.metrics.triggered).toBeLessThan(0.5);
    expect(marked.last.metrics.triggered).toBeGreaterThan((before.last.metrics.triggered ?? 1) + 0.2);
  });

  it('is refused when a rule can never have enough, and keeps the model when too few arrive this time', async () => {
    await expect(train(planOf({ strategy: 'krum:faulty=4' }))).rejects.toMatchObject({
      code: 'FEDERATED_TOO_FEW_CLIENTS',
      data: { need: 11 },
    });
    const plan = planOf({ strategy: 'krum:faulty=3', attack: 'tamper-upload', maliciousShare: 0.9 });
    const { last } = await train(plan, DATASET, 1);
    expect(last.digest).toBe(last.previous);
    expect(last.accepted).toEqual([]);
  });

  it.each([
    [{ active: 30 }, 'active is 30'],
    [{ maliciousShare: 0.1 }, 'no attack'],
    [{ strategy: 'proof', before: ['nnm'] }, 'nnm mixes them'],
    [{ network: 'cifar' }, 'mlp fits any data'],
  ])('%j is refused', async (change, words) => {
    await expect((async () => train(planOf(change)))()).rejects.toThrow(words);
  });
});

describe('verification', () => {
  it('finds every update of honest clients, and names all who lie', async () => {
    for (const { name: attack } of ATTACKS) {
      // Who is tampered with on the line is no liar.
      const lies = !attack.startsWith('tamper');
      const plan = planOf({ strategy: 'pedal', attack, rounds: 2, before: [] });
      const { runner, records, models } = await train(plan);
      const bad = new Set([...maliciousClients(plan)].map(clientName));
      for (const [at, record] of records.entries()) {
        const checks = await verifyRound({ plan, runner }, record, models[at] as Float32Array);
        expect(checks.length).toBe(record.accepted.length + record.rejected.length);
        for (const { client, honest } of checks)
          expect([attack, client, honest]).toEqual([attack, client, !(lies && bad.has(client))]);
      }
    }
  });
});

describe('bearings', () => {
  it('are told apart in nine of ten windows that nobody trained on', async () => {
    const dataset = bearingDataset({ machines: 10, windowsEach: 20 });
    const plan = planOf({
      ...{ dataset: 'bearing', network: usualNetwork('bearing'), strategy: 'fedavg', clients: 10, active: 5, rounds: 10 },
      training: { epochs: 5, batchSize: 10, optimiser: { type: 'sgd', learningRate: 0.05 } },
    });
    const { last } = await train(plan, dataset);
    expect(last.metrics.accuracy).toBeGreaterThan(0.9);
  });
});

describe('networks for data', () => {
  it('are those of the catalogue where they fit', () => {
    const images = { name: 'x', sampleShape: [1, 28, 28], classNames: new Array<string>(10).fill('') };
    expect(networkFor('mnist', images).layers).toHaveLength(8);
    expect(networkFor('mlp', { name: 'x', sampleShape: [1, 1024], classNames: ['a', 'b'] }).input).toEqual({
      channels: 1,
      height: 1,
      width: 1024,
    });
    expect(() => networkFor('mnist', { name: 'x', sampleShape: [24], classNames: ['a', 'b'] })).toThrow(
      'takes 1 x 28 x 28 and x has 24 x 1 x 1 in 2 classes',
    );
    expect(() => networkFor('none', images)).toThrow('There is no network "none"');
  });
});

// Real files are not part of this repository; TREADLE_DATA names the folder that holds them.
const MNIST = path.join(process.env['TREADLE_DATA'] ?? path.resolve(import.meta.dirname, '../../../../../shared/data'), 'mnist');
const isHere = existsSync(MNIST);

describe(`MNIST${isHere ? '' : ' (left out: TREADLE_DATA names no folder)'}`, () => {
  it.runIf(isHere)('is learnt by ten clients in two rounds, in spite of liars', { timeout: 120_000 }, async () => {
    const files = readdirSync(MNIST).map((name) => ({ name, sizeBytes: 0 }));
    const dataset = await loadDataset('mnist', {
      places: async () => [{ folder: MNIST, files }],
      read: async (_, name) => readFileSync(path.join(MNIST, name)),
      fetch: async () => expect.unreachable(),
    });
    const plan = planOf({
      ...{ dataset: 'mnist', network: 'mnist', strategy: 'pedal', attack: 'random-weights', clients: 20, active: 5, rounds: 2 },
      ...{
        trainSamplesMax: 6000,
        testSamplesMax: 1500,
        training: { epochs: 3, batchSize: 10, optimiser: { type: 'sgd', learningRate: 0.02 } },
      },
    });
    expect((await train(plan, dataset)).last.metrics.accuracy).toBeGreaterThan(0.8);
  });
});
