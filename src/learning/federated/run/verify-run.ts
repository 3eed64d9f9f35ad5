import type { RoundRecord } from '../round/round-record.ts';
import { digestOfWeights, type WeightsDigest } from '../weights.ts';
import type { JobRunner } from './job.ts';
import { clientNumber, orderOf, type RunPlan } from './run-plan.ts';

/** What came of training again what a client says it trained. */
export interface ClientCheck {
  readonly round: number;
  readonly client: string;
  /** What the client announced. */
  readonly announced: WeightsDigest;
  /** What its samples, the seed and the global model give. */
  readonly found: WeightsDigest;
  readonly honest: boolean;
  /** The announced weights are in the global model of the round. */
  readonly accepted: boolean;
}

/** Trains again what every client of a round gave. Checks come in the order of the clients. */
export async function verifyRound(
  { plan, runner }: { readonly plan: RunPlan; readonly runner: JobRunner },
  record: RoundRecord,
  start: Float32Array,
): Promise<ClientCheck[]> {
  const order = orderOf(plan);
  const given = [
    ...record.accepted.map(({ client, digest }) => ({ client, digest, accepted: true })),
    ...record.rejected.map(({ client, digest }) => ({ client, digest, accepted: false })),
  ].sort((left, right) => (left.client < right.client ? -1 : 1));
  return await Promise.all(
    given.map(async ({ client, digest, accepted }) => {
      const who = clientNumber(client);
      const { weights } = await runner.run({ type: 'train', who, round: record.round, start, order, claim: false });
      const found = digestOfWeights(weights);
      return { round: record.round, client, announced: digest, found, honest: found === digest, accepted };
    }),
  );
}
