/** Smallest, middle and largest of some runs. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** @param values - at least one, in any order; not changed. An even number has the mean of its two middle values as median. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((left, right) => left - right);
  const at = (index: number): number => sorted[index] ?? 0;
  const middle = (sorted.length - 1) / 2;
  return { min: at(0), median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, max: at(sorted.length - 1) };
}

/**
 * The least number of tasks from which on `ours` is below `other`, up to the last point.
 *
 * @param ours - values by number of tasks, from 1 on, as `other`
 * @returns undefined when it is not below at the end
 */
export function crossover(ours: readonly number[], other: readonly number[]): number | undefined {
  let tasks: number | undefined;
  for (let at = ours.length - 1; at >= 0; at--) {
    if (!((ours[at] as number) < (other[at] as number))) break;
    tasks = at + 1;
  }
  return tasks;
}
