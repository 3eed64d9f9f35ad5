import type { Chart, Series } from '../figures/line-chart.ts';
import type { Contender } from './cell.ts';
import type { FigurePlan } from './grids.ts';
import type { CellSummary, Estimate } from './summary.ts';

/** One picture of a figure. */
export interface Panel {
  readonly file: string;
  readonly caption: string;
  readonly chart: Chart;
}

const HUES: readonly Contender[] = ['pedal', 'pbft-naive', 'dbft', 'ribft', 'ribft-shared'];
export const NAMES: Readonly<Record<string, string>> = {
  pedal: 'PEDAL',
  'pbft-naive': 'PBFT',
  dbft: 'DBFT (restated)',
  ribft: 'RIBFT (reconstructed, body stays in its domain)',
  'ribft-shared': 'RIBFT (reconstructed, body shared)',
};

/** The pictures of a figure: over what it varies, at the smallest and the largest network, and over the size of the network. */
export function panelsOf(plan: FigurePlan, summaries: readonly CellSummary[]): readonly Panel[] {
  const drawn = summaries.filter(({ contender }) => HUES.includes(contender));
  return plan.name === 'pedal-fig8' ? largePanels(plan, drawn) : rivalPanels(plan, drawn);
}

function rivalPanels(plan: FigurePlan, summaries: readonly CellSummary[]): readonly Panel[] {
  const nodes = valuesOf(summaries, ({ cell }) => cell.nodes);
  const transactions = valuesOf(summaries, ({ cell }) => cell.transactions);
  const sizes = valuesOf(summaries, ({ cell }) => cell.sizeBytes);
  const ends = [...new Set([nodes[0], nodes.at(-1)])].filter((count) => count !== undefined);
  const bySize = plan.name === 'pedal-fig5' || plan.name === 'pedal-fig7';
  const most = transactions.at(-1);
  const over = bySize
    ? transactions.flatMap((count) => ends.map((of) => ({ nodes: of, transactions: count })))
    : sizes.flatMap((sizeBytes) => ends.map((of) => ({ nodes: of, sizeBytes })));
  const panels = over.map((fixed): Panel => {
    const within = summaries.filter(({ cell }) => matches(cell, fixed));
    const caption = captionOf(fixed);
    const x = bySize ? SIZE_AXIS : TRANSACTIONS_AXIS;
    return { file: `${fileOf(fixed)}.svg`, caption, chart: chartOf(plan, { title: caption, x, summaries: within }) };
  });
  const largest = bySize ? { transactions: most, sizeBytes: 1e6 } : { transactions: most, sizeBytes: sizes.at(-1) };
  const caption = captionOf(largest);
  const within = summaries.filter(({ cell }) => matches(cell, largest));
  return [
    ...panels,
    { file: 'over-nodes.svg', caption, chart: chartOf(plan, { title: caption, x: NODES_AXIS, summaries: within }) },
  ];
}

/** Pedal alone: a line for each size of the network. */
function largePanels(plan: FigurePlan, summaries: readonly CellSummary[]): readonly Panel[] {
  const [byTransactions, bySize] = plan.grids;
  const panels: Panel[] = [];
  for (const sizeBytes of byTransactions?.sizesBytes ?? []) {
    const within = summaries.filter(
      ({ cell }) => cell.sizeBytes === sizeBytes && byTransactions?.transactions.includes(cell.transactions) === true,
    );
    const caption = captionOf({ sizeBytes });
    panels.push({
      file: `${fileOf({ sizeBytes })}.svg`,
      caption,
      chart: networksChart(plan, { title: caption, x: TRANSACTIONS_AXIS, summaries: within }),
    });
  }
  for (const transactions of bySize?.transactions ?? []) {
    const within = summaries.filter(
      ({ cell }) => cell.transactions === transactions && bySize?.sizesBytes.includes(cell.sizeBytes) === true,
    );
    const caption = captionOf({ transactions });
    panels.push({
      file: `${fileOf({ transactions })}.svg`,
      caption,
      chart: networksChart(plan, { title: caption, x: SIZE_AXIS, summaries: within }),
    });
  }
  return panels;
}

