import { type CellResult, type Contender, type Family, type FigureCell, RIVALS, type Unit } from './cell.ts';

export const FIGURES = ['pedal-fig4', 'pedal-fig5', 'pedal-fig6', 'pedal-fig7', 'pedal-fig8'] as const;
export type FigureName = (typeof FIGURES)[number];

const KB = 1_000;
const MB = 1_000_000;
const range = (from: number, to: number, step: number): readonly number[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, at) => from + at * step);

/** What one figure varies. */
export interface Grid {
  readonly nodes: readonly number[];
  readonly transactions: readonly number[];
  readonly sizesBytes: readonly number[];
}

export interface FigurePlan {
  readonly name: FigureName;
  readonly family: Family;
  readonly measure: 'time' | 'traffic';
  readonly grids: readonly Grid[];
  readonly contenders: readonly Contender[];
  /** Cells that baselines run once more with an operator's limits. */
  readonly limited?: Grid;
}

const PAPER_NODES = range(12, 27, 3);
const BY_TRANSACTIONS: Grid = { nodes: PAPER_NODES, transactions: range(10, 60, 10), sizesBytes: [500 * KB, MB] };
/** The paper does not print its sizes. The small ones show where the oracle's two blocks cost more than the copies it saves. */
const SIZES = [50 * KB, 100 * KB, 250 * KB, 500 * KB, MB, 2 * MB, 3 * MB];
const BY_SIZE: Grid = { nodes: PAPER_NODES, transactions: [10, 20], sizesBytes: SIZES };
/** Six of the paper's 24 sizes: a network of 99 nodes takes half a minute to bring up. */
const LARGE_NODES = [30, 45, 60, 75, 90, 99];
const LARGE_BY_TRANSACTIONS: Grid = { nodes: LARGE_NODES, transactions: range(10, 90, 10), sizesBytes: [500 * KB, MB] };
const LARGE_BY_SIZE: Grid = { nodes: LARGE_NODES, transactions: [10, 50], sizesBytes: [250 * KB, 500 * KB, MB, 2 * MB] };

/** Few cells of the same shape: what `--quick` runs. */
function coarse({ nodes, transactions, sizesBytes }: Grid): Grid {
  const ends = <T>(list: readonly T[]): readonly T[] => [...new Set([list[0] as T, list.at(-1) as T])];
  return {
    nodes: ends(nodes).map((count) => Math.min(count, QUICK_NODES_MAX)),
    transactions: ends(transactions),
    sizesBytes: ends(sizesBytes),
  };
}

/** A larger network takes longer to bring up than a quick look may. */
const QUICK_NODES_MAX = 45;

/** What a figure runs. */
export function planOf(name: FigureName, quick = false): FigurePlan {
  const small = quick ? coarse : (grid: Grid): Grid => grid;
  const rivals: readonly Contender[] = ['pedal', ...RIVALS];
  const limited: Grid = { nodes: [12, 27], transactions: [10, 60], sizesBytes: [500 * KB, MB] };
  switch (name) {
    case 'pedal-fig4':
      return {
        name,
        family: 'by-transactions',
        measure: 'time',
        grids: [small(BY_TRANSACTIONS)],
        contenders: rivals,
        limited: small(limited),
      };
    case 'pedal-fig5':
      return { name, family: 'by-size', measure: 'time', grids: [small(BY_SIZE)], contenders: rivals };
    case 'pedal-fig6':
      return { name, family: 'by-transactions', measure: 'traffic', grids: [small(BY_TRANSACTIONS)], contenders: rivals };
    case 'pedal-fig7':
      return { name, family: 'by-size', measure: 'traffic', grids: [small(BY_SIZE)], contenders: rivals };
    case 'pedal-fig8':
      return {
        name,
        family: 'large',
        measure: 'time',
        grids: [small(LARGE_BY_TRANSACTIONS), small(LARGE_BY_SIZE)],
        contenders: ['pedal'],
      };
  }
}

export function cellsOf({ nodes, transactions, sizesBytes }: Grid): readonly FigureCell[] {
  return nodes.flatMap((count) =>
    transactions.flatMap((each) => sizesBytes.map((sizeBytes) => ({ nodes: count, transactions: each, sizeBytes }))),
  );
}

/** The units of some figures: a cell that several of them need is in one unit, once. Small networks first. */
export function unitsOf(plans: readonly FigurePlan[], seeds: readonly number[]): readonly Unit[] {
  const cells = new Map<string, Pick<Unit, 'family' | 'contender'> & { readonly cells: Map<string, FigureCell> }>();
  const need = (family: Family, contender: Contender, cell: FigureCell): void => {
    const key = `${family}/${contender}/${cell.nodes}`;
    const entry = cells.get(key) ?? { family, contender, cells: new Map<string, FigureCell>() };
    cells.set(key, entry);
    entry.cells.set(JSON.stringify(cell), cell);
  };
  for (const { family, grids, contenders, limited } of plans) {
    for (const cell of grids.flatMap(cellsOf)) for (const contender of contenders) need(family, contender, cell);
    if (limited !== undefined)
      for (const cell of cellsOf(limited)) for (const rival of RIVALS) need(family, `${rival} (limits)`, cell);
  }
  const units = [...cells.values()].map((entry) => ({ ...entry, cells: [...entry.cells.values()].toSorted(byLoad) }));
  return seeds.flatMap((seed) =>
    units
      .map((unit): Unit => ({ ...unit, nodes: unit.cells[0]?.nodes ?? 0, seed }))
      .toSorted((left, right) => left.nodes - right.nodes),
  );
}

/** Whether a result belongs to a figure. */
export function isOf({ family, grids, contenders, limited }: FigurePlan, result: CellResult): boolean {
  const { contender, cell } = result;
  if (result.family !== family) return false;
  const within = (grid: Grid): boolean =>
    grid.nodes.includes(cell.nodes) && grid.transactions.includes(cell.transactions) && grid.sizesBytes.includes(cell.sizeBytes);
  if (contender.endsWith(' (limits)')) return limited !== undefined && within(limited);
  return contenders.includes(contender) && grids.some(within);
}

function byLoad(left: FigureCell, right: FigureCell): number {
  return left.sizeBytes - right.sizeBytes || left.transactions - right.transactions;
}
