import FFT from 'fft.js';

/** One-sided power spectrum of a real signal. */
export interface PowerSpectrum {
  /** Mean square carried by each bin, 0..transformLength/2, in the signal's unit squared; their sum is the mean square. */
  readonly power: Float64Array;
  /** Peak amplitude of a sine that stands alone at the bin's frequency, in the signal's unit. */
  readonly amplitude: Float64Array;
  readonly binHz: number;
  /** Bins from a sine's peak to the first zero of its main lobe: two peaks closer than that are one. */
  readonly mainLobeBins: number;
}

export type SpectralWindow = 'rectangular' | 'hann';

// Tables of fft.js by transform length: powers of two only, so at most seventeen of them.
const transforms = new Map<number, FFT>();

function transformOf(length: number): FFT {
  let transform = transforms.get(length);
  if (transform === undefined) {
    transform = new FFT(length);
    transforms.set(length, transform);
  }
  return transform;
}

/**
 * The power spectrum of `signal`, weighted by `window` and padded with zeros to a power of two.
 *
 * With the rectangular window the sum of `power` equals the mean square exactly (Parseval). With the Hann window it
 * does so in expectation: each bin is divided by the mean square of the window.
 */
export function powerSpectrum(signal: Float64Array, sampleRateHz: number, window: SpectralWindow): PowerSpectrum {
  const length = Math.max(4, 2 ** Math.ceil(Math.log2(signal.length)));
  const weighted = new Float64Array(length);
  let weightSum = 0;
  let weightSquares = 0;
  for (let at = 0; at < signal.length; at++) {
    const weight = window === 'hann' ? 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / signal.length) : 1;
    weighted[at] = weight * (signal[at] as number);
    weightSum += weight;
    weightSquares += weight * weight;
  }
  const transform = transformOf(length);
  const bins = transform.createComplexArray();
  transform.realTransform(bins, weighted);
  const half = length / 2;
  const power = new Float64Array(half + 1);
  const amplitude = new Float64Array(half + 1);
  for (let bin = 0; bin <= half; bin++) {
    const square = (bins[2 * bin] as number) ** 2 + (bins[2 * bin + 1] as number) ** 2;
    // Every bin but the first and the last stands for itself and its mirror image.
    const mirrored = bin === 0 || bin === half ? 1 : 2;
    power[bin] = (mirrored * square) / (weightSquares * length);
    amplitude[bin] = (mirrored * Math.sqrt(square)) / weightSum;
  }
  const lobe = window === 'hann' ? 2 : 1;
  return { power, amplitude, binHz: sampleRateHz / length, mainLobeBins: (lobe * length) / signal.length };
}
