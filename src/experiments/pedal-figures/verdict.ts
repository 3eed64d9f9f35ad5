import type { Rival } from './cell.ts';
import type { CellSummary } from './summary.ts';

/** A cell in which Pedal is not ahead. */
export interface Behind {
  readonly rival: string;
  readonly pedal: CellSummary;
  readonly other: CellSummary;
}

export interface Verdict {
  readonly cells: number;
  readonly ahead: number;
  readonly behind: readonly Behind[];
  /** By how much, over all cells: the smallest and the largest ratio of the rival's value to Pedal's. */
  readonly least: number;
  readonly most: number;
}

/** In how many cells Pedal's mean is below a rival's; a rival that did not finish is behind in time. */
export function verdictOn(summaries: readonly CellSummary[], rival: Rival, measure: 'time' | 'traffic'): Verdict {
  const measured = ({ seconds, megabytes }: CellSummary): number =>
    measure === 'traffic' ? megabytes.mean : (seconds?.mean ?? Number.POSITIVE_INFINITY);
  const others = new Map(
    summaries.filter(({ contender }) => contender === rival).map((each) => [JSON.stringify(each.cell), each]),
  );
  const behind: Behind[] = [];
  const ratios: number[] = [];
  for (const pedal of summaries) {
    const other = pedal.contender === 'pedal' ? others.get(JSON.stringify(pedal.cell)) : undefined;
    if (other === undefined) continue;
    ratios.push(measured(other) / measured(pedal));
    if (!(measured(pedal) < measured(other))) behind.push({ rival, pedal, other });
  }
  return {
    cells: ratios.length,
    ahead: ratios.length - behind.length,
    behind,
    least: Math.min(...ratios),
    most: Math.max(...ratios),
  };
}
