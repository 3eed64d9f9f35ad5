import type { RandomStream } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import './errors.ts';

/** What is wrong with a bearing. */
export type BearingState = 'sound' | 'inner race' | 'outer race' | 'ball' | 'cage';

/** The states in the order of their labels. */
export const BEARING_STATES: readonly BearingState[] = ['sound', 'inner race', 'outer race', 'ball', 'cage'];

/** A rolling bearing whose inner race turns. Lengths in one unit, which cancels out. */
export interface BearingGeometry {
  readonly balls: number;
  readonly ballDiameter: number;
  /** Diameter of the circle through the middles of the balls. */
  readonly pitchDiameter: number;
  readonly contactDegrees: number;
}

/** The deep-groove ball bearing 6205, millimetres: what many test rigs use. */
export const BEARING_6205: BearingGeometry = { balls: 9, ballDiameter: 7.94, pitchDiameter: 39.04, contactDegrees: 0 };

/** How often per turn of the shaft a fault is struck, or, for the cage, how often the cage turns. */
export interface FaultOrders {
  /** Balls that pass a place of the inner race. */
  readonly innerRace: number;
  /** Balls that pass a place of the outer race. */
  readonly outerRace: number;
  /** Strikes of a place of a ball: it meets both races in each of its own turns. */
  readonly ball: number;
  readonly cage: number;
}

/**
 * The kinematic orders of a bearing that rolls without slipping (Randall and Antoni 2011, equations 1 to 4). Times the
 * turns of the shaft per second they are frequencies.
 */
export function faultOrders({ balls, ballDiameter, pitchDiameter, contactDegrees }: BearingGeometry): FaultOrders {
  const ratio = (ballDiameter / pitchDiameter) * Math.cos((contactDegrees * Math.PI) / 180);
  if (!(Number.isSafeInteger(balls) && balls > 0 && ratio > 0 && ratio < 1))
    throw new TreadleError('DATASET_OPTION_INVALID', {
      detail: 'the geometry is that of no bearing: the balls must fit between the races',
    });
  return {
    innerRace: (balls / 2) * (1 + ratio),
    outerRace: (balls / 2) * (1 - ratio),
    ball: (pitchDiameter / ballDiameter) * (1 - ratio * ratio),
    cage: (1 - ratio) / 2,
  };
}

/** What stays the same of one machine from window to window. */
export interface BearingMachine {
  readonly geometry: BearingGeometry;
  /** The structure that a strike makes ring: its frequency in Hz, and its damping as part of the critical. */
  readonly resonanceHz: number;
  readonly damping: number;
  /** Amplitudes of the first harmonics of the shaft: imbalance, misalignment. */
  readonly shaftHarmonics: readonly number[];
}

export interface VibrationOptions {
  readonly machine: BearingMachine;
  readonly state: BearingState;
  readonly samples: number;
  readonly sampleRateHz: number;
  readonly turnsPerSecond: number;
  /** Change of the speed over the window, as part of it: 0.02 ends 2 % faster than it began. */
  readonly speedChange?: number;
  /** Load as part of the rated one: strikes grow with it. */
  readonly load?: number;
  /** Change of the load over the window, as part of it. */
  readonly loadChange?: number;
  /** Amplitude of a strike at the rated load. */
  readonly severity?: number;
  /** Deviation of the noise; a strike of severity 1 is as high as noise of deviation 1 reaches in a third of all samples. */
  readonly noise?: number;
  /** Deviation of the time between strikes, as part of it: balls slip. */
  readonly slip?: number;
  readonly random: RandomStream;
}

/**
 * A window of the acceleration that a bearing makes: each time the fault is struck, the structure rings and dies away.
 * Strikes follow the angle of the shaft, so that they follow changes of speed; those of a fault that moves through the
 * loaded side (inner race, ball) rise and fall with it. Shaft harmonics and noise lie below.
 *
 * @throws TreadleError DATASET_OPTION_INVALID
 */
