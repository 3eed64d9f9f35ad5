import { describe, expect, it } from 'vitest';
import { readKernelBytes } from '../../learning/engine/testing/engines.ts';
import { bearingDataset, createEngine, JobWorker, type RunPlan } from '../../learning/index.ts';
import { type CellResult, cellKey } from './cell-result.ts';
import { type FigureCell, figureCells, PUBLISHED_SCALE, QUICK_SCALE } from './figure-cells.ts';
import { claimsOf, publishedPoints } from './published.ts';
import { learningFigureFiles } from './report-files.ts';
import { runCells } from './run-cells.ts';
import { figurePoints, spreadOf } from './summary.ts';

const cells = figureCells('pedal-fig10', 'mnist', { scale: PUBLISHED_SCALE, seed: 1 });
/** A training that never was: its accuracy is what is asked for. */
const resultOf = (plan: RunPlan, accuracy: number): CellResult => ({
  plan,
  samples: { train: 1, test: 1 },
  digest: '0x00',
  rounds: [0.1, accuracy].map((each) => ({
    ...{ accuracy: each, loss: null, accepted: 4, rejected: 6, liarsAsked: 3, liarsAccepted: 1, evaluations: 10 },
  })),
});
const made = (accuracyOf: (cell: FigureCell) => number, of: readonly FigureCell[] = cells) =>
  new Map(of.map((cell) => [cell, resultOf(cell.plan, accuracyOf(cell))]));
const filesOf = (results: ReadonlyMap<FigureCell, CellResult>) =>
  learningFigureFiles({
    ...{ figure: 'pedal-fig10', seed: 1, quick: false },
    runs: [{ dataset: 'mnist', scale: PUBLISHED_SCALE, samples: { train: 60_000, test: 10_000 }, cells, results }],
    notRun: [{ dataset: 'kmnist', reason: 'its files are not here' }],
  });

describe('the trainings of a figure', () => {
  it('are as published, each once, what answers most first', () => {
    expect(new Set(cells.map(({ plan, part }) => JSON.stringify([part, plan]))).size).toBe(cells.length);
    expect(cells[0]?.plan).toMatchObject({
      ...{ clients: 100, active: 10, rounds: 30, maliciousShare: 0.3, partition: { kind: 'slices' }, seed: '1' },
      training: { epochs: 5 },
    });
    const compared = cells.filter(({ part }) => part === 'published');
    expect(compared).toHaveLength(4 * 4 * 3);
    expect(new Set(compared.map(({ plan }) => plan.seed))).toEqual(new Set(['1', '2', '3']));
    const firstRepeats = cells.findIndex(({ repeat }) => repeat > 1);
    expect(cells.slice(firstRepeats).every(({ repeat }) => repeat > 1)).toBe(true);
    expect(cells.filter(({ share }) => share === 0).every(({ plan }) => plan.attack === undefined)).toBe(true);
  });

  it('run once: what is kept is not run again, and what may not begin is missing', async () => {
    const kernels = readKernelBytes();
    const dataset = bearingDataset({ machines: 3, windowsEach: 16, windowSamples: 64, noise: 0.05 });
    const scale = { ...QUICK_SCALE, clients: 6, active: 5, rounds: 2 };
    const small = figureCells('pedal-fig9', 'mnist', { scale, seed: 1 })
      .slice(0, 3)
      .map((cell) => ({ ...cell, plan: { ...cell.plan, dataset: 'bearing', network: 'mlp' } }));
    const kept = new Map<string, CellResult>();
    const store = {
      read: async (key: string) => kept.get(key),
      write: async (key: string, result: CellResult) => void kept.set(key, result),
    };
    let left = 2;
    const runs = {
      ...{ cells: small, dataset, store, kernels },
      start: (data: ConstructorParameters<typeof JobWorker>[1]) => {
        const worker = new JobWorker(createEngine({ kernels }), data);
        return { run: worker.run.bind(worker), close: async () => undefined };
      },
    };
    const first = await runCells({ ...runs, mayGoOn: () => left-- > 0 });
    expect([first.size, kept.size]).toEqual([2, 2]);
    const told: boolean[] = [];
    const all = await runCells({ ...runs, mayGoOn: () => true, onCell: (_cell, _result, was) => told.push(was) });
    expect([all.size, told]).toEqual([3, [true, true, false]]);
    expect([...all.values()].every(({ rounds }) => rounds.length === 2)).toBe(true);
    const [result] = all.values();
    expect(result?.rounds.some(({ liarsAsked }) => liarsAsked > 0)).toBe(true);
    expect(cellKey(small[0]?.plan as RunPlan, dataset)).not.toBe(
      cellKey(small[0]?.plan as RunPlan, bearingDataset({ machines: 2, windowsEach: 16, windowSamples: 64 })),
    );
  });
});

describe('what came of them', () => {
  it('has mean and spread', () => {
    expect(spreadOf([0.5, 0.7])).toMatchObject({ count: 2, min: 0.5, max: 0.7, mean: 0.6 });
    expect(spreadOf([0.5, 0.7]).deviation).toBeCloseTo(0.1414, 4);
    const points = figurePoints(
      cells,
      made(({ repeat }) => repeat / 10),
    );
    expect(points[0]).toMatchObject({ seeds: ['1', '2', '3'], missing: 0, final: { min: 0.1, max: 0.3 }, liarsTaken: 1 / 3 });
    expect(points.some(({ share, attack }) => share === 0 && attack !== 'none')).toBe(false);
  });

  it('is held against what the paper says', () => {
    const held = (accuracyOf: (cell: FigureCell) => number) =>
      claimsOf('mnist').map(({ holds }) => holds(publishedPoints(figurePoints(cells, made(accuracyOf))), 'proof')?.holds);
    expect(held(({ strategy, share }) => (strategy === 'fedavg' && share > 0 ? 0.1 : 0.9))).toEqual([true, true]);
    expect(held(() => 0.9)).toEqual([false, true]);
    expect(held(({ strategy }) => (strategy === 'pedal' ? 0.9 : 0.5))).toEqual([false, false]);
    expect(claimsOf('mnist').map(({ holds }) => holds(publishedPoints([]), 'proof'))).toEqual([undefined, undefined]);
    expect(claimsOf('cifar10')).toHaveLength(3);
  });

  it('is written in the same bytes for the same results, with what did not run', () => {
    const results = made(({ share }) => 0.9 - share);
    const files = filesOf(results);
    expect(filesOf(results)).toEqual(files);
    expect(files.map(({ path }) => path)).toEqual([
      'pedal-fig10.md',
      ...['mnist.csv', 'mnist-rounds.csv', 'mnist-shares.svg', 'mnist-rounds.svg', 'mnist-beyond.svg'].map(
        (name) => `pedal-fig10/${name}`,
      ),
    ]);
    const page = files[0]?.text ?? '';
    expect(page).toContain('| `pedal` | **0.900** (0.900 to 0.900; 3 runs) [0.500] |');
    expect(page).toContain('* `kmnist`: its files are not here.');
    expect(page).not.toMatch(/undefined|NaN/);
    const [[cell, result]] = [...results] as [[FigureCell, CellResult]];
    const partly = filesOf(new Map([[cell, result]]))[0]?.text ?? '';
    expect(partly).toContain('the comparison of the paper: 1 of 3 seeds ran of `fedavg` 30 %; 0 of 3 seeds ran of `pedal` 30 %');
    expect(partly).toContain('* `mnist`, other attacks: 0 of 1 seeds ran of all.');
    expect(partly).toContain('not all run');
  });
});
