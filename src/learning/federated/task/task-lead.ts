import type { Environment, Micros, NodeId, Timer } from '../../../environment/index.ts';
import { TreadleError } from '../../../errors.ts';
import { FEDERATED_ANSWER_MICROS } from '../../../limits.ts';
import '../errors.ts';
import {
  type Answer,
  CLIENT_PROTOCOL,
  type ClientRequest,
  decodeAnswer,
  encodeClientRequest,
  type UpdateRequest,
} from '../round/messages.ts';
import { RoundCore, type RoundEffect, type RoundEvent } from '../round/round-core.ts';
import { fetchWeights, UPDATE_PROTOCOL } from '../round/weight-exchange.ts';
import type { WeightStore } from '../round/weight-store.ts';
import { flawOf, type SignedUpdate, type TaskBundle } from './task-bundle.ts';
import type { TaskRound } from './task-round.ts';

export interface RoundLeadOptions {
  readonly updates: WeightStore;
  /** Over the order, for clients. */
  readonly signature: Uint8Array;
  readonly deadlineMicros: Micros;
  reach(node: NodeId): Promise<void>;
}

type End = Extract<RoundEffect, { type: 'aggregate' | 'fail' }>;

/** One round as whoever leads it gathers the updates of its clients. */
export class RoundLead {
  readonly #environment: Environment;
  readonly #task: TaskRound;
  readonly #options: RoundLeadOptions;
  readonly #core: RoundCore;
  readonly #announced = new Map<string, SignedUpdate>();
  #deadline: Timer | undefined;
  #end: (end: End) => void = () => undefined;

  constructor(environment: Environment, task: TaskRound, options: RoundLeadOptions) {
    this.#environment = environment;
    this.#task = task;
    this.#options = options;
    const { training, clients, quorum, seed, round } = task;
    const { deadlineMicros } = options;
    const rules = { training, quorum, deadlineMicros, seed, attemptsMax: 1, active: clients.length };
    this.#core = new RoundCore({ ...rules, clients: clients.map(({ node }) => node) }, round);
  }

  /** @throws TreadleError FEDERATED_QUORUM_MISSED */
  async gather(): Promise<TaskBundle> {
    const { training, round, quorum, previous } = this.#task;
    const end = await new Promise<End>((resolve) => {
      this.#end = resolve;
      this.#tell({ type: 'begin' });
    });
    if (this.#deadline) this.#environment.clock.cancel(this.#deadline);
    if (end.type === 'fail') {
      throw new TreadleError('FEDERATED_QUORUM_MISSED', {
        detail: `Round ${round}: ${end.received} updates came, ${quorum} are needed`,
        data: { round, received: end.received, quorum, absent: end.absent },
      });
    }
    const updates = end.updates.flatMap(({ client }) => this.#announced.get(client) ?? []);
    return { training, round, previous: previous.digest, updates, absent: end.absent };
  }

  /** Another one takes its place. */
  stop(): void {
    this.#end({ type: 'fail', received: 0, absent: [] });
  }

  /** An update that a client announces. */
  announced(from: NodeId, request: UpdateRequest): Answer {
    const { round, weights, samples, claimedLoss, signature } = request;
    if (round !== this.#task.round || !this.#core.expects(from)) return { taken: false, reason: 'late' };
    if (signature === undefined) return { taken: false, reason: 'it is not signed' };
    const update = { client: from, weights, samples, claimedLoss, signature };
    const flaw = flawOf(update, this.#task);
    if (flaw !== undefined) return { taken: false, reason: flaw };
    this.#announced.set(from, update);
    this.#tell({ type: 'announced', client: from, update: { weights, samples, claimedLoss } });
    return { taken: true };
  }

  #tell(event: RoundEvent): void {
    for (const effect of this.#core.handle(event)) {
      if (effect.type === 'aggregate' || effect.type === 'fail') this.#end(effect);
      else this.#carryOut(effect);
    }
  }

  #carryOut(effect: Exclude<RoundEffect, End>): void {
    const { clock } = this.#environment;
    if (effect.type === 'timer') {
      const { attempt, delayMicros } = effect;
      this.#deadline = clock.set(delayMicros, () => this.#tell({ type: 'deadline', attempt }), 'end of a round of a task');
      return;
    }
    const client = effect.client as NodeId;
    const lost = (error: unknown) => this.#tell({ type: 'lost', client, reason: reasonOf(error) });
    const { training, round, previous: model, order, wantsClaims: claim } = this.#task;
    const { deadlineMicros: withinMicros, signature, updates, reach } = this.#options;
    if (effect.type === 'invite') {
      const invited = reach(client).then(() => this.#ask(client, { type: 'invite', training, round }));
      invited.then(() => this.#tell({ type: 'accepted', client }), lost);
    } else if (effect.type === 'order') {
      this.#ask(client, { type: 'order', training, round, model, order, claim, withinMicros, signature }).catch(lost);
    } else {
      const stop = () => this.#core.isOver;
      const fetch = { from: client, protocol: UPDATE_PROTOCOL, reference: effect.update.weights, stop } as const;
      fetchWeights(this.#environment, updates, fetch).then(() => this.#tell({ type: 'received', client }), lost);
    }
  }

  async #ask(client: NodeId, request: ClientRequest): Promise<void> {
    const { network } = this.#environment;
    const timeoutMicros = FEDERATED_ANSWER_MICROS;
    const answer = decodeAnswer(await network.request(client, CLIENT_PROTOCOL, encodeClientRequest(request), { timeoutMicros }));
    if (!answer.taken) throw new Error(answer.reason);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof TreadleError) return `${error.code}: ${error.detail}`;
  return error instanceof Error ? error.message : String(error);
}
