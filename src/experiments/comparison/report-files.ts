import { toCsv } from '../figures/csv.ts';
import { type Chart, renderLineChart } from '../figures/line-chart.ts';
import { timesSlower } from './compare.ts';
import type { Cell, CellResult } from './run-cell.ts';

/** The page, and in the folder beside it the numbers and the figure. The same results give the same bytes. */
export function comparisonFiles(
  results: readonly CellResult[],
  seed: number,
): readonly { readonly path: string; readonly text: string }[] {
  return [
    { path: 'consensus.md', text: page(results, seed) },
    { path: 'consensus/cells.csv', text: csv(results) },
    { path: 'consensus/time.svg', text: renderLineChart(chart(results)) },
  ];
}

function page(results: readonly CellResult[], seed: number): string {
  const labels = new Map(results.map(({ engine, label }) => [engine, label]));
  const cells = [...new Map(results.map(({ cell }) => [JSON.stringify(cell), cell])).values()];
  return `# Payloads of 100 KB to 1 MB on 12 to 99 nodes, with several ways to agree

The paper on oracles (Pedal) compares consensus protocols with transactions that carry 500 KB to 1 MB on 12 to 99 nodes, and reports that its
baselines crash at 27. This page repeats such a load in the simulator: links, latencies and processor times are simulated, the protocols are run
message by message. It is written, numbers and figure included, by

\`\`\`sh
./bin/treadle reproduce consensus --out docs/experiments${seed === 1 ? '' : ` --seed ${seed}`}
\`\`\`

${[...labels].map(([engine, label]) => `* **${engine}**: ${label}.`).join('\n')}

Timeouts of the baselines are set beyond their own transfers, so that none is blamed for a bad setting; what did not end within an hour of
virtual time is marked "not finished". A baseline's batch waits half a second for company, as Treadle's blocks do.
RIBFT's figures are those of a third of the copies: a body stays in its domain. The goodput is bytes of bodies, counted once, over the time
until the last node has committed the last of them, as a share of one node's line; no protocol that copies every body to every
node can exceed 100 %.

![Time until every node has committed everything, by number of nodes](consensus/time.svg)

${cells.map((cell) => section(cell, results)).join('\n')}`;
}

function section(cell: Cell, results: readonly CellResult[]): string {
  const rows = results.filter((result) => JSON.stringify(result.cell) === JSON.stringify(cell));
  const entry = cell.entry === 'one' ? 'all brought to one node' : 'brought to all nodes alike';
  const line = `${cell.bitsPerSecond / 1e6} Mbit/s, ${cell.latencyMicros / 1000} ms one way`;
  return `## ${cell.nodes} nodes, ${cell.transactions} x ${size(cell.sizeBytes)}, ${entry} (${line})

| Engine | Time, s | Goodput | Treadle is faster by | p50 / p95 latency, s | Network, MB | View changes |
|---|---:|---:|---:|---:|---:|---:|
${rows.map((row) => tableRow(row, timesSlower(results, row))).join('\n')}
`;
}

function tableRow(result: CellResult, slower: number | undefined): string {
  const { engine, makespanMs, goodputShare, latencyMs, networkBytes, viewChanges, committed, cell } = result;
  const time = makespanMs === undefined ? `not finished (${committed} of ${cell.transactions})` : (makespanMs / 1000).toFixed(1);
  const goodput = goodputShare === undefined ? '' : `${(100 * goodputShare).toFixed(1)} %`;
  const times = slower === undefined || engine === 'treadle' ? '' : `${slower.toFixed(1)} x`;
  const latency = `${(latencyMs.p50 / 1000).toFixed(1)} / ${(latencyMs.p95 / 1000).toFixed(1)}`;
  return `| ${engine} | ${time} | ${goodput} | ${times} | ${latency} | ${(networkBytes / 1e6).toFixed(0)} | ${viewChanges} |`;
}

function chart(results: readonly CellResult[]): Chart {
  const engines = [...new Set(results.map(({ engine }) => engine))];
  const of = (engine: string): readonly (readonly [number, number])[] =>
    results.flatMap((result) => {
      const { cell, makespanMs } = result;
      const drawn =
        result.engine === engine && cell.entry === 'spread' && cell.transactions === 90 && cell.sizeBytes === 1_000_000;
      return drawn && makespanMs !== undefined ? [[cell.nodes, makespanMs / 1000] as const] : [];
    });
  return {
    title: 'Time for 90 transactions of 1 MB',
    xName: 'nodes',
    yName: 'seconds (virtual)',
    logarithmicX: false,
    logarithmicY: true,
    series: engines.map((engine) => ({ name: engine, points: of(engine), origin: 'measured' as const })),
  };
}

function csv(results: readonly CellResult[]): string {
  return toCsv(
    results.map(
      ({ engine, cell, finished, makespanMs, goodputShare, latencyMs, networkBytes, messages, viewChanges, traceHash }) => ({
        engine,
        nodes: cell.nodes,
        transactions: cell.transactions,
        size_bytes: cell.sizeBytes,
        entry: cell.entry,
        finished: String(finished),
        makespan_ms: makespanMs ?? '',
        goodput_share: goodputShare ?? '',
        latency_p50_ms: latencyMs.p50,
        latency_p95_ms: latencyMs.p95,
        network_bytes: networkBytes,
        messages,
        view_changes: viewChanges,
        trace_hash: traceHash,
      }),
    ),
  );
}

function size(bytes: number): string {
  return bytes >= 1e6 ? `${bytes / 1e6} MB` : `${bytes / 1e3} KB`;
}
