/**
 * "Did you mean": the nearest of the names that are allowed. Below all levels, like the error type, because every
 * reader of something a person wrote (node files, scenarios, commands) needs it.
 */

/** Names longer than this are not compared: nobody mistypes a paragraph, and the cost is quadratic. */
const NAME_LENGTH_MAX = 64;

/**
 * The allowed name nearest to `given` by edit distance (letter case ignored), or undefined when none is near
 * enough to be a slip of the keyboard: at most a third of the longer name, and at most 3 edits.
 */
export function nearestName(given: string, allowed: readonly string[]): string | undefined {
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of allowed) {
    const distance = editDistance(given.toLowerCase(), name.toLowerCase());
    const bound = Math.min(3, Math.max(1, Math.floor(Math.max(given.length, name.length) / 3)));
    if (distance <= bound && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one name into the other (optimal string alignment). */
export function editDistance(left: string, right: string): number {
  if (left.length > NAME_LENGTH_MAX || right.length > NAME_LENGTH_MAX) return left === right ? 0 : NAME_LENGTH_MAX;
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(
        (last[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (last[column - 1] as number) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] as number) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length] as number;
}
