import { toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import type { MeteredResult } from './message-call.ts';

/** Runs the call with a gas limit. */
export type Trial = (gas: bigint) => Promise<MeteredResult>;

/**
 * The smallest gas limit in `minimum..maximum` with which the call succeeds. A call can need more gas than it uses:
 * refunds come at the end, and an inner call gets at most 63/64 of what is left (EIP-150).
 *
 * @throws TreadleError LEDGER_CALL_REVERTED when it fails with `maximum` too
 */
export async function smallestGas(trial: Trial, bounds: { readonly minimum: bigint; readonly maximum: bigint }): Promise<bigint> {
  const full = await trial(bounds.maximum);
  if (!full.success) throw revertedCall(full);
  // What was used is a lower bound of the limit; what would do with all reserves is a good first guess of an upper one.
  let failing = full.gasUsed - 1n > bounds.minimum - 1n ? full.gasUsed - 1n : bounds.minimum - 1n;
  let working = bounds.maximum;
  const guess = ((full.gasUsed + full.gasRefunded + CALL_STIPEND) * 64n) / 63n;
  if (guess > failing && guess < working) {
    if ((await trial(guess)).success) working = guess;
    else failing = guess;
  }
  if (failing + 1n < working && (await trial(failing + 1n)).success) return failing + 1n;
  while (failing + 1n < working) {
    const middle = (failing + working) / 2n;
    if ((await trial(middle)).success) working = middle;
    else failing = middle;
  }
  return working;
}

const CALL_STIPEND = 2300n;

export function revertedCall(result: MeteredResult): TreadleError {
  return new TreadleError('LEDGER_CALL_REVERTED', {
    detail: `the call fails: ${result.error ?? 'unknown error'}`,
    data: { error: result.error, returnData: toHex(result.returnData), gasUsed: result.gasUsed.toString() },
  });
}
