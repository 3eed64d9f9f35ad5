import type { Micros } from '../environment/index.ts';

/** The pause before the next try: `min` after the first that failed (`failures` 0), doubled with each further one, up to `max`. */
export function growingPauseMicros(failures: number, { min, max }: { readonly min: Micros; readonly max: Micros }): Micros {
  return Math.min(max, min * 2 ** Math.min(failures, 16));
}
