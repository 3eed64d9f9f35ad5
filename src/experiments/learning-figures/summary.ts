import { type CellResult, finalAccuracy, lateAccuracy } from './cell-result.ts';
import type { FigureCell, FigurePart } from './figure-cells.ts';

/** Mean and spread of what repeats gave. */
export interface Spread {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** Of the sample; 0 for a single run, which says nothing of it. */
  readonly deviation: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    count,
    mean,
    min: Math.min(...values),
    max: Math.max(...values),
    deviation: count < 2 ? 0 : Math.sqrt(squares / (count - 1)),
  };
}

/** One point of a figure: all repeats of one setting. */
export interface FigurePoint {
  readonly part: FigurePart;
  readonly strategy: string;
  readonly attack: string;
  readonly share: number;
  /** Seeds that ran; fewer than were planned when the figure was stopped before its end. */
  readonly seeds: readonly string[];
  readonly missing: number;
  /** Absent when no repeat ran. */
  readonly final?: Spread;
  readonly late?: Spread;
  /** Part of the liars that were asked whose weights were taken, over all rounds and repeats; absent without liars. */
  readonly liarsTaken?: number;
}

/** The points of a figure in the order of its cells. */
export function figurePoints(cells: readonly FigureCell[], results: ReadonlyMap<FigureCell, CellResult>): readonly FigurePoint[] {
  const groups = new Map<string, FigureCell[]>();
  for (const cell of cells) {
    const key = [cell.part, cell.strategy, cell.attack, cell.share].join(' ');
    groups.set(key, [...(groups.get(key) ?? []), cell]);
  }
  return [...groups.values()].map((group) => {
    const { part, strategy, attack, share } = group[0] as FigureCell;
    const found = group.map((cell) => results.get(cell)).filter((result) => result !== undefined);
    const rounds = found.flatMap((result) => result.rounds);
    const asked = rounds.reduce((sum, { liarsAsked }) => sum + liarsAsked, 0);
    const taken = rounds.reduce((sum, { liarsAccepted }) => sum + liarsAccepted, 0);
    return {
      ...{ part, strategy, attack: share === 0 ? 'none' : attack, share },
      seeds: found.map(({ plan }) => plan.seed),
      missing: group.length - found.length,
      ...(found.length > 0 && { final: spreadOf(found.map(finalAccuracy)), late: spreadOf(found.map(lateAccuracy)) }),
      ...(asked > 0 && { liarsTaken: taken / asked }),
    };
  });
}
