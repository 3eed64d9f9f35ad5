import type { BlsCurve } from './bls-curve.ts';
import { nobleCurve } from './bls-noble.ts';

let lent: (() => BlsCurve | undefined) | undefined;
let chosen: BlsCurve | undefined;

/**
 * Lets a host that has a faster implementation lend it. It is asked for when the first key or signature is worked on, and
 * what computes everywhere is used when it returns nothing; both give the same bytes and the same answers.
 */
export function lendBlsCurve(load: () => BlsCurve | undefined): void {
  if (lent === load) return;
  lent = load;
  chosen = undefined;
}

/** The fastest implementation that this process has. */
export function blsCurve(): BlsCurve {
  chosen ??= lent?.() ?? nobleCurve;
  return chosen;
}
