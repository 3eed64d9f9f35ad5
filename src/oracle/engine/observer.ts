import { type NodeKey, toHex } from '../../crypto/index.ts';
import { type Environment, type Micros, withDeadline } from '../../environment/index.ts';
import { hasCode, TreadleError } from '../../errors.ts';
import {
  ORACLE_FRESH_MICROS,
  ORACLE_LOOKS_MAX,
  ORACLE_READS_MAX,
  ORACLE_SIGHT_BYTES_MAX,
  ORACLE_SIGHTS_KEPT_MAX,
} from '../../limits.ts';
import { RequestRefused, type Sight } from '../job.ts';
import { lookMicrosOf, type Task } from '../job-book.ts';
import type { FailureReason } from '../reasons.ts';
import type { OracleView } from './oracle-view.ts';
import { signSight } from './sights.ts';

/** What this node saw for a request, ready to be shown. */
export interface OwnSight {
  readonly sight: Sight;
  /** Seconds since the epoch. */
  readonly observedAt: number;
}

interface Options {
  readonly environment: Environment;
  readonly key: NodeKey;
  readonly view: OracleView;
  /** The most that one look may take. */
  readonly lookMicros: Micros;
}

interface Look {
  readonly startedAt: Micros;
  /** The hint that it was made with, hex; empty: none. */
  readonly asked: string;
  readonly seen: Promise<OwnSight>;
  over: boolean;
}

/** Looks at what is asked, once for all who ask within a short time, and remembers what it saw. */
export class Observer {
  readonly #options: Options;
  readonly #looks = new Map<bigint, Look>();
  #underWay = 0;
  #reading = 0;
  /** Looks that wait, oldest first: a node that read more sources at once would be refused. */
  readonly #waiting: (() => void)[] = [];

  constructor(options: Options) {
    this.#options = options;
  }

  /**
   * What this node sees for a request; a failure to see is a sight as well.
   * @throws TreadleError ORACLE_BUSY when too many looks are under way
   */
  async see(task: Task, hint?: Uint8Array): Promise<OwnSight> {
    const { id } = task.request;
    const asked = hint === undefined ? '' : toHex(hint);
    const known = this.#looks.get(id);
    const now = this.#options.environment.clock.now();
    const isFresh = known?.asked === asked && (!known.over || now - known.startedAt < ORACLE_FRESH_MICROS);
    if (known !== undefined && isFresh) return known.seen;
    if (this.#underWay >= ORACLE_LOOKS_MAX) throw new TreadleError('ORACLE_BUSY', { data: { looks: this.#underWay } });
    this.#underWay++;
    const look: Look = { startedAt: now, asked, over: false, seen: this.#look(task, hint) };
    this.#looks.delete(id);
    this.#looks.set(id, look);
    this.#forgetOldest();
    try {
      return await look.seen;
    } finally {
      this.#underWay--;
      look.over = true;
    }
  }

  /** What this node saw last for a request, without looking again. */
  async latest(id: bigint): Promise<OwnSight | undefined> {
    return this.#looks.get(id)?.seen;
  }

  /** The node's signature over what it saw, for a term. */
  sign(term: number, id: bigint, { sight, observedAt }: OwnSight): Uint8Array {
    this.#options.environment.cpu.charge({ operation: 'vote_sign' });
    return signSight(this.#options.key, { ...this.#options.view.place, term, id }, sight, observedAt);
  }

  forget(id: bigint): void {
    if (this.#looks.get(id)?.over === true) this.#looks.delete(id);
  }

  async #look(task: Task, hint: Uint8Array | undefined): Promise<OwnSight> {
    const { job, query, request, refused } = task;
    const { environment } = this.#options;
    const lookMicros = lookMicrosOf(task, this.#options.lookMicros);
    if (refused !== undefined) return this.#failed(refused);
    await this.#turn();
    try {
      const looking = job.observe(query, request, lookMicros, hint);
      const value = await withDeadline(environment, looking, lookMicros, 'oracle observation');
      if (value.length > ORACLE_SIGHT_BYTES_MAX) return this.#failed('resultTooLarge');
      if (!job.validateSight(query, value)) return this.#failed('invalidData');
      return { sight: { kind: 'value', value }, observedAt: this.#seconds() };
    } catch (error) {
      environment.log.debug('oracle.not-seen', { request: request.id, error: String(error) });
      return this.#failed(reasonOf(error));
    } finally {
      this.#reading--;
      this.#waiting.shift()?.();
    }
  }

  /** Resolves when this look may begin; its time is counted from then on. */
  async #turn(): Promise<void> {
    if (this.#reading >= ORACLE_READS_MAX) await new Promise<void>((begin) => this.#waiting.push(begin));
    this.#reading++;
  }

  #failed(reason: FailureReason): OwnSight {
    return { sight: { kind: 'failure', reason }, observedAt: this.#seconds() };
  }

  #seconds(): number {
    return Math.floor(this.#options.environment.clock.now() / 1e6);
  }

  #forgetOldest(): void {
    for (const [id, look] of this.#looks) {
      if (this.#looks.size <= ORACLE_SIGHTS_KEPT_MAX) return;
      if (look.over) this.#looks.delete(id);
    }
  }
}

/** What a job's failure means on the ledger. */
function reasonOf(error: unknown): FailureReason {
  if (error instanceof RequestRefused) return error.reason;
  if (hasCode(error, 'OUTSIDE_REFUSED')) return 'sourceRefused';
  if (hasCode(error, 'OUTSIDE_NOT_ALLOWED')) return 'notAllowed';
  if (hasCode(error, 'OUTSIDE_TOO_LARGE')) return 'resultTooLarge';
  if (hasCode(error, 'OUTSIDE_SOURCE_INVALID')) return 'invalidSpec';
  return 'sourceUnreachable';
}
