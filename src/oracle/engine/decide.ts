import { quorumOf, type RequestReason } from '../../contracts/index.ts';
import type { OracleJob, OracleRequest, Verdict } from '../job.ts';
import type { FailureReason } from '../reasons.ts';
import type { SignedSight } from './sights.ts';

/** What goes on the ledger about a request: a result, or the reason why there is none. */
export interface Outcome {
  readonly id: bigint;
  readonly reason: RequestReason;
  /** Seconds since the epoch. */
  readonly observedAt: number;
  readonly result: Uint8Array;
}

/** A verdict and when it was seen. */
export interface Decision {
  readonly verdict: Verdict;
  readonly observedAt: number;
}

/**
 * What follows from the sights of a group: pure, so that whoever is shown the same sights can check it. Values decide when there
 * are enough of them; failures do when so many members failed that enough values cannot come, which liars alone never are.
 *
 * @param sights - of different members, checked, values in the job's form
 */
export function decide<Q>(
  job: OracleJob<Q>,
  query: Q,
  request: Pick<OracleRequest, 'groupSize' | 'unanimous'>,
  sights: readonly SignedSight[],
): Decision | undefined {
  const { groupSize, unanimous } = request;
  // The order of arrival must not matter.
  const sorted = [...sights].sort((left, right) => left.member - right.member);
  const values = sorted.flatMap(({ sight, observedAt }) => (sight.kind === 'value' ? [{ value: sight.value, observedAt }] : []));
  if (values.length >= job.quorum(query, groupSize)) {
    const verdict = job.outcome(
      query,
      values.map(({ value }) => value),
      groupSize,
    );
    if (verdict !== undefined) return { verdict, observedAt: middle(values.map(({ observedAt }) => observedAt)) };
  }
  const failures = sorted.flatMap(({ sight, observedAt }) =>
    sight.kind === 'failure' ? [{ reason: sight.reason, observedAt }] : [],
  );
  if (failures.length > groupSize - quorumOf(groupSize, unanimous)) {
    const reason = mostFrequent(failures.map((failure) => failure.reason));
    return { verdict: { kind: 'failure', reason }, observedAt: middle(failures.map(({ observedAt }) => observedAt)) };
  }
  return undefined;
}

/** The lower median: with a majority of honest clocks it lies between two of them. */
export function middle(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[(sorted.length - 1) >> 1] ?? 0;
}

function mostFrequent(reasons: readonly FailureReason[]): FailureReason {
  const counts = new Map<FailureReason, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const [first] = [...counts].sort(([left, many], [right, more]) => more - many || (left < right ? -1 : 1));
  return (first as readonly [FailureReason, number])[0];
}

/** The outcome that a decision stands for on the ledger: a result that its job may not have is none. */
export function outcomeOf<Q>(
  job: OracleJob<Q>,
  query: Q,
  { id, resultBytesMax }: Pick<OracleRequest, 'id' | 'resultBytesMax'>,
  { verdict, observedAt }: Decision,
  nonce: Uint8Array,
): Outcome {
  if (verdict.kind === 'failure') return { id, reason: verdict.reason, observedAt, result: new Uint8Array() };
  const result = job.report(query, verdict.value, nonce);
  if (result.length > resultBytesMax) return { id, reason: 'resultTooLarge', observedAt, result: new Uint8Array() };
  return { id, reason: 'none', observedAt, result };
}
