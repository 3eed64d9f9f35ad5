/** Shape of a signal around its mean. */
export interface Moments {
  readonly mean: number;
  /** Root mean square of the deviation from the mean. */
  readonly rms: number;
  /** Largest deviation from the mean. */
  readonly peak: number;
  /** Peak / rms; null for a constant signal. */
  readonly crestFactor: number | null;
  /** Fourth moment / squared second moment (Pearson: 3 for noise, 1.5 for a sine); null for a constant signal. */
  readonly kurtosis: number | null;
  /** The signal less its mean. */
  readonly centred: Float64Array;
}

/** Computes {@link Moments} in two passes, so that a large mean costs no precision. */
export function momentsOf(samples: Float32Array, scale = 1): Moments {
  let sum = 0;
  for (const sample of samples) sum += sample * scale;
  const mean = sum / samples.length;
  const centred = new Float64Array(samples.length);
  let second = 0;
  let fourth = 0;
  let peak = 0;
  for (let at = 0; at < samples.length; at++) {
    const deviation = (samples[at] as number) * scale - mean;
    const square = deviation * deviation;
    centred[at] = deviation;
    second += square;
    fourth += square * square;
    peak = Math.max(peak, Math.abs(deviation));
  }
  second /= samples.length;
  fourth /= samples.length;
  const rms = Math.sqrt(second);
  // Rounding leaves a trace of the mean in a constant signal: below one part in 10^9 it is constant.
  const constant = rms <= 1e-9 * Math.max(1, Math.abs(mean));
  return {
    mean,
    rms,
    peak,
    crestFactor: constant ? null : peak / rms,
    kurtosis: constant ? null : fourth / (second * second),
    centred,
  };
}
