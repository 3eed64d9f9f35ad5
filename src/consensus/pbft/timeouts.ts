import { BASE_TIMEOUT_MICROS_MAX } from '../../limits.ts';

const GROWTH = 1.5;
const CAP = 8;
/** 1.5^6 is above the cap: no larger exponent is ever computed, however large a round a liar names. */
const GROWING_ROUNDS = 6;
/** A microsecond doubled so often is above every base there is. */
const DOUBLINGS_MAX = 40;

/**
 * The base that the rounds of a height are reckoned with. Among f+1 proposers in a row one is honest: when that many rounds
 * of the longest time ran out, the base was too short for this network, and counts twice from there on.
 *
 * @param exhausted - rounds of the longest time of this height that ran out at this node
 * @param faults - f, the liars that the sealers tolerate
 */
export function stretchedBaseMicros(
  baseTimeoutMicros: number,
  { exhausted, faults }: { readonly exhausted: number; readonly faults: number },
): number {
  const doublings = Math.min(Math.floor(exhausted / (faults + 1)), DOUBLINGS_MAX);
  return Math.max(baseTimeoutMicros, Math.min(baseTimeoutMicros * 2 ** doublings, BASE_TIMEOUT_MICROS_MAX));
}

/** True when `round` is given the longest time that there is. */
export function isLongest(round: number): boolean {
  return round >= GROWING_ROUNDS;
}

/** Time that `round` is given, in microseconds: the base, half as much again per round, at most eight times the base. */
export function roundTimeoutMicros(baseTimeoutMicros: number, round: number): number {
  return Math.round(baseTimeoutMicros * Math.min(GROWTH ** Math.min(round, GROWING_ROUNDS), CAP));
}
