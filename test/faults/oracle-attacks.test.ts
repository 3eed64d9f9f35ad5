import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lendBlsCurve } from '../../src/crypto/index.ts';
import { nativeBlsCurve } from '../../src/environment/host/index.ts';
import { type PedalReport, type PedalScenario, readPedalScenario, runPedalScenario } from '../../src/experiments/pedal/index.ts';

const folder = path.resolve(import.meta.dirname, '../../scenarios');
const ATTACKS = readdirSync(path.join(folder, 'attacks')).filter((name) => /^pedal-.*\.yaml$/.test(name));
const SHORT_MICROS = 8_000_000;

beforeAll(() => lendBlsCurve(nativeBlsCurve));
afterAll(() => lendBlsCurve(() => undefined));

function scenarioOf(file: string): PedalScenario {
  const inFolder = (name: string): string => readFileSync(path.join(folder, name), 'utf8');
  return readPedalScenario(inFolder(file), { file, readFile: inFolder });
}

/** As it is, without what must be reached in the whole of it. */
function shortened(scenario: PedalScenario): PedalScenario {
  const faults = scenario.faults.filter(({ atMicros }) => atMicros < SHORT_MICROS);
  return {
    ...scenario,
    durationMicros: SHORT_MICROS,
    faults,
    checks: { ...scenario.checks, refusals: [], replaced: 0, proven: 0 },
  };
}

function run(scenario: PedalScenario, seed: number): Promise<PedalReport> {
  return runPedalScenario(scenario, { seed, wallSeconds: () => 0 });
}

describe('attacks on the oracle', () => {
  it('are all there', () => {
    expect(ATTACKS.map((name) => name.slice(6, -5))).toEqual([
      'collusion',
      'equivocation',
      'flood',
      'forged-aggregate',
      'partition',
      'pretended-master',
      'replay',
      'restart',
      'rogue-key',
      'silence',
      'wrong-result',
    ]);
  });

  describe.each(ATTACKS)('%s', (file) => {
    it.each([1])(
      'brings nothing invalid onto the ledger, and everybody honest is answered (seed %i)',
      async (seed) => {
        const report = await run(scenarioOf(`attacks/${file}`), seed);
        expect({ failures: report.failures, invalid: report.invalid }).toEqual({ failures: [], invalid: [] });
        expect(report.invalidAccepted).toBe(0);
        expect(report.requests.answered).toBeGreaterThan(8);
      },
      60_000,
    );
  });
});

describe('a run of the oracle', () => {
  const scenario = scenarioOf('pedal.yaml');

  it('does the same again, and the same with slower cryptography', async () => {
    const short = { ...shortened(scenario), load: { ...scenario.load, ratePerSecond: 0.5 } };
    const native = await run(short, 3);
    expect(await run(short, 3)).toEqual(native);
    lendBlsCurve(() => undefined);
    try {
      expect(await run(short, 3)).toEqual(native);
    } finally {
      lendBlsCurve(nativeBlsCurve);
    }
    expect((await run(short, 4)).traceHash).not.toBe(native.traceHash);
  }, 120_000);

  it.each(['attacks/pedal-collusion.yaml', 'attacks/pedal-restart.yaml', 'attacks/pedal-replay.yaml'])(
    'does the same again under %s',
    async (file) => {
      const short = shortened(scenarioOf(file));
      expect(await run(short, 5)).toEqual(await run(short, 5));
    },
    60_000,
  );

  it('tells when too many nodes are dishonest', async () => {
    const [attacker] = scenarioOf('attacks/pedal-collusion.yaml').attackers;
    if (attacker === undefined) return expect.fail('nobody colludes');
    const nodes = ['oracle-1', 'oracle-2', 'oracle-3', 'oracle-4', 'oracle-5', 'oracle-6'];
    const report = await run({ ...scenarioOf('attacks/pedal-collusion.yaml'), attackers: [{ ...attacker, nodes }] }, 1);
    expect(report.invalidAccepted).toBeGreaterThan(0);
    expect(report.invalid.map(({ kind }) => kind)).toContain('untrue');
    expect(report.failures[0]).toMatch(/invalid things were accepted/);
  }, 60_000);
});
