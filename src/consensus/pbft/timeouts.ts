const GROWTH = 1.5;
const CAP = 8;
/** 1.5^6 is above the cap: no larger exponent is ever computed, however large a round a liar names. */
const GROWING_ROUNDS = 6;

/** Time that `round` is given, in microseconds: the base, half as much again per round, at most eight times the base. */
export function roundTimeoutMicros(baseTimeoutMicros: number, round: number): number {
  return Math.round(baseTimeoutMicros * Math.min(GROWTH ** Math.min(round, GROWING_ROUNDS), CAP));
}
