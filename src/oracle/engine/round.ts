import { quorumOf } from '../../contracts/index.ts';
import { aggregateSignatures, type BlsKey, verifyAggregate, verifyBls } from '../../crypto/index.ts';
import { type Environment, type Micros, type NodeId, withDeadline } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import { ORACLE_PASSES_MAX, ORACLE_SIGN_MICROS } from '../../limits.ts';
import { RequestRefused } from '../job.ts';
import { lookMicrosOf, type Task } from '../job-book.ts';
import { type Attempt, isFinal } from '../reasons.ts';
import { Collector } from './collector.ts';
import { type Decision, type Outcome, outcomeOf } from './decide.ts';
import { gather } from './gather.ts';
import type { Observer } from './observer.ts';
import type { Group, OracleView, Turn } from './oracle-view.ts';
import { attestedDigest, proposedContent, proposedDigest } from './proposal.ts';
import type { RoundLog } from './round-log.ts';
import type { SignedSight } from './sights.ts';
import type { ObserveAnswer, ObserveCall, ProposedItem, SignAnswer, SignCall } from './wire.ts';

/** How members are reached: over the network, or directly when it is this node itself. */
export interface GroupPort {
  observe(node: NodeId, call: ObserveCall, timeoutMicros: Micros): Promise<ObserveAnswer>;
  sign(node: NodeId, call: SignCall, timeoutMicros: Micros): Promise<SignAnswer>;
}

/** What a quorum of a group signed, ready for the contract. */
export interface Attested {
  readonly term: number;
  readonly outcomes: readonly Outcome[];
  /** Bit i: member i signed. */
  readonly signers: bigint;
  /** The sum of their signatures, compressed. */
  readonly signature: Uint8Array;
}

export interface RoundOptions {
  readonly environment: Environment;
  readonly view: OracleView;
  readonly bls: BlsKey;
  readonly observer: Observer;
  readonly group: Group;
  readonly turn: Turn;
  readonly port: GroupPort;
  /** Draws numbers that were never used before, also not before a restart. */
  readonly nextAttempt: () => Promise<number>;
  readonly lookMicros: Micros;
  readonly log: RoundLog;
}

export interface RoundResult {
  /** Undefined when nothing could be agreed on. */
  readonly attested: Attested | undefined;
  /** Why the others stay pending. */
  readonly unanswered: ReadonlyMap<bigint, Attempt>;
}

interface Draft {
  readonly task: Task;
  readonly decision: Decision;
  readonly sights: readonly SignedSight[];
  readonly nonce: Uint8Array;
}

const NONCE_BYTES = 32;

/**
 * One attempt at some requests of one group, seen from whoever leads it: sights are gathered where the job wants that, an outcome
 * is proposed for each request, and the signatures of a quorum are added up. The sum is checked once; single signatures only when
 * the sum is wrong. Requests that members object to are left out and the rest is proposed again.
 */
export class Round {
  readonly #options: RoundOptions;
  readonly #unanswered = new Map<bigint, Attempt>();

  constructor(options: RoundOptions) {
    this.#options = options;
  }

