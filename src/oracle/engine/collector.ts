import type { Environment, Micros, Timer } from '../../environment/index.ts';
import { ORACLE_GRACE_MICROS, ORACLE_SIGN_MICROS } from '../../limits.ts';
import type { Task } from '../job-book.ts';
import { type Decision, decide } from './decide.ts';
import type { Group, OracleView } from './oracle-view.ts';
import type { GroupPort } from './round.ts';
import type { RoundLog } from './round-log.ts';
import { isSightOf, type SignedSight } from './sights.ts';
import type { ObserveAnswer } from './wire.ts';

interface Options {
  readonly environment: Environment;
  readonly view: OracleView;
  readonly group: Group;
  readonly port: GroupPort;
  readonly lookMicros: Micros;
  readonly log: RoundLog;
}

/** What came together about one request. */
export interface Collected {
  readonly task: Task;
  readonly sights: readonly SignedSight[];
  /** Undefined: they are not enough for anything. */
  readonly decision: Decision | undefined;
}

/** A request while its sights come in. */
interface Gathering {
  readonly task: Task;
  readonly sights: SignedSight[];
  readonly asked: Set<number>;
}

/**
 * Gathers the sights of a group. For each request as many members are asked as its job wants at first, taking turns, so that a
 * large source is not read by more of them than needed; the others are asked as soon as one of these fails, or half the time is over.
 */
export class Collector {
  readonly #options: Options;
  readonly #requests: ReadonlyMap<bigint, Gathering>;
  #timers: Timer[] = [];
  #underWay = 0;
  #over = false;
  #finish: () => void = () => {};

  constructor(options: Options, tasks: readonly Task[]) {
    this.#options = options;
    this.#requests = new Map(tasks.map((task) => [task.request.id, { task, sights: [], asked: new Set<number>() }]));
  }

  async collect(): Promise<readonly Collected[]> {
    if (this.#requests.size === 0) return [];
    const { lookMicros } = this.#options;
    await new Promise<void>((resolve) => {
      this.#finish = resolve;
      this.#after(lookMicros + ORACLE_SIGN_MICROS, () => this.#end());
      this.#after(lookMicros / 2, () => this.#askAll([...this.#requests.values()]));
      this.#askFirst();
    });
    return [...this.#requests.values()].map(({ task, sights }) => ({ task, sights, decision: this.#decide(task, sights) }));
  }

  #askFirst(): void {
    const { members } = this.#options.group;
    const lists = members.map((): bigint[] => []);
    for (const { task, asked } of this.#requests.values()) {
      const wanted = Math.min(members.length, task.job.firstLook(task.query, members.length));
      const start = Number(task.request.id % BigInt(members.length));
      for (let step = 0; step < wanted; step++) {
        const member = (start + step) % members.length;
        asked.add(member);
        lists[member]?.push(task.request.id);
      }
    }
    this.#send(lists);
  }

  /** Asks everybody who was not asked yet about requests that are still open. */
  #askAll(requests: readonly Gathering[]): void {
    const { members } = this.#options.group;
    const lists = members.map((): bigint[] => []);
    for (const { task, sights, asked } of requests) {
      if (this.#decide(task, sights)?.verdict.kind === 'value') continue;
      for (let member = 0; member < members.length; member++) {
        if (asked.has(member)) continue;
        asked.add(member);
        lists[member]?.push(task.request.id);
      }
    }
    this.#send(lists);
  }

  #send(lists: readonly (readonly bigint[])[]): void {
    const { group, port, view, lookMicros, log } = this.#options;
    for (const [member, ids] of lists.entries()) {
      const seat = group.members[member];
      if (ids.length === 0 || seat === undefined) continue;
      this.#underWay++;
      const call = { height: view.head.number, term: group.term, ids };
      port.observe(seat.node, call, lookMicros + ORACLE_SIGN_MICROS).then(
        (answer) => this.#arrived(member, ids, answer),
        (error: unknown) => {
          log.failed(member, error);
          this.#arrived(member, ids, { sights: [] });
        },
      );
    }
    this.#look();
  }

  #arrived(member: number, ids: readonly bigint[], answer: ObserveAnswer): void {
    if (this.#over) return;
    this.#underWay--;
    const seen = new Set<bigint>();
    const failed: Gathering[] = [];
    for (const { id, sight, observedAt, signature } of answer.sights) {
      const gathering = this.#requests.get(id);
      if (gathering === undefined || !ids.includes(id) || seen.has(id)) continue;
      seen.add(id);
      const signed = { member, sight, observedAt, signature };
      const valid = this.#isValid(gathering.task, signed);
      this.#options.log.saw(member, id, sight, observedAt, valid);
      if (valid) gathering.sights.push(signed);
      if (!valid || sight.kind === 'failure') failed.push(gathering);
    }
    for (const id of ids) {
      const gathering = this.#requests.get(id);
      if (gathering !== undefined && (!seen.has(id) || this.#isAtOdds(gathering))) failed.push(gathering);
    }
    if (failed.length > 0) this.#askAll(failed);
    this.#look();
  }

  /** All that were asked have answered, and it is no value. */
  #isAtOdds({ task, sights, asked }: Gathering): boolean {
    return sights.length >= asked.size && this.#decide(task, sights)?.verdict.kind !== 'value';
  }

  #look(): void {
    if (this.#over) return;
    if (this.#underWay === 0) return this.#end();
    const all = [...this.#requests.values()];
    if (!all.every(({ task, sights }) => this.#decide(task, sights)?.verdict.kind === 'value')) return;
    // Whoever of those that were asked is a little later is heard as well.
    this.#after(ORACLE_GRACE_MICROS, () => this.#end());
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    for (const timer of this.#timers) this.#options.environment.clock.cancel(timer);
    this.#finish();
  }

  #after(micros: Micros, action: () => void): void {
    this.#timers.push(this.#options.environment.clock.set(micros, action, 'sights of an oracle group'));
  }

  #decide({ job, query, request }: Task, sights: readonly SignedSight[]): Decision | undefined {
    return decide(job, query, request, sights);
  }

  #isValid({ job, query, request }: Task, signed: SignedSight): boolean {
    const { group, view, environment } = this.#options;
    const seat = group.members[signed.member];
    environment.cpu.charge({ operation: 'vote_verify' });
    if (seat === undefined || !isSightOf(seat.node, { ...view.place, term: group.term, id: request.id }, signed)) return false;
    return signed.sight.kind === 'failure' || job.validateSight(query, signed.sight.value);
  }
}
