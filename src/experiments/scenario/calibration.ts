import { z } from 'zod';

/** How long a machine takes for what nodes charge, as `treadle calibrate` writes it. */
export interface Calibration {
  /** Which machine it was, for readers. */
  readonly machine: string;
  /** Microseconds of one core per unit of each operation. */
  readonly costMicros: Readonly<Record<string, number>>;
  /** Time of a flush to its disk. */
  readonly syncMicros: number;
}

/** Operations that a file may price: those that exist, many times over. */
const OPERATIONS_MAX = 100;

const calibrationForm = z.strictObject({
  machine: z.string(),
  costMicros: z
    .record(z.string(), z.number().nonnegative())
    .refine((costs) => Object.keys(costs).length <= OPERATIONS_MAX, `prices more than ${OPERATIONS_MAX} operations`),
  syncMicros: z.number().nonnegative(),
});

/** Reads a calibration; undefined, with the reason, when the text is none. */
export function readCalibration(text: string): Calibration | { readonly reason: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { reason: `it is no JSON (${error instanceof Error ? error.message : String(error)})` };
  }
  const read = calibrationForm.safeParse(value);
  return read.success ? read.data : { reason: z.prettifyError(read.error).replaceAll('\n', ' ') };
}
