import type { Hex } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import type { Sight } from '../job.ts';
import type { Attempt } from '../reasons.ts';
import type { Group, Turn } from './oracle-view.ts';
import type { MemberRecord, RoundRecord } from './round-record.ts';
import type { Objection } from './wire.ts';

type Draft<T> = { -readonly [K in keyof T]: T[K] };
type MemberDraft = Omit<Draft<MemberRecord>, 'saw' | 'failed' | 'objections'> & {
  readonly saw: string[];
  readonly failed: { id: string; reason: MemberRecord['failed'][number]['reason'] }[];
  readonly objections: { id: string; why: Objection }[];
};

/** Takes down what happens in a round. */
export class RoundLog {
  readonly #environment: Environment;
  readonly #record: Omit<Draft<RoundRecord>, 'members'> & { readonly members: readonly MemberDraft[] };

  constructor(
    environment: Environment,
    { group, turn, ids }: { readonly group: Group; readonly turn: Turn; readonly ids: readonly bigint[] },
  ) {
    this.#environment = environment;
    this.#record = {
      term: group.term,
      attempt: 0,
      leader: environment.node,
      position: turn.position,
      requests: ids.map(String),
      startedMs: this.#now(),
      members: group.members.map(({ node }) => ({ node, saw: [], failed: [], signed: false, objections: [], lied: false })),
      quorum: 0,
      answered: [],
      unanswered: [],
    };
  }

  get record(): RoundRecord {
    return this.#record;
  }

  saw(member: number, id: bigint, sight: Sight, observedAt: number, valid: boolean): void {
    const entry = this.#member(member);
    if (entry === undefined) return;
    entry.observedAt = observedAt;
    if (!valid) entry.lied = true;
    if (sight.kind === 'value') entry.saw.push(String(id));
    else entry.failed.push({ id: String(id), reason: sight.reason });
  }

  observed(): void {
    this.#record.observedMs = this.#now();
  }

  proposed(attempt: number, quorum: number): void {
    this.#record.attempt = attempt;
    this.#record.quorum = quorum;
  }

  signed(member: number): void {
    const entry = this.#member(member);
    if (entry !== undefined) entry.signed = true;
  }

  objected(member: number, id: bigint, why: Objection): void {
    this.#member(member)?.objections.push({ id: String(id), why });
  }

  lied(member: number): void {
    const entry = this.#member(member);
    if (entry === undefined) return;
    entry.lied = true;
    entry.signed = false;
    this.#environment.metrics.count('oracle_wrong_signatures_total');
    this.#environment.log.warn('oracle.wrong-signature', { node: entry.node, term: this.#record.term });
  }

  failed(member: number, error: unknown): void {
    const entry = this.#member(member);
    if (entry !== undefined) entry.error = error instanceof Error ? error.message.slice(0, 200) : String(error).slice(0, 200);
  }

  attested(): void {
    this.#record.signedMs = this.#now();
  }

  ended(result: {
    readonly answered: readonly bigint[];
    readonly transactionHash?: Hex;
    readonly unanswered: ReadonlyMap<bigint, Attempt>;
    readonly error?: string;
  }): void {
    this.#record.endedMs = this.#now();
    this.#record.answered = result.answered.map(String);
    this.#record.unanswered = [...result.unanswered].map(([id, why]) => ({ id: String(id), why }));
    if (result.transactionHash !== undefined) this.#record.transactionHash = result.transactionHash;
    if (result.error !== undefined) this.#record.error = result.error;
  }

  #member(member: number): MemberDraft | undefined {
    return this.#record.members[member];
  }

  #now(): number {
    return Math.floor(this.#environment.clock.now() / 1000);
  }
}