interface Axis {
  readonly name: string;
  readonly of: (summary: CellSummary) => number;
}

const TRANSACTIONS_AXIS: Axis = { name: 'concurrent requests', of: ({ cell }) => cell.transactions };
const SIZE_AXIS: Axis = { name: 'size of each, MB', of: ({ cell }) => cell.sizeBytes / 1e6 };
const NODES_AXIS: Axis = { name: 'nodes', of: ({ cell }) => cell.nodes };

interface Content {
  readonly title: string;
  readonly x: Axis;
  readonly summaries: readonly CellSummary[];
}

function chartOf({ measure }: FigurePlan, { title, x, summaries }: Content): Chart {
  const series = HUES.map((contender, hue) => {
    const own = summaries.filter((summary) => summary.contender === contender);
    return seriesOf({ name: NAMES[contender] ?? contender, hue, x, measure }, own);
  });
  return {
    title,
    xName: x.name,
    yName: yName(measure),
    logarithmicY: true,
    series: series.filter(({ points }) => points.length > 0),
  };
}

function networksChart({ measure }: FigurePlan, { title, x, summaries }: Content): Chart {
  const series = valuesOf(summaries, ({ cell }) => cell.nodes).map((nodes, hue) => {
    const own = summaries.filter(({ cell }) => cell.nodes === nodes);
    return seriesOf({ name: `${nodes} nodes`, hue, x, measure }, own);
  });
  return { title: `PEDAL, ${title}`, xName: x.name, yName: yName(measure), series };
}

function seriesOf(
  {
    name,
    hue,
    x,
    measure,
  }: { readonly name: string; readonly hue: number; readonly x: Axis; readonly measure: 'time' | 'traffic' },
  summaries: readonly CellSummary[],
): Series {
  const points = summaries.flatMap((summary): readonly (readonly [number, Estimate])[] => {
    const value = measure === 'traffic' ? summary.megabytes : summary.seconds;
    return value === undefined ? [] : [[x.of(summary), value]];
  });
  const band = points.flatMap(([at, { mean, halfWidth }]): readonly (readonly [number, number, number])[] =>
    halfWidth === undefined ? [] : [[at, Math.max(mean - halfWidth, mean / 100), mean + halfWidth]],
  );
  return { name, hue, origin: 'measured', points: points.map(([at, { mean }]) => [at, mean]), band };
}

function yName(measure: 'time' | 'traffic'): string {
  return measure === 'time' ? 'seconds (virtual) until every node has all' : 'MB over all lines';
}

type Fixed = { readonly [Key in 'nodes' | 'transactions' | 'sizeBytes']?: number | undefined };

function matches(cell: CellSummary['cell'], fixed: Fixed): boolean {
  return (['nodes', 'transactions', 'sizeBytes'] as const).every((key) => fixed[key] === undefined || cell[key] === fixed[key]);
}

function captionOf({ nodes, transactions, sizeBytes }: Fixed): string {
  return [
    ...(nodes === undefined ? [] : [`${nodes} nodes`]),
    ...(transactions === undefined ? [] : [`${transactions} requests`]),
    ...(sizeBytes === undefined ? [] : [sizeText(sizeBytes)]),
  ].join(', ');
}

function fileOf(fixed: Fixed): string {
  return captionOf(fixed).replaceAll(', ', '-').replaceAll(' ', '');
}

export function sizeText(bytes: number): string {
  return bytes >= 1e6 ? `${bytes / 1e6} MB` : `${bytes / 1e3} kB`;
}

function valuesOf(summaries: readonly CellSummary[], of: (summary: CellSummary) => number): readonly number[] {
  return [...new Set(summaries.map(of))].toSorted((left, right) => left - right);
}
