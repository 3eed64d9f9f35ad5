import { seededStream, shuffled } from '../../datasets/index.ts';
import { PRE_AGGREGATORS, STRATEGIES } from '../aggregation/catalogue.ts';
import { type Aggregate, aggregate, aggregateOrKeep, type Contribution, type RoundContext } from '../aggregation/strategy.ts';
import type { Attack } from '../attacks/attack.ts';
import { findPlugin } from '../plugin.ts';
import type { AbsentClient, RejectedClient, RoundRecord } from '../round/round-record.ts';
import {
  digestOfBytes,
  digestOfWeights,
  faultOfWeights,
  type WeightsDigest,
  weightsFromBytes,
  weightsToBytes,
} from '../weights.ts';
import { attackContext, attackOf, evaluateOn, type JobRunner, type TrainJob, type TrainResult } from './job.ts';
import type { RunData } from './run-data.ts';
import { clientName, orderOf, type RunPlan } from './run-plan.ts';

export interface RoundInput {
  readonly plan: RunPlan;
  readonly data: RunData;
  readonly runner: JobRunner;
  /** Name of the training. */
  readonly training: string;
  /** From 1. */
  readonly round: number;
  readonly global: Float32Array;
}

export interface RoundOutcome {
  readonly record: RoundRecord;
  readonly weights: Float32Array;
}

/** Clients of a plan that attack, by number. */
export function maliciousClients(plan: RunPlan): ReadonlySet<number> {
  const order = shuffled(plan.clients, seededStream('malicious', plan.seed));
  return new Set(order.subarray(0, Math.round(plan.clients * plan.maliciousShare)));
}

/** Clients that are asked in a round, ascending. */
export function activeClients(plan: RunPlan, round: number): readonly number[] {
  return Array.from(shuffled(plan.clients, seededStream('clients', plan.seed, round)).subarray(0, plan.active)).sort(
    (left, right) => left - right,
  );
}

/** What a client sent: the digest that it announced, and the bytes that arrived. */
interface Sent {
  readonly client: string;
  readonly digest: WeightsDigest;
  readonly bytes: Uint8Array;
  readonly samples: number;
  readonly claimedLoss: number;
}

/**
 * One round: clients train, some of them lie, the strategy makes one model of what arrives, and it is measured. Clients train in parallel, as
 * far as the runner can; the outcome is the same however far that is.
 *
 * @throws TreadleError FEDERATED_TOO_FEW_CLIENTS when the strategy can never have enough
 */
export async function runRound(input: RoundInput): Promise<RoundOutcome> {
  const { plan, data, runner, round, global, training } = input;
  const previous = digestOfWeights(global);
  const { sent, absent } = await collect(input, previous);
  const { contributions, rejected, digests } = admit(sent, global.length);
  const { weights, ...result } = await aggregated(contributions, contextOf(input), plan);
  const metrics = await evaluateOn(runner, { weights, rows: 'measure' }, data.measure.length);
  const trigger = plan.attack && attackOf(plan.attack).trigger ? plan.attack : undefined;
  const triggered = trigger && (await evaluateOn(runner, { weights, rows: 'measure', trigger }, data.measure.length)).accuracy;
  const sentBy = (client: string) => digests.get(client) as Sent;
  const record: RoundRecord = {
    training,
    round,
    previous,
    digest: digestOfWeights(weights),
    accepted: result.accepted
      .map(({ client, share }) => ({ client, digest: sentBy(client).digest, samples: sentBy(client).samples, share }))
      .sort(byClient),
    rejected: [
      ...rejected,
      ...result.rejected.map(({ client, reason }) => ({
        client,
        digest: sentBy(client).digest,
        samples: sentBy(client).samples,
        reason,
      })),
    ].sort(byClient),
    absent: [...absent].sort(byClient),
    metrics: { ...metrics, evaluations: result.evaluations, ...(triggered !== undefined && { triggered }) },
  };
  return { record, weights };
}

