import { equalBytes } from '../../crypto/index.ts';
import type { Environment, NodeId } from '../../environment/index.ts';
import { hasCode, TreadleError } from '../../errors.ts';
import { ORACLE_CALLS_MAX, ORACLE_CLOCK_SKEW_SECONDS, ORACLE_LAG_BLOCKS_MAX, ORACLE_LAG_MICROS } from '../../limits.ts';
import type { JobBook, Task } from '../job-book.ts';
import { isFinal } from '../reasons.ts';
import { decide, outcomeOf } from './decide.ts';
import type { Observer } from './observer.ts';
import type { Group, OracleView, OwnSeat, Turn } from './oracle-view.ts';
import { attestedDigest, proposedContent } from './proposal.ts';
import type { Equivocation, ProposalsSeen } from './proposals-seen.ts';
import { isSightOf } from './sights.ts';
import type {
  Objection,
  ObserveAnswer,
  ObserveCall,
  ProposedAnswer,
  ProposedCall,
  ProposedItem,
  SignAnswer,
  SignCall,
} from './wire.ts';

interface Options {
  readonly environment: Environment;
  readonly view: OracleView;
  readonly jobs: JobBook;
  readonly seat: OwnSeat;
  readonly observer: Observer;
  readonly proposals: ProposalsSeen;
  readonly onEquivocation: (proof: Equivocation) => void;
}

/** What a caller may be asked about a request: it is pending, this node works on it, and the caller leads. */
interface Duty {
  readonly task: Task;
  readonly group: Group;
  /** The caller's. */
  readonly turn: Turn;
}

/**
 * A member of a group at work: tells what it sees, and signs an outcome that follows from enough valid sights, or that is what
 * it saw itself. Whoever calls may lie in every field; a signature is given for nothing that this node did not check.
 */
