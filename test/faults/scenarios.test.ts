import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type FaultReport, readFaultScenario, runFaultScenario } from '../../src/experiments/faults/index.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../scenarios/faults');
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));

const SEEDS = [1, 2, 3] as const;
/** On a machine that does much else at the same time. */
const TIMEOUT_MS = 240_000;

function run(file: string, seed: number, nodes?: number): Promise<FaultReport> {
  const scenario = readFaultScenario(readFileSync(path.join(FOLDER, file), 'utf8'), { file });
  const size = nodes === undefined ? '' : ` --nodes ${nodes}`;
  const replay = `treadle sim scenarios/faults/${file} --seed ${seed}${size}`;
  return runFaultScenario(scenario, { seed, replay, ...(nodes !== undefined && { nodes }) });
}

function expectClean(report: FaultReport): void {
  const { violationList, liveAfterHeal, stuck } = report;
  expect({ violationList, liveAfterHeal, stuck }, report.replay).toEqual({
    violationList: [],
    liveAfterHeal: true,
    stuck: undefined,
  });
}

describe('fault scenarios', () => {
  it('are fifteen, some of them with variants', () => {
    const numbers = new Set(FILES.map((name) => Number(name.slice(0, 2))));
    expect([...numbers]).toEqual(Array.from({ length: 15 }, (_, at) => at + 1));
  });

  it.each(FILES)(
    '%s: with four sealers nothing unsafe happens, and progress comes back',
    async (file) => {
      for (const seed of SEEDS) {
        const report = await run(file, seed);
        expectClean(report);
        expect(report.commits).toBeGreaterThan(10);
        expect(report.transactions.committed).toBeGreaterThan(50);
        // The faults of the scenario really struck, or liars really sat there.
        expect(Object.keys(report.faults).length + Object.keys(report.liars).length).toBeGreaterThan(0);
      }
    },
    TIMEOUT_MS,
  );

  it.each([
    // The disk was full while it was being repaired.
    ['03-disk-corruption.yaml', 13],
    ['03-disk-corruption.yaml', 43],
    // A sealer that had replaced its key promised its clients what nobody took from it any more.
    ['13-membership.yaml', 13],
    // Two sealers with replaced keys never learned each other's address.
    ['13-membership.yaml', 1016],
  ])(
    '%s: seed %d, which once found a bug, does not find it again',
    async (file, seed) => expectClean(await run(file, seed)),
    TIMEOUT_MS,
  );

  it(
    'a node that was away for thousands of blocks catches up under load, from peers that prune',
    async () => {
      const report = await run('long/14b-far-behind.yaml', 1);
      expectClean(report);
      expect(report.commits).toBeGreaterThan(2_000);
      expect(report.sometimes['joined by snapshot']).toBeGreaterThan(0);
      expect(report.sometimes['old blocks pruned']).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  it.each(['01-rolling-crash.yaml', '05-partition.yaml', '10-equivocation.yaml', '13-membership.yaml'])(
    '%s: with seven sealers, two of which may fail',
    async (file) => {
      expectClean(await run(file, 1, 7));
    },
    TIMEOUT_MS,
  );

  it(
    'with one seed are the same run twice, with another seed another',
    async () => {
      for (const file of ['04-amnesia.yaml', '11-malicious-votes.yaml', '14-join-and-lag.yaml']) {
        const [first, second, other] = [await run(file, 5), await run(file, 5), await run(file, 6)];
        expect(second).toEqual(first);
        expect(other.traceHash).not.toBe(first.traceHash);
      }
    },
    TIMEOUT_MS,
  );
});
