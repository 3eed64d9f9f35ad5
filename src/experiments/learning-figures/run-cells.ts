import {
  activeClients,
  clientName,
  createEngine,
  type Dataset,
  type Engine,
  firstWeights,
  type JobRunner,
  type KernelBytes,
  learn,
  maliciousClients,
  prepareRunData,
  type RoundRecord,
  type RunData,
  type RunPlan,
} from '../../learning/index.ts';
import { type CellResult, type CellRound, type CellStore, cellKey } from './cell-result.ts';
import type { FigureCell } from './figure-cells.ts';

export interface CellRunner extends JobRunner {
  close(): Promise<void>;
}

export interface CellRuns {
  readonly cells: readonly FigureCell[];
  readonly dataset: Dataset;
  readonly store: CellStore;
  readonly kernels: KernelBytes;
  /** Something that trains on these data, on as many threads as there are. */
  readonly start: (data: RunData) => CellRunner;
  /** Asked before each training that has to be run. */
  readonly mayGoOn: () => boolean;
  readonly onCell?: (cell: FigureCell, result: CellResult, kept: boolean) => void;
}

/** Results of the cells that ran, now or before; a cell that was not run is not in the map. */
export async function runCells(runs: CellRuns): Promise<ReadonlyMap<FigureCell, CellResult>> {
  const { cells, dataset, store, kernels, mayGoOn, onCell } = runs;
  const engine = createEngine({ kernels, fastMath: false });
  const results = new Map<FigureCell, CellResult>();
  // Runs on the same data share the threads that hold them.
  let current: { readonly of: string; readonly data: RunData; readonly runner: CellRunner } | undefined;
  try {
    for (const cell of cells) {
      const key = cellKey(cell.plan, dataset);
      const kept = await store.read(key);
      if (kept === undefined && !mayGoOn()) continue;
      if (kept === undefined) {
        const of = dataKey(cell.plan);
        if (current?.of !== of) {
          await current?.runner.close();
          const data = prepareRunData(dataset, cell.plan);
          current = { of, data, runner: runs.start(data) };
        }
        const result = await runCell(cell.plan, { ...current, engine, dataset });
        await store.write(key, result);
        results.set(cell, result);
      } else results.set(cell, kept);
      onCell?.(cell, results.get(cell) as CellResult, kept !== undefined);
    }
  } finally {
    await current?.runner.close();
  }
  return results;
}

async function runCell(
  plan: RunPlan,
  { data, runner, engine, dataset }: { data: RunData; runner: JobRunner; engine: Engine; dataset: Dataset },
): Promise<CellResult> {
  const liars = new Set([...maliciousClients(plan)].map(clientName));
  const rounds: CellRound[] = [];
  let digest: CellResult['digest'] | undefined;
  for await (const { record } of learn({ plan, data, runner }, { round: 0, weights: firstWeights(engine, plan, data) })) {
    rounds.push(roundOf(record, plan, liars));
    digest = record.digest;
  }
  const samples = { train: dataset.train.count, test: dataset.test.count };
  return { plan, samples, digest: digest as CellResult['digest'], rounds };
}

function roundOf({ round, metrics, accepted, rejected }: RoundRecord, plan: RunPlan, liars: ReadonlySet<string>): CellRound {
  return {
    accuracy: metrics.accuracy,
    loss: Number.isFinite(metrics.loss) ? metrics.loss : null,
    accepted: accepted.length,
    rejected: rejected.length,
    liarsAsked: activeClients(plan, round).filter((number) => liars.has(clientName(number))).length,
    liarsAccepted: accepted.filter(({ client }) => liars.has(client)).length,
    evaluations: metrics.evaluations,
  };
}

/** What decides how the samples are divided. */
function dataKey({ dataset, network, clients, partition, judgeShare, rootSamples, seed, ...plan }: RunPlan): string {
  const { trainSamplesMax, testSamplesMax } = plan;
  return JSON.stringify([dataset, network, clients, partition, judgeShare, rootSamples, seed, trainSamplesMax, testSamplesMax]);
}