export class WorkNode {
  readonly #options: Options;
  readonly #calls = new Map<NodeId, number>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** @throws TreadleError ORACLE_BUSY | ORACLE_NOT_YOURS */
  observe(from: NodeId, call: ObserveCall): Promise<ObserveAnswer> {
    return this.#limited(from, async () => {
      const { observer } = this.#options;
      const sights = await Promise.all(
        call.ids.map(async (id) => {
          const duty = await this.#duty(from, call, id);
          if (typeof duty === 'string') return undefined;
          const own = await observer.see(duty.task);
          return { id, ...own, signature: observer.sign(call.term, id, own) };
        }),
      );
      return { sights: sights.filter((sight) => sight !== undefined) };
    });
  }

  /** @throws TreadleError ORACLE_BUSY | ORACLE_NOT_READY | ORACLE_NOT_YOURS */
  sign(from: NodeId, call: SignCall): Promise<SignAnswer> {
    return this.#limited(from, async () => {
      const { environment, view } = this.#options;
      const seat = this.#options.seat();
      if (seat === undefined) throw new TreadleError('ORACLE_NOT_READY');
      const ids = new Set(call.items.map(({ outcome }) => outcome.id));
      if (call.items.length === 0 || ids.size < call.items.length)
        throw new TreadleError('ORACLE_NOT_YOURS', { detail: 'no request, or one twice' });
      const verdicts = await Promise.all(
        call.items.map(async (item) => ({ id: item.outcome.id, why: await this.#objection(from, call, item) })),
      );
      const objections = verdicts.flatMap(({ id, why }) => (why === undefined ? [] : [{ id, why }]));
      if (objections.length > 0) return { signed: false, objections };
      const outcomes = call.items.map(({ outcome }) => outcome);
      environment.cpu.charge({ operation: 'bls_sign' });
      return { signed: true, signature: seat.key.sign(attestedDigest(view.place, call.term, outcomes)) };
    });
  }

  proposed(call: ProposedCall): ProposedAnswer {
    return this.#options.proposals.of(call);
  }

  /** Each caller has so many calls under way: one that floods is told so, and keeps nobody else from being served. */
  async #limited<T>(from: NodeId, work: () => Promise<T>): Promise<T> {
    const underWay = this.#calls.get(from) ?? 0;
    if (underWay >= ORACLE_CALLS_MAX) throw new TreadleError('ORACLE_BUSY', { data: { calls: underWay } });
    this.#calls.set(from, underWay + 1);
    try {
      return await work();
    } finally {
      const left = (this.#calls.get(from) ?? 1) - 1;
      if (left === 0) this.#calls.delete(from);
      else this.#calls.set(from, left);
    }
  }

  async #duty(
    from: NodeId,
    { height, term }: { readonly height: number; readonly term: number },
    id: bigint,
  ): Promise<Duty | Objection> {
    const { view, jobs, environment } = this.#options;
    await this.#catchUp(height);
    const request = view.pending.get(id);
    if (request === undefined) return 'unknown';
    if (request.expiresAt * 1e6 <= environment.clock.now()) return 'over';
    if (!view.isAnswerable(term)) return 'tooEarly';
    const task = jobs.task(request);
    const group = await view.group(term, request.groupSize);
    if (task === undefined || group === undefined) return 'unknown';
    const turn = view.turnOf(group, from, request.requestedIn);
    if (turn === undefined || !group.members.some(({ node }) => node === environment.node)) return 'unknown';
    // The answer comes into the next block at the earliest.
    if (view.head.number + 1 < turn.fromBlock) return 'tooEarly';
    return { task, group, turn };
  }

  /** Whoever leads may have a block already that is on its way to this node. */
  async #catchUp(height: number): Promise<void> {
    const { view } = this.#options;
    const behind = height - view.head.number;
    if (behind > 0 && behind <= ORACLE_LAG_BLOCKS_MAX) await view.reached(height, ORACLE_LAG_MICROS);
    await view.settled();
  }

  async #objection(from: NodeId, call: SignCall, item: ProposedItem): Promise<Objection | undefined> {
    const { outcome } = item;
    const duty = await this.#duty(from, call, outcome.id);
    if (typeof duty === 'string') return duty;
    const { task, turn } = duty;
    const { request } = task;
    if (turn.position < 0) {
      const flaw = this.#takeProposal(call, item, duty.group);
      if (flaw !== undefined) return flaw;
    }
    const now = Math.floor(this.#options.environment.clock.now() / 1e6);
    if (outcome.observedAt >= request.expiresAt || outcome.observedAt > now + ORACLE_CLOCK_SKEW_SECONDS) return 'wrongOutcome';
    if (outcome.observedAt < request.requestedAt - ORACLE_CLOCK_SKEW_SECONDS) return 'wrongOutcome';
    if (outcome.reason === 'expired') return 'wrongOutcome';
    if (outcome.reason !== 'none' && !isFinal(outcome.reason, request, now)) return 'tooEarly';
    if (task.refused !== undefined)
      return outcome.reason === task.refused && outcome.result.length === 0 ? undefined : 'wrongOutcome';
    return item.sights.length > 0 ? this.#checkSights(duty, item) : this.#checkOwn(duty, item);
  }

  /** What a master proposes is kept with its signature, so that it cannot propose something else to others. */
  #takeProposal(call: SignCall, { outcome, signature }: ProposedItem, { master }: Group): Objection | undefined {
    const { proposals, view, onEquivocation } = this.#options;
    const place = { term: call.term, id: outcome.id, attempt: call.attempt };
    const content = proposedContent(view.place, call.term, outcome);
    const taken = proposals.take(place, master, { content, signature });
    if (taken === 'valid') return undefined;
    if (taken === 'unsigned') return 'wrongOutcome';
    onEquivocation(taken);
    return 'equivocation';
  }

  async #checkSights({ task, group }: Duty, item: ProposedItem): Promise<Objection | undefined> {
    const { environment, view } = this.#options;
    const { job, query, request } = task;
    const members = new Set<number>();
    for (const signed of item.sights) {
      const seat = group.members[signed.member];
      if (seat === undefined || members.has(signed.member)) return 'badSights';
      members.add(signed.member);
      environment.cpu.charge({ operation: 'vote_verify' });
      if (!isSightOf(seat.node, { ...view.place, term: group.term, id: request.id }, signed)) return 'badSights';
      if (signed.sight.kind === 'value' && !job.validateSight(query, signed.sight.value)) return 'badSights';
      // Old sights of another attempt would let whoever leads choose among moments.
      if (Math.abs(signed.observedAt - item.outcome.observedAt) > ORACLE_CLOCK_SKEW_SECONDS) return 'badSights';
    }
    const decision = decide(job, query, request, item.sights);
    if (decision === undefined) return 'badSights';
    if (!sameOutcome(outcomeOf(job, query, request, decision, item.nonce), item.outcome)) return 'wrongOutcome';
    if (decision.verdict.kind === 'failure') return undefined;
    const own = await this.#options.observer.latest(request.id);
    return job.accept(query, decision.verdict.value, own?.sight.kind === 'value' ? own.sight.value : undefined)
      ? undefined
      : 'sawOther';
  }

  async #checkOwn({ task }: Duty, item: ProposedItem): Promise<Objection | undefined> {
    const { job, query, request } = task;
    if (job.agreement(query) !== 'propose') return 'badSights';
    const own = await this.#own(task, task.job.lead && item.nonce);
    if (own === undefined) return 'busy';
    if (Math.abs(own.observedAt - item.outcome.observedAt) > ORACLE_CLOCK_SKEW_SECONDS) return 'wrongOutcome';
    const decision = { verdict: own.sight, observedAt: item.outcome.observedAt };
    if (sameOutcome(outcomeOf(job, query, request, decision, item.nonce), item.outcome)) return undefined;
    return own.sight.kind === 'failure' ? 'notSeen' : 'sawOther';
  }

  async #own(task: Task, hint: Uint8Array | undefined) {
    try {
      return await this.#options.observer.see(task, hint);
    } catch (error) {
      if (hasCode(error, 'ORACLE_BUSY')) return undefined;
      throw error;
    }
  }
}

function sameOutcome(
  left: { readonly reason: string; readonly observedAt: number; readonly result: Uint8Array },
  right: { readonly reason: string; readonly observedAt: number; readonly result: Uint8Array },
): boolean {
  return left.reason === right.reason && left.observedAt === right.observedAt && equalBytes(left.result, right.result);
}