export function bearingVibration(options: VibrationOptions): Float32Array {
  const { machine, state, samples, sampleRateHz, turnsPerSecond, speedChange = 0, random } = options;
  const { load = 1, loadChange = 0, severity = 1, noise = 0.3, slip = 0.01 } = options;
  const { resonanceHz, damping } = machine;
  checkOptions(options);
  const durationSeconds = samples / sampleRateHz;
  // Turns since the window began, and their inverse, for a speed that changes evenly.
  const turnsAt = (seconds: number): number => turnsPerSecond * seconds * (1 + (speedChange * seconds) / (2 * durationSeconds));
  const signal = new Float64Array(samples);
  const firstTurn = random.float();
  for (const [at, amplitude] of machine.shaftHarmonics.entries()) {
    for (let sample = 0; sample < samples; sample++) {
      const angle = 2 * Math.PI * (at + 1) * (firstTurn + turnsAt(sample / sampleRateHz));
      signal[sample] = (signal[sample] as number) + amplitude * Math.sin(angle);
    }
  }
  if (state !== 'sound') {
    const orders = faultOrders(machine.geometry);
    const { perTurn, zoneOrder } = strikesOf(state, orders);
    const ringSeconds = Math.log(1_000) / (2 * Math.PI * resonanceHz * damping);
    const zonePhase = random.float();
    // Ringing of strikes from before the window reaches into it.
    let turns = turnsAt(-ringSeconds) + random.float() / perTurn;
    for (let seconds = 0; ; turns += Math.max(0.1, random.normal(1, slip)) / perTurn) {
      seconds = secondsAt(turns, turnsPerSecond, speedChange / durationSeconds);
      if (seconds >= durationSeconds) break;
      const loadNow = load * (1 + (loadChange * Math.max(0, seconds)) / durationSeconds);
      const height = severity * loadNow * (zoneOrder === 0 ? 1 : loadZone(zonePhase + zoneOrder * turns));
      ring(signal, { seconds, height, resonanceHz, damping, ringSeconds, sampleRateHz });
    }
  }
  return Float32Array.from(signal, (value) => value + random.normal(0, noise));
}

/** How often per turn a fault is struck, and how often per turn it passes the loaded side (0: never leaves it). */
function strikesOf(state: Exclude<BearingState, 'sound'>, orders: FaultOrders): { perTurn: number; zoneOrder: number } {
  switch (state) {
    case 'inner race':
      return { perTurn: orders.innerRace, zoneOrder: 1 };
    case 'outer race':
      return { perTurn: orders.outerRace, zoneOrder: 0 };
    case 'ball':
      return { perTurn: orders.ball, zoneOrder: orders.cage };
    case 'cage':
      return { perTurn: orders.cage, zoneOrder: 0 };
  }
}

/** Part of the load that a place carries at an angle (in turns) from the middle of the loaded side (Stribeck's distribution, half the circle loaded). */
function loadZone(turns: number): number {
  return Math.max(0.05, Math.cos(2 * Math.PI * turns)) ** 1.5;
}

/** When the shaft has made so many turns: the inverse of turns = speed t (1 + rate t / 2). */
function secondsAt(turns: number, turnsPerSecond: number, rate: number): number {
  const seconds = turns / turnsPerSecond;
  return Math.abs(rate) < 1e-9 ? seconds : (Math.sqrt(Math.max(0, 1 + 2 * rate * seconds)) - 1) / rate;
}

interface Strike {
  readonly seconds: number;
  readonly height: number;
  readonly resonanceHz: number;
  readonly damping: number;
  readonly ringSeconds: number;
  readonly sampleRateHz: number;
}

/** Adds the decaying sine of one strike, which begins between two samples as a rule. */
function ring(signal: Float64Array, { seconds, height, resonanceHz, damping, ringSeconds, sampleRateHz }: Strike): void {
  const first = Math.max(0, Math.ceil(seconds * sampleRateHz));
  const end = Math.min(signal.length, Math.ceil((seconds + ringSeconds) * sampleRateHz));
  for (let sample = first; sample < end; sample++) {
    const since = 2 * Math.PI * resonanceHz * (sample / sampleRateHz - seconds);
    signal[sample] =
      (signal[sample] as number) + height * Math.exp(-damping * since) * Math.sin(since * Math.sqrt(1 - damping * damping));
  }
}

function checkOptions({
  samples,
  sampleRateHz,
  turnsPerSecond,
  speedChange = 0,
  noise = 0,
  slip = 0,
  machine,
}: VibrationOptions): void {
  const checks: readonly (readonly [boolean, string])[] = [
    [Number.isSafeInteger(samples) && samples > 0, `a window of ${samples} samples`],
    [sampleRateHz > 0, `a sample rate of ${sampleRateHz} Hz`],
    [turnsPerSecond > 0, `${turnsPerSecond} turns a second`],
    [Math.abs(speedChange) <= 0.5, `a speed that changes by ${speedChange} of itself (0.5 at most)`],
    [noise >= 0 && slip >= 0 && slip <= 0.1, `noise ${noise} and slip ${slip} (0 to 0.1)`],
    [
      machine.resonanceHz > 0 && machine.resonanceHz < sampleRateHz / 2,
      `a resonance of ${machine.resonanceHz} Hz at ${sampleRateHz} samples a second`,
    ],
    [machine.damping > 0.001 && machine.damping < 1, `a damping of ${machine.damping}`],
  ];
  const wrong = checks.find(([holds]) => !holds);
  if (wrong) throw new TreadleError('DATASET_OPTION_INVALID', { detail: `vibration cannot be made with ${wrong[1]}` });
}
