import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readKernelBytes } from '../../learning/engine/testing/engines.ts';
import { isLearningScenario, readLearningScenario } from './read-learning-scenario.ts';
import { learningScenarioReference } from './reference.ts';
import { runLearningScenario } from './run-learning-scenario.ts';
import { learningScenarioSchema } from './schema.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const inRoot = (name: string): string => readFileSync(path.join(root, name), 'utf8');
const read = (text: string) => readLearningScenario(text, { file: 's.yaml' });
const kernels = readKernelBytes();
const run = async (text: string, seed = 1) => {
  const { wallSeconds: _, ...report } = await runLearningScenario(read(text), { seed, kernels, wallSeconds: () => 0 });
  return report;
};
const SMALL = [
  'learningScenario: small',
  'clients: { count: 6, active: 6, quorum: 3, deadline: 20 s }',
  'data: { machines: 6, windows: 4, partition: iid }',
  'training: { rounds: 3, epochs: 10, learningRate: 0.05, strategy: fedavg }',
  'checks: { accuracy: 50 %, liarsTaken: 100 % }',
  '',
].join('\n');

describe('a scenario of learning', () => {
  it('has a default for all but its name, and is told from others by its first key', () => {
    expect(isLearningScenario(SMALL)).toBe(true);
    expect(isLearningScenario(inRoot('scenarios/pedal.yaml'))).toBe(false);
    expect(read('learningScenario: x\n')).toMatchObject({
      clients: { count: 12, active: 9, quorum: 5, deadlineMicros: 60_000_000 },
      training: { strategy: 'pedal', rounds: 6 },
      network: { latencyMicros: 20_000, uplinkBitsPerSecond: 20_000_000 },
      checks: { accuracy: 0.8, liarsTaken: 0 },
    });
  });

  it.each<readonly [string, string, RegExp]>([
    ['a misspelt key', `${SMALL}faultz: []\n`, /line 6: unknown key "faultz", did you mean "faults"\?/],
    [
      'a client that is none',
      `${SMALL}attackers:\n  - { attack: sign-flip, clients: [client-7] }\n`,
      /line 7: .*the last one is client-6/,
    ],
    ['a fault of nothing', `${SMALL}faults:\n  - { duringRound: 1, for: 1 s }\n`, /expected either crash or cutOff/],
    [
      'a round that is none',
      `${SMALL}faults:\n  - { duringRound: 4, for: 1 s, crash: coordinator }\n`,
      /there are only 3 rounds/,
    ],
    ['more active clients than there are', SMALL.replace('active: 6', 'active: 7'), /there are only 6 clients/],
    ['a quorum that never comes', SMALL.replace('quorum: 3', 'quorum: 7'), /only 6 updates are wanted/],
    ['a strategy that is none', SMALL.replace('fedavg', 'fedavrg'), /did you mean "fedavg"/],
  ])('names the line of %s', (_what, text, words) => {
    expect(() => read(text)).toThrow(words);
  });

  it('is published as it is read', () => {
    expect(JSON.parse(inRoot('scenarios/learning-scenario.schema.json'))).toEqual(
      JSON.parse(JSON.stringify(learningScenarioSchema)),
    );
    expect(inRoot('docs/reference/learning-scenario.md')).toBe(learningScenarioReference());
  });

  it('comes to the same, trace and models, for the same seed, and to something else for another', async () => {
    const report = await run(SMALL);
    expect(await run(SMALL)).toEqual(report);
    expect(report.failures).toEqual([]);
    const other = await run(SMALL, 2);
    expect(other.traceHash).not.toBe(report.traceHash);
    expect(other.digests).not.toEqual(report.digests);
  });

  it('comes to the models of a quiet run when the coordinator was killed in between', async () => {
    const quiet = await run(SMALL);
    const disturbed = await run(`${SMALL}faults:\n  - { duringRound: 2, for: 5 s, crash: coordinator }\n`);
    expect(disturbed.coordinatorRestarts).toBe(1);
    expect(disturbed.digests).toEqual(quiet.digests);
    expect(disturbed.traceHash).not.toBe(quiet.traceHash);
  });

  it('says what did not hold', async () => {
    const liars = 'attackers:\n  - { attack: random-weights, clients: [client-1, client-2] }\n';
    const { failures } = await run(
      `${SMALL.replace('accuracy: 50 %, liarsTaken: 100 %', 'accuracy: 99 %, liarsTaken: 0 %')}${liars}`,
    );
    expect(failures).toEqual([
      expect.stringMatching(/^the accuracy is 0\.\d+, below 0\.99$/),
      '6 of 6 updates of liars were taken',
    ]);
  });

  it('learning.yaml learns in spite of liars, a crash and lines that are cut', async () => {
    const report = await run(inRoot('scenarios/learning.yaml'));
    expect(report.failures).toEqual([]);
    expect(report).toMatchObject({ coordinatorRestarts: 1, liars: { taken: 0 }, models: { differing: 0 } });
    const away = report.rounds[4]?.absent.map(({ client }) => client);
    expect(away).toEqual(['client-1', 'client-4', 'client-7', 'client-10'].filter((name) => away?.includes(name)));
    expect(away?.length).toBeGreaterThan(0);
  });
});
