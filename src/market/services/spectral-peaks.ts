import type { PowerSpectrum } from './power-spectrum.ts';

export interface SpectralPeak {
  readonly frequencyHz: number;
  /** Amplitude of the sine, in the signal's unit. */
  readonly amplitude: number;
}

/**
 * The `count` strongest local maxima, strongest first, at least one main lobe apart. Frequency and amplitude are
 * those of the parabola through the logarithms of the top bin and its two neighbours.
 */
export function spectralPeaks(spectrum: PowerSpectrum, count: number): SpectralPeak[] {
  const { amplitude } = spectrum;
  const candidates: number[] = [];
  for (let bin = 1; bin < amplitude.length - 1; bin++) {
    const here = amplitude[bin] as number;
    if (here > (amplitude[bin - 1] as number) && here >= (amplitude[bin + 1] as number)) candidates.push(bin);
  }
  candidates.sort((left, right) => (amplitude[right] as number) - (amplitude[left] as number) || left - right);
  const chosen: number[] = [];
  for (const bin of candidates) {
    if (chosen.length === count) break;
    if (chosen.every((other) => Math.abs(other - bin) > spectrum.mainLobeBins)) chosen.push(bin);
  }
  return chosen.map((bin) => interpolate(spectrum, bin));
}

function interpolate({ amplitude, binHz }: PowerSpectrum, bin: number): SpectralPeak {
  const top = amplitude[bin] as number;
  const left = amplitude[bin - 1] as number;
  const right = amplitude[bin + 1] as number;
  // A neighbour of exactly zero has no logarithm; the peak is then the bin itself.
  if (left <= 0 || right <= 0) return { frequencyHz: bin * binHz, amplitude: top };
  const [a, b, c] = [Math.log(left), Math.log(top), Math.log(right)];
  const curvature = a - 2 * b + c;
  if (curvature >= 0) return { frequencyHz: bin * binHz, amplitude: top };
  const shift = (0.5 * (a - c)) / curvature;
  return { frequencyHz: (bin + shift) * binHz, amplitude: Math.exp(b - 0.25 * (a - c) * shift) };
}
