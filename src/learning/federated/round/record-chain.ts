import { TreadleError } from '../../../errors.ts';
import '../errors.ts';
import type { WeightsDigest } from '../weights.ts';
import type { RoundRecord } from './round-record.ts';

/**
 * Holds the records of a training to one another: rounds follow each other from 1, each begins with the model that the one before ended
 * with, no client is in a round twice, and shares add up to 1.
 *
 * @param expected - name of the training, and digest of the model that round 1 begins with
 * @throws TreadleError FEDERATED_STATE_INVALID
 */
export function checkRecordChain(
  records: readonly RoundRecord[],
  expected: { readonly training: string; readonly first: WeightsDigest },
): void {
  let previous = expected.first;
  for (const [at, record] of records.entries()) {
    if (record.training !== expected.training)
      throw invalid(`round ${at + 1} belongs to the training ${record.training}, not ${expected.training}`);
    if (record.round !== at + 1) throw invalid(`round ${record.round} stands where round ${at + 1} should`);
    if (record.previous !== previous)
      throw invalid(`round ${record.round} begins with another model than the one before ended with`);
    const clients = [...record.accepted, ...record.rejected, ...record.absent].map(({ client }) => client);
    if (new Set(clients).size !== clients.length) throw invalid(`a client is in round ${record.round} twice`);
    const share = record.accepted.reduce((sum, each) => sum + each.share, 0);
    if (record.accepted.length > 0 && Math.abs(share - 1) > 1e-6)
      throw invalid(`the shares of round ${record.round} add up to ${share}`);
    previous = record.digest;
  }
}

function invalid(detail: string): TreadleError {
  return new TreadleError('FEDERATED_STATE_INVALID', { detail });
}