  async run(tasks: readonly Task[]): Promise<RoundResult> {
    let drafts = await this.#draft(tasks);
    this.#options.log.observed();
    for (let pass = 0; pass < ORACLE_PASSES_MAX && drafts.length > 0; pass++) {
      const outcome = await this.#propose(drafts);
      if ('attested' in outcome) return { attested: outcome.attested, unanswered: this.#unanswered };
      drafts = await this.#redraft(drafts, outcome.objected);
    }
    for (const { task } of drafts) this.#unanswered.set(task.request.id, 'noQuorum');
    return { attested: undefined, unanswered: this.#unanswered };
  }

  // --- what is proposed -----------------------------------------------------------------------

  async #draft(tasks: readonly Task[]): Promise<readonly Draft[]> {
    const toCollect = tasks.filter(({ refused, job, query }) => refused === undefined && job.agreement(query) === 'collect');
    const alone = tasks.filter((task) => !toCollect.includes(task));
    const [collected, own] = await Promise.all([
      this.#collect(toCollect),
      Promise.all(alone.map((task) => this.#ownDraft(task))),
    ]);
    return [...own, ...collected].filter((draft) => draft !== undefined).filter((draft) => this.#isRipe(draft));
  }

  /** What this node saw itself, for the others to compare. */
  async #ownDraft(task: Task): Promise<Draft | undefined> {
    try {
      const nonce = await this.#nonceFor(task);
      const { sight, observedAt } = await this.#options.observer.see(task, task.job.lead && nonce);
      return { task, decision: { verdict: sight, observedAt }, sights: [], nonce };
    } catch {
      this.#unanswered.set(task.request.id, 'overloaded');
      return undefined;
    }
  }

  /** What the job's leader found out, or a number that nobody else can guess. */
  async #nonceFor(task: Task): Promise<Uint8Array> {
    const { job, query, request, refused } = task;
    const { environment } = this.#options;
    const lookMicros = lookMicrosOf(task, this.#options.lookMicros);
    if (refused === undefined && job.lead !== undefined) {
      const leading = job.lead(query, request, lookMicros);
      try {
        return await withDeadline(environment, leading, lookMicros, 'what an oracle master does alone');
      } catch (error) {
        // What nobody could work on, the others see for themselves whatever the hint.
        if (!(error instanceof RequestRefused)) throw error;
      }
    }
    return environment.random.stream('oracle-nonces').bytes(NONCE_BYTES);
  }

  async #collect(tasks: readonly Task[]): Promise<readonly Draft[]> {
    const collected = await new Collector(this.#options, tasks).collect();
    return collected.flatMap(({ task, sights, decision }) => {
      const { id, groupSize, unanimous } = task.request;
      const nonce = this.#options.environment.random.stream('oracle-nonces').bytes(NONCE_BYTES);
      if (decision !== undefined) return [{ task, decision, sights, nonce }];
      this.#unanswered.set(id, sights.length < quorumOf(groupSize, unanimous) ? 'noQuorum' : 'observersDisagree');
      return [];
    });
  }

  /** A failure that may pass by itself is not proposed while there is time. */
  #isRipe({ task, decision }: Draft): boolean {
    const { verdict } = decision;
    const now = Math.floor(this.#options.environment.clock.now() / 1e6);
    if (verdict.kind === 'value' || isFinal(verdict.reason, task.request, now)) return true;
    this.#unanswered.set(task.request.id, verdict.reason === 'noAgreement' ? 'observersDisagree' : 'sourceSlow');
    return false;
  }

  /** Leaves out what too many objected to; what a leader saw alone is asked of everybody before it is given up. */
  async #redraft(drafts: readonly Draft[], objected: ReadonlySet<bigint>): Promise<readonly Draft[]> {
    if ([...objected].every((id) => this.#unanswered.get(id) === 'noQuorum')) return [];
    const kept = drafts.filter(({ task }) => !objected.has(task.request.id));
    const alone = drafts.filter(
      ({ task, sights }) => objected.has(task.request.id) && sights.length === 0 && task.refused === undefined,
    );
    for (const { task } of drafts) if (objected.has(task.request.id)) this.#unanswered.set(task.request.id, 'observersDisagree');
    const again = await this.#collect(alone.map(({ task }) => task));
    for (const { task } of again) this.#unanswered.delete(task.request.id);
    return [...kept, ...again.filter((draft) => this.#isRipe(draft))];
  }

  // --- signatures -----------------------------------------------------------------------------

  async #propose(
    drafts: readonly Draft[],
  ): Promise<{ readonly attested: Attested } | { readonly objected: ReadonlySet<bigint> }> {
    const { environment, group, port, view, nextAttempt, log } = this.#options;
    const attempt = await nextAttempt();
    const items = drafts.map((draft) => this.#item(draft, attempt));
    const outcomes = items.map(({ outcome }) => outcome);
    const digest = attestedDigest(view.place, group.term, outcomes);
    const needed = Math.max(...drafts.map(({ task }) => quorumOf(group.members.length, task.request.unanimous)));
    const partials = new Map<number, Uint8Array>();
    const objectors = new Map<bigint, number>();
    const lost = group.members.length - needed;
    const looks = drafts.map(({ task }) => lookMicrosOf(task, this.#options.lookMicros));
    const timeoutMicros = ORACLE_SIGN_MICROS + Math.max(...looks);
    let attested: Attested | undefined;
    let refusals = 0;
    log.proposed(attempt, needed);
    await gather(
      environment,
      group.members.map(
        (seat) => () => port.sign(seat.node, { height: view.head.number, term: group.term, attempt, items }, timeoutMicros),
      ),
      {
        label: 'signatures of an oracle group',
        timeoutMicros,
        graceMicros: 0,
        isEnough: () => {
          if (partials.size >= needed) attested ??= this.#add(partials, outcomes, digest, needed);
          return attested !== undefined || refusals > lost;
        },
        onAnswer: (member, answer) => {
          if (answer.signed) {
            partials.set(member, answer.signature);
            log.signed(member);
            return;
          }
          refusals += 1;
          for (const { id, why } of answer.objections) {
            objectors.set(id, (objectors.get(id) ?? 0) + 1);
            log.objected(member, id, why);
          }
        },
        onFailure: (member, error) => {
          refusals += 1;
          log.failed(member, error);
        },
      },
    );
    if (partials.size >= needed) attested ??= this.#add(partials, outcomes, digest, needed);
    if (attested !== undefined) return { attested };
    return { objected: this.#doubtful(drafts, objectors, lost) };
  }

  /**
   * What is left out next time: requests that keep a quorum from signing, else those with the most objections, so that a liar who
   * objects to everything stops nothing. Members that are absent cannot be made up for: without objections all are given up.
   */
  #doubtful(drafts: readonly Draft[], objectors: ReadonlyMap<bigint, number>, lost: number): ReadonlySet<bigint> {
    if (objectors.size === 0) {
      for (const { task } of drafts) this.#unanswered.set(task.request.id, 'noQuorum');
      return new Set(drafts.map(({ task }) => task.request.id));
    }
    const most = Math.max(...objectors.values());
    const bar = Math.min(most, lost + 1);
    return new Set([...objectors].filter(([, count]) => count >= bar).map(([id]) => id));
  }

  #item({ task, decision, sights, nonce }: Draft, attempt: number): ProposedItem {
    const { environment, group, turn, view, bls } = this.#options;
    const outcome = outcomeOf(task.job, task.query, task.request, decision, nonce);
    if (turn.position >= 0) return { outcome, nonce, sights, signature: new Uint8Array() };
    environment.cpu.charge({ operation: 'bls_sign' });
    const content = proposedContent(view.place, group.term, outcome);
    const signature = bls.sign(proposedDigest(view.place, { term: group.term, id: outcome.id, attempt, content }));
    return { outcome, nonce, sights, signature };
  }

  /** Adds signatures up and checks the sum; when it is wrong, the wrong ones are found and left out. */
  #add(
    partials: Map<number, Uint8Array>,
    outcomes: readonly Outcome[],
    digest: Uint8Array,
    needed: number,
  ): Attested | undefined {
    const { environment, group, log } = this.#options;
    const keyOf = (member: number): Uint8Array => group.members[member]?.publicKey ?? new Uint8Array();
    const sum = (): Attested | undefined => {
      const members = [...partials.keys()].sort((left, right) => left - right);
      environment.cpu.charge({ operation: 'bls_aggregate', units: members.length });
      environment.cpu.charge({ operation: 'bls_verify' });
      try {
        const signature = aggregateSignatures(members.map((member) => partials.get(member) as Uint8Array));
        if (!verifyAggregate(members.map(keyOf), digest, signature)) return undefined;
        const signers = members.reduce((bits, member) => bits | (1n << BigInt(member)), 0n);
        return { term: group.term, outcomes, signers, signature };
      } catch (error) {
        // Bytes that are no point of the group come from a liar; anything else is ours.
        if (!(error instanceof TreadleError)) throw error;
        return undefined;
      }
    };
    const whole = sum();
    if (whole !== undefined) return whole;
    for (const [member, signature] of [...partials]) {
      environment.cpu.charge({ operation: 'bls_verify' });
      if (verifyBls(keyOf(member), digest, signature)) continue;
      partials.delete(member);
      log.lied(member);
    }
    return partials.size >= needed ? sum() : undefined;
  }
}