async function collect(
  { plan, data, runner, round, global }: RoundInput,
  previous: WeightsDigest,
): Promise<{ readonly sent: readonly Sent[]; readonly absent: readonly AbsentClient[] }> {
  const active = activeClients(plan, round);
  const bad = maliciousClients(plan);
  const malicious = active.filter((number) => bad.has(number)).length;
  const attack: Attack = plan.attack ? attackOf(plan.attack) : {};
  const order = orderOf(plan);
  const claim = findPlugin(plan.strategy.name, STRATEGIES).wantsClaims === true;
  const cast = { seed: plan.seed, clients: active.length, malicious };
  const absent: AbsentClient[] = [];
  const turns = await Promise.all(
    active.map(async (number) => {
      const client = clientName(number);
      const liar = bad.has(number);
      const context = attackContext({ ...cast, round, global, client });
      if (liar && attack.download) {
        const digest = digestOfBytes(attack.download(weightsToBytes(global), context));
        if (digest !== previous) {
          absent.push({ client, reason: `got the model ${digest}, which is not the anchored one` });
          return undefined;
        }
      }
      if (liar && attack.instead) {
        const samples = (data.partition[number] as Uint32Array).length;
        return { client, liar, context, samples, weights: attack.instead(context), loss: Number.NaN, claimedLoss: Number.NaN };
      }
      const poison = liar && plan.attack && attack.poison && { attack: plan.attack, ...cast };
      const job: TrainJob = { type: 'train', who: number, round, start: global, order, claim, ...(poison && { poison }) };
      return { client, liar, context, ...(await runner.run(job)) };
    }),
  );
  const present = turns.filter((turn) => turn !== undefined);
  const conspirators = present.filter(({ liar }) => liar).map(({ weights }) => weights);
  const sent = await Promise.all(
    present.map(async ({ client, liar, context, ...trained }) => {
      if (!liar) return announce(client, trained, trained.weights);
      let weights = trained.weights;
      if (attack.change) weights = attack.change(weights, context);
      if (attack.conspire) weights = attack.conspire(conspirators, context);
      const claimedLoss = claim ? (await evaluateOn(runner, { weights, rows: 'judge' }, data.judge.length)).loss : Number.NaN;
      const said = attack.claim?.({ ...trained, claimedLoss }, context) ?? { samples: trained.samples, claimedLoss };
      const honest = announce(client, { ...trained, ...said }, weights);
      return attack.upload ? { ...honest, bytes: attack.upload(honest.bytes, context) } : honest;
    }),
  );
  return { sent, absent };
}

function announce(client: string, { samples, claimedLoss }: Omit<TrainResult, 'weights'>, weights: Float32Array): Sent {
  const bytes = weightsToBytes(weights);
  return { client, digest: digestOfBytes(bytes), bytes, samples, claimedLoss };
}

/** What arrived whole and can be used. */
function admit(sent: readonly Sent[], count: number) {
  const contributions: Contribution[] = [];
  const rejected: RejectedClient[] = [];
  for (const { client, digest, bytes, samples, claimedLoss } of sent) {
    const reason =
      digestOfBytes(bytes) === digest ? faultOfWeights(weightsFromBytes(bytes), count) : 'what arrived is not what was announced';
    if (reason !== undefined) rejected.push({ client, digest, samples, reason });
    else contributions.push({ clients: [client], samples, claimedLoss, load: async () => weightsFromBytes(bytes) });
  }
  return { contributions, rejected, digests: new Map(sent.map((each) => [each.client, each])) };
}

/** A rule that could not work even if all updates arrived is an error of the plan; what fails this time only leaves the model as it was. */
async function aggregated(contributions: readonly Contribution[], context: RoundContext, plan: RunPlan): Promise<Aggregate> {
  const strategy = findPlugin(plan.strategy.name, STRATEGIES).make(plan.strategy.settings);
  const before = plan.before.map(({ name, settings }) => findPlugin(name, PRE_AGGREGATORS).make(settings));
  const complete = contributions.length === plan.active;
  return await (complete ? aggregate : aggregateOrKeep)(contributions, context, { strategy, before });
}

function contextOf({ plan, data, runner, round, global }: RoundInput): RoundContext {
  return {
    round,
    global,
    judge: (weights) => evaluateOn(runner, { weights, rows: 'judge' }, data.judge.length),
    trainRoot: async () =>
      (await runner.run({ type: 'train', who: 'root', round, start: global, order: orderOf(plan), claim: false })).weights,
    random: seededStream('strategy', plan.seed, round),
  };
}

function byClient(left: { readonly client: string }, right: { readonly client: string }): number {
  return left.client < right.client ? -1 : left.client > right.client ? 1 : 0;
}
