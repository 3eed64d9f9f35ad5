import { TreadleError } from '../../errors.ts';
import {
  type Cell,
  type CellResult,
  COMPARED,
  type ComparedName,
  compareCells,
  timesSlower,
} from '../../experiments/comparison/index.ts';
import { nearestName } from '../../suggestion.ts';
import { wholeNumber } from '../numbers.ts';
import { createOutput } from '../output.ts';
import { bandwidthBits, durationMs, sizeOf } from '../quantities.ts';

export interface CompareOptions {
  readonly engines: string;
  readonly nodes: string;
  readonly transactions: string;
  readonly size: string;
  readonly entry: string;
  readonly bandwidth: string;
  readonly latency: string;
  readonly seed: string;
  readonly within: string;
  readonly json?: boolean;
}

/** `treadle compare`: one load on one network, with several ways to agree. */
export async function compare(options: CompareOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const engines = options.engines === 'all' ? COMPARED : options.engines.split(',').map(engineOf);
  const cells = options.nodes.split(',').map((text): Cell => cellOf(options, wholeNumber('--nodes', text, { min: 4, max: 100 })));
  const seed = wholeNumber('--seed', options.seed, { min: 0, max: 2 ** 32 });
  const results = await compareCells({
    engines,
    cells,
    seed,
    withinMicros: 1000 * durationMs('--within', options.within),
    onRun: ({ engine, cell }) => out.line(`  ${cell.nodes} nodes: ${engine}`),
  });
  out.table(results.map((result) => row(results, result)));
  out.result({
    seed,
    results: results.map((result) => {
      const times = timesSlower(results, result);
      return { ...result, ...(times !== undefined && { treadleFasterBy: times }) };
    }),
  });
}

function cellOf(options: CompareOptions, nodes: number): Cell {
  if (options.entry !== 'spread' && options.entry !== 'one') {
    throw new TreadleError('CLI_BAD_OPTION', { detail: `--entry is "${options.entry}", "spread" or "one" is needed` });
  }
  return {
    nodes,
    transactions: wholeNumber('--transactions', options.transactions, { min: 1, max: 10_000 }),
    sizeBytes: sizeOf('--size', options.size),
    entry: options.entry,
    bitsPerSecond: bandwidthBits('--bandwidth', options.bandwidth),
    latencyMicros: 1000 * durationMs('--latency', options.latency),
  };
}

function engineOf(name: string): ComparedName {
  const found = COMPARED.find((each) => each === name);
  if (found !== undefined) return found;
  const near = nearestName(name, [...COMPARED]);
  throw new TreadleError('CLI_BAD_OPTION', {
    detail: `--engines: there is no engine "${name}"; ${near === undefined ? `there is ${COMPARED.join(', ')}` : `the nearest name is "${near}"`}`,
  });
}

function row(results: readonly CellResult[], result: CellResult): Record<string, string | number> {
  const { engine, cell, makespanMs, goodputShare, viewChanges } = result;
  const times = timesSlower(results, result);
  return {
    nodes: cell.nodes,
    engine,
    seconds: makespanMs === undefined ? 'not finished' : (makespanMs / 1000).toFixed(1),
    goodput: goodputShare === undefined ? '' : `${(100 * goodputShare).toFixed(1)} %`,
    'treadle is faster by': times === undefined || engine === 'treadle' ? '' : `${times.toFixed(1)} x`,
    'view changes': viewChanges,
  };
}
