import type { RandomStream } from '../../environment/index.ts';
import { encodeSamples, type SampleWindow } from './samples.ts';

/**
 * A synthetic rotating machine. It stands in for a sensor where there is none (simulated devices, demonstrations): the
 * samples follow a textbook model and are no measurement of a real machine.
 */
export interface VibrationSourceOptions {
  readonly random: RandomStream;
  readonly sampleRateHz: number;
  /** Speed of the shaft. Default 24.7 Hz (1,482 rpm, a four-pole motor under load). */
  readonly shaftHz?: number;
  readonly axes?: number;
  /** Impulses of the bearing's outer race per turn. Default 3.58. */
  readonly faultsPerTurn?: number;
}

export interface VibrationSource {
  /**
   * The next `samples` of the machine in m/s2; the phase goes on from the window before.
   * `severity` 0 is a sound machine (zone A), 1 one about to fail (zone D).
   */
  window(samples: number, severity: number): SampleWindow;
  /** The same, as bytes of {@link SAMPLES_MEDIA_TYPE}. */
  bytes(samples: number, severity: number): Uint8Array;
}

/** Shares of the harmonics of the shaft's speed in the velocity: unbalance, misalignment, looseness. */
const HARMONICS = [1, 0.45, 0.2, 0.08];
/** Velocity of the first harmonic (amplitude, mm/s) of a sound machine, and what full severity adds. */
const SOUND_MM_PER_S = 0.9;
const FAULT_MM_PER_S = 9;
/** Noise (deviation, m/s2), and what full severity adds. */
const SOUND_NOISE = 0.08;
const FAULT_NOISE = 0.4;
/** First amplitude of the ringing after an impulse at full severity, m/s2. */
const IMPULSE = 30;
/** Decay of the ringing. */
const RING_SECONDS = 0.0015;

/** Builds a source: rotation harmonics, decaying rings from bearing impulses with 1 % jitter, and Gaussian noise. */
export function createVibrationSource(options: VibrationSourceOptions): VibrationSource {
  const { random, sampleRateHz, shaftHz = 24.7, axes = 1, faultsPerTurn = 3.58 } = options;
  // The housing rings near 2.7 kHz; on a slow sensor it is heard where the sensor still hears.
  const resonanceHz = Math.min(2_700, sampleRateHz * 0.35);
  const gains = Array.from({ length: axes }, (_, axis) => 1 / (1 + 0.35 * axis));
  const harmonics = HARMONICS.map((share, index) => ({
    share,
    angular: 2 * Math.PI * shaftHz * (index + 1),
    phase: random.float() * 2 * Math.PI,
  }));
  let sampleIndex = 0;
  let nextImpulseSeconds = random.float() / (faultsPerTurn * shaftHz);
  let lastImpulseSeconds = Number.NEGATIVE_INFINITY;

  function shaft(seconds: number, severity: number): number {
    const velocityMPerS = (SOUND_MM_PER_S + FAULT_MM_PER_S * severity * severity) / 1000;
    let sum = 0;
    for (const { share, angular, phase } of harmonics) {
      sum += share * velocityMPerS * angular * Math.sin(angular * seconds + phase);
    }
    return sum;
  }

  function bearing(seconds: number, severity: number): number {
    if (seconds >= nextImpulseSeconds) {
      lastImpulseSeconds = nextImpulseSeconds;
      nextImpulseSeconds += random.normal(1, 0.01) / (faultsPerTurn * shaftHz);
    }
    const since = seconds - lastImpulseSeconds;
    if (since > 12 * RING_SECONDS) return 0;
    return IMPULSE * severity * Math.exp(-since / RING_SECONDS) * Math.sin(2 * Math.PI * resonanceHz * since);
  }

  function window(samples: number, severityGiven: number): SampleWindow {
    const severity = Math.min(1, Math.max(0, severityGiven));
    const lists = gains.map((gain) => ({ gain, list: new Float32Array(samples) }));
    for (let at = 0; at < samples; at++) {
      const seconds = sampleIndex++ / sampleRateHz;
      const machine = shaft(seconds, severity) + bearing(seconds, severity);
      for (const { gain, list } of lists) list[at] = gain * machine + random.normal(0, SOUND_NOISE + FAULT_NOISE * severity);
    }
    return { sampleRateHz, unit: 'm/s2', axes: lists.map(({ list }) => list) };
  }

  return { window, bytes: (samples, severity) => encodeSamples(window(samples, severity)) };
}
