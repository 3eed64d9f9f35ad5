import { type AttemptReason, type RequestReason, requestReasons } from '../contracts/index.ts';

/** What a group can sign. */
export type FailureReason = Exclude<RequestReason, 'none' | 'expired'>;

/** Why an attempt came to nothing. */
export type Attempt = Exclude<AttemptReason, 'none'>;

/** What may pass by itself: signed as a failure only when most of a request's time is over. */
const PASSING: ReadonlySet<FailureReason> = new Set(['sourceUnreachable', 'sourceRefused', 'noAgreement']);

/** Part of a request's life after which what may pass by itself is given up. */
const PATIENCE = 2 / 3;

/** Whether a group should say now that a request failed, or rather try again. */
export function isFinal(
  reason: FailureReason,
  request: { readonly requestedAt: number; readonly expiresAt: number },
  nowSeconds: number,
): boolean {
  return !PASSING.has(reason) || nowSeconds >= patienceEnds(request);
}

/** From when on what may pass by itself is given up, seconds since the epoch. */
export function patienceEnds({ requestedAt, expiresAt }: { readonly requestedAt: number; readonly expiresAt: number }): number {
  return Math.ceil(requestedAt + PATIENCE * (expiresAt - requestedAt));
}

/** @throws RangeError for a number that is none */
export function failureReasonOf(index: number): FailureReason {
  const reason = requestReasons[index];
  if (reason === undefined || reason === 'none' || reason === 'expired') {
    throw new RangeError(`${index} is no reason of a failure`);
  }
  return reason;
}
