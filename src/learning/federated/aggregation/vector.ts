/** Sums over weight vectors in double precision, in the order of the vector: the same bits on every machine. */

/** |a - b|. */
export function distance(a: Float32Array, b: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) {
    const away = (a[at] as number) - (b[at] as number);
    sum += away * away;
  }
  return Math.sqrt(sum);
}

/** total += factor * (vector - origin); origin 0 when absent. */
export function addScaled(total: Float64Array, vector: Float32Array, factor: number, origin?: ArrayLike<number>): void {
  if (origin === undefined) {
    for (let at = 0; at < total.length; at++) total[at] = (total[at] as number) + factor * (vector[at] as number);
    return;
  }
  for (let at = 0; at < total.length; at++) {
    total[at] = (total[at] as number) + factor * ((vector[at] as number) - (origin[at] as number));
  }
}

/** origin + factor * (vector - origin), rounded to single precision. */
export function towards(origin: Float32Array, vector: Float32Array, factor: number): Float32Array {
  const result = new Float32Array(vector.length);
  for (let at = 0; at < vector.length; at++) {
    const from = origin[at] as number;
    result[at] = from + factor * ((vector[at] as number) - from);
  }
  return result;
}

/** The middle number; of an even count the mean of the two in the middle. */
export function medianOf(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
