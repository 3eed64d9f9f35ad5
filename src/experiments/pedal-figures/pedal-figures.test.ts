import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quorumOf } from '../../contracts/index.ts';
import { lendBlsCurve } from '../../crypto/index.ts';
import { nativeBlsCurve } from '../../environment/host/index.ts';
import type { CellOutcome, CellResult, Unit } from './cell.ts';
import { figureFiles } from './figure-files.ts';
import { FIGURES, isOf, planOf, unitsOf } from './grids.ts';
import { FIGURE_CALIBRATION, FIGURE_LINE, FIGURE_LOOK_MICROS } from './parameters.ts';
import { PedalNetwork } from './pedal-network.ts';
import { runUnit } from './run-unit.ts';
import { estimate, summarise } from './summary.ts';
import { verdictOn } from './verdict.ts';

const CELL = { nodes: 12, transactions: 10, sizeBytes: 500_000 };
const SECOND = 1_000_000;

beforeAll(() => lendBlsCurve(nativeBlsCurve));
afterAll(() => lendBlsCurve(() => undefined));

function unit(contender: Unit['contender'], seed = 1): Unit {
  return { family: 'by-transactions', contender, nodes: CELL.nodes, seed, cells: [CELL] };
}

function outcome(seconds: number | undefined, ioBytes: number): CellOutcome {
  return {
    finished: seconds !== undefined,
    committed: 6,
    makespanMs: seconds === undefined ? undefined : 1000 * seconds,
    latencyMs: { p50: 1, p95: 2, p99: 3, max: 4, count: 6 },
    ioBytes,
    outsideBytes: 0,
    messages: 10,
    reads: 0,
    viewChanges: 0,
    bytesOfKinds: {},
  };
}

describe('a cell of the figures', () => {
  it('is answered at every node, the same twice, with less time and traffic than the baselines', async () => {
    const [pedal] = await runUnit(unit('pedal'), FIGURE_CALIBRATION);
    expect(pedal?.outcome).toMatchObject({ finished: true, committed: 10, reads: 10 * quorumOf(4) });
    expect(pedal?.outcome.outsideBytes).toBeGreaterThan(10 * quorumOf(4) * CELL.sizeBytes);
    expect(pedal?.outcome.ioBytes).toBeGreaterThan(pedal?.outcome.outsideBytes ?? 0);
    expect(await runUnit(unit('pedal'), FIGURE_CALIBRATION)).toEqual([pedal]);
    for (const rival of ['pbft-naive', 'dbft', 'ribft', 'ribft-shared'] as const) {
      const [other] = await runUnit(unit(rival), FIGURE_CALIBRATION);
      expect(other?.outcome.finished, rival).toBe(true);
      expect(other?.outcome.makespanMs, rival).toBeGreaterThan(pedal?.outcome.makespanMs ?? Number.POSITIVE_INFINITY);
      expect(other?.outcome.ioBytes, rival).toBeGreaterThan(pedal?.outcome.ioBytes ?? Number.POSITIVE_INFINITY);
    }
  });

  it('is answered by a group of forty, more than other oracles take', async () => {
    const network = await PedalNetwork.start({
      nodes: 45,
      groupSize: 40,
      line: FIGURE_LINE,
      seed: 1,
      transactionsMax: 3,
      lookMicros: FIGURE_LOOK_MICROS,
    });
    const cell = { nodes: 45, transactions: 3, sizeBytes: 20_000 };
    expect(await network.run(cell, 60 * SECOND)).toMatchObject({ finished: true, committed: 3, reads: 3 * quorumOf(40) });
  });
});

describe('the grids', () => {
  it('run every cell of a figure once, and the same ones whatever else is run', () => {
    const all = unitsOf(
      FIGURES.map((name) => planOf(name)),
      [1, 2],
    );
    for (const name of FIGURES) {
      const own = unitsOf([planOf(name)], [1, 2]);
      const shared = own.filter(({ contender }) => !contender.endsWith('(limits)'));
      for (const each of shared) expect(all).toContainEqual(each);
    }
    const cells = all.flatMap(({ cells: list, ...rest }) => list.map((cell) => JSON.stringify({ ...rest, cell })));
    expect(new Set(cells).size).toBe(cells.length);
    expect(unitsOf([planOf('pedal-fig4', true)], [1]).flatMap((each) => each.cells).length).toBeLessThan(100);
  });

  it('keep the cells of two families apart', () => {
    const result: CellResult = {
      family: 'by-size',
      contender: 'pedal',
      seed: 1,
      cell: { ...CELL, transactions: 10 },
      outcome: outcome(1, 1),
    };
    expect(isOf(planOf('pedal-fig5'), result)).toBe(true);
    expect(isOf(planOf('pedal-fig4'), result)).toBe(false);
  });
});

describe('what several seeds say together', () => {
  const results = (contender: CellResult['contender'], seconds: readonly (number | undefined)[], ioBytes: number): CellResult[] =>
    seconds.map((each, seed) => ({
      family: 'by-transactions',
      contender,
      seed,
      cell: { nodes: 12, transactions: 10, sizeBytes: 500_000 },
      outcome: outcome(each, ioBytes),
    }));

  it('has an interval of Student’s t', () => {
    expect(estimate([2])).toEqual({ mean: 2, halfWidth: undefined });
    // s = 1, n = 3: 4.303 / sqrt(3).
    expect(estimate([1, 2, 3]).halfWidth).toBeCloseTo(2.4844, 3);
    expect(estimate(Array.from({ length: 40 }, (_, at) => at % 2)).halfWidth).toBeCloseTo((1.96 * 0.5064) / Math.sqrt(40), 3);
  });

  it('tells where Pedal is not ahead; who does not finish is behind', () => {
    const summaries = summarise([
      ...results('pedal', [1, 2], 3e6),
      ...results('ribft', [1.4, 1.5], 4e6),
      ...results('pbft-naive', [undefined, undefined], 2e6),
    ]);
    expect(verdictOn(summaries, 'ribft', 'time')).toMatchObject({ cells: 1, ahead: 0, behind: [{ rival: 'ribft' }] });
    expect(verdictOn(summaries, 'ribft', 'traffic')).toMatchObject({ ahead: 1, behind: [], least: 4 / 3 });
    expect(verdictOn(summaries, 'pbft-naive', 'time')).toMatchObject({ ahead: 1 });
    expect(verdictOn(summaries, 'pbft-naive', 'traffic')).toMatchObject({ ahead: 0 });
  });

  it('makes the same files from the same results', () => {
    const facts = { seeds: [0, 1], quick: false, calibration: FIGURE_CALIBRATION };
    const all = [...results('pedal', [1, 2], 3e6), ...results('ribft', [3, undefined], 4e6)];
    for (const name of FIGURES.slice(0, 4)) {
      const plan = planOf(name);
      const mine = all.map((each) => ({ ...each, family: plan.family }));
      const files = figureFiles(plan, mine, facts);
      expect(files.map(({ path }) => path)).toEqual(
        expect.arrayContaining([`${name}.md`, `${name}/cells.csv`, `${name}/over-nodes.svg`]),
      );
      expect(figureFiles(plan, mine, facts)).toEqual(files);
      expect(files.map(({ text }) => text).join()).not.toMatch(/NaN|undefined/);
    }
  });
});
