import { type BlsKey, type Hex, toEip2537G2, toHex } from '../../crypto/index.ts';
import type { Environment, Micros, NodeId } from '../../environment/index.ts';
import { hasCode, TreadleError } from '../../errors.ts';
import {
  ORACLE_ANSWER_GAS,
  ORACLE_BATCH_MAX,
  ORACLE_ITEM_GAS,
  ORACLE_LATE_RETRY_MICROS,
  ORACLE_RESULT_BYTE_GAS,
  ORACLE_RETRY_MICROS_MAX,
  ORACLE_RETRY_MICROS_MIN,
  ORACLE_ROUNDS_KEPT_MAX,
  ORACLE_ROUNDS_MAX,
  ORACLE_SLOW_ROUNDS_MAX,
  TRANSACTION_GAS_MAX,
} from '../../limits.ts';
import type { LedgerView } from '../chain/ledger-view.ts';
import type { OracleRequest } from '../job.ts';
import { type JobBook, lookMicrosOf, type Task } from '../job-book.ts';
import { type Attempt, patienceEnds } from '../reasons.ts';
import type { Attempts } from './attempts.ts';
import type { Elector } from './elector.ts';
import type { Observer } from './observer.ts';
import type { Group, OwnSeat, Turn } from './oracle-view.ts';
import { toPedalOutcome } from './proposal.ts';
import { type Attested, type GroupPort, Round } from './round.ts';
import { RoundLog } from './round-log.ts';
import type { RoundRecord } from './round-record.ts';

interface Options {
  readonly environment: Environment;
  readonly view: LedgerView;
  readonly jobs: JobBook;
  readonly seat: OwnSeat;
  readonly observer: Observer;
  readonly elector: Elector;
  readonly attempts: Attempts;
  readonly port: GroupPort;
  readonly lookMicros: Micros;
  readonly node: NodeId;
}

interface Retry {
  readonly notBefore: Micros;
  readonly failures: number;
}

/** Requests that one round can answer together. */
interface Batch {
  readonly group: Group;
  readonly turn: Turn;
  readonly tasks: Task[];
  /** Of a job that takes longer than the others: alone in its round, so that nothing waits for it. */
  readonly slow: boolean;
}

/** Leads rounds for the requests whose turn is this node's: as the master of the term, or as a work node when the one before did not. */
export class Leader {
  readonly #options: Options;
  readonly #inRound = new Set<bigint>();
  /** Requests of slow jobs that this node works on as master. */
  readonly #slow = new Set<bigint>();
  readonly #retries = new Map<bigint, Retry>();
  readonly #records: RoundRecord[] = [];
  #rounds = 0;
  #slowRounds = 0;
  #notedIn = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  /** The latest rounds that this node led, oldest first. */
  get rounds(): readonly RoundRecord[] {
    return this.#records;
  }

  /** Begins the rounds that are due. */
  async look(): Promise<void> {
    const seat = this.#options.seat();
    if (seat === undefined) return;
    for (const id of this.#retries.keys()) if (!this.#options.view.pending.has(id)) this.#retries.delete(id);
    // A master that works for long says so: it is not silent.
    if (this.#slow.size > 0) void this.#note(new Map([...this.#slow].map((id) => [id, 'sourceSlow'])));
    if (this.#rounds >= ORACLE_ROUNDS_MAX) return;
    for (const batch of await this.#due()) {
      if (this.#rounds >= ORACLE_ROUNDS_MAX) return;
      this.#rounds++;
      if (batch.slow) this.#slowRounds++;
      for (const { request } of batch.tasks) this.#inRound.add(request.id);
      if (batch.slow && batch.turn.position < 0) for (const { request } of batch.tasks) this.#slow.add(request.id);
      void this.#lead(batch, seat.key).finally(() => {
        this.#rounds--;
        if (batch.slow) this.#slowRounds--;
        for (const { request } of batch.tasks) {
          this.#inRound.delete(request.id);
          this.#slow.delete(request.id);
        }
      });
    }
  }

  async #due(): Promise<readonly Batch[]> {
    const { view, jobs, environment, node, lookMicros } = this.#options;
    let slowRounds = this.#slowRounds;
    const term = view.servingTerm();
    const now = environment.clock.now();
    const batches = new Map<string, Batch>();
    const full: Batch[] = [];
    for (const request of view.pending.values()) {
      if (this.#inRound.has(request.id) || (this.#retries.get(request.id)?.notBefore ?? 0) > now) continue;
      if (request.expiresAt * 1e6 <= now || !view.isAnswerable(term)) continue;
      const group = await view.group(term, request.groupSize);
      const turn = group && view.turnOf(group, node, request.requestedIn);
      if (group === undefined || turn === undefined || view.head.number + 1 < this.#dueFrom(request.id, turn, term)) continue;
      const task = jobs.task(request);
      if (task === undefined || (task.refused === undefined && !task.job.transmit(task.query, request, Math.floor(now / 1e6))))
        continue;
      const look = lookMicrosOf(task, lookMicros);
      const slow = look > lookMicros;
      // While whoever is before a work node may still be at it, a second round of the same work would only be in the way.
      if (slow && turn.position >= 0 && now < request.requestedAt * 1e6 + (turn.position + 1) * look) continue;
      if (slow && slowRounds >= ORACLE_SLOW_ROUNDS_MAX) continue;
      if (slow) slowRounds++;
      const alone = slow || this.#retries.has(request.id);
      const key = `${request.groupSize}:${request.unanimous}:${alone ? request.id : ''}`;
      const batch = batches.get(key) ?? { group, turn, tasks: [], slow };
      batch.tasks.push(task);
      batches.set(key, batch);
      if (this.#isFull(batch)) {
        batches.delete(key);
        full.push(batch);
      }
      if (full.length >= ORACLE_ROUNDS_MAX) break;
    }
    return [...full, ...batches.values()];
  }

  /**
   * A work node leaves a master that said why it has no answer alone for as long as it could have been silent: a source that is
   * down is not read by everybody at once. One such delay in a term, so that saying something again and again keeps nobody away.
   */
  #dueFrom(id: bigint, { position, fromBlock }: Turn, term: number): number {
    const { view } = this.#options;
    const noted = position < 0 ? undefined : view.firstAttempt(id, term);
    return noted === undefined ? fromBlock : Math.max(fromBlock, noted + Number(view.settings.silenceBlocks));
  }

  #isFull({ tasks }: Batch): boolean {
    return (
      tasks.length >= ORACLE_BATCH_MAX ||
      gasOf(tasks, (task) => task.request.resultBytesMax) + gasOf(tasks.slice(-1), () => 8192) > TRANSACTION_GAS_MAX
    );
  }

  async #lead({ group, turn, tasks }: Batch, bls: BlsKey): Promise<void> {
    const { environment, view, observer, port, attempts, lookMicros } = this.#options;
    const ids = tasks.map(({ request }) => request.id);
    const log = new RoundLog(environment, { group, turn, ids });
    this.#keep(log.record);
    environment.metrics.count('oracle_rounds_total');
    const round = new Round({
      environment,
      view,
      bls,
      observer,
      group,
      turn,
      port,
      lookMicros,
      log,
      nextAttempt: () => attempts.next(),
    });
    let answered: readonly bigint[] = [];
    let unanswered: ReadonlyMap<bigint, Attempt> = new Map();
    try {
      const result = await round.run(tasks);
      unanswered = result.unanswered;
      if (result.attested !== undefined) {
        log.attested();
        const transactionHash = await this.#transmit(turn, result.attested, { tasks, bls });
        answered = result.attested.outcomes.map(({ id }) => id);
        log.ended({ answered, unanswered, ...(transactionHash !== undefined && { transactionHash }) });
      } else log.ended({ answered, unanswered });
    } catch (error) {
      const reason = error instanceof TreadleError ? `${error.code}: ${error.detail}` : String(error);
      log.ended({ answered, unanswered, error: reason });
      environment.log.warn('oracle.round-failed', { term: group.term, requests: ids.join(' '), reason });
    }
    for (const { request } of tasks) {
      if (answered.includes(request.id)) this.#retries.delete(request.id);
      else this.#retryLater(request);
    }
    if (turn.position < 0) await this.#note(unanswered);
  }

  /** Brings what the group signed; undefined when somebody else did meanwhile. */
  async #transmit(
    turn: Turn,
    { term, outcomes, signers, signature }: Attested,
    { tasks, bls }: { readonly tasks: readonly Task[]; readonly bls: BlsKey },
  ): Promise<Hex | undefined> {
    const { view, environment } = this.#options;
    if (outcomes.every(({ id }) => !view.pending.has(id))) return undefined;
    const proof = turn.position < 0 ? await this.#proofOwed(term, bls) : new Uint8Array();
    const attestation = { signers, signature: toHex(toEip2537G2(signature)), proof: toHex(proof) };
    const pedalOutcomes = outcomes.map(toPedalOutcome);
    const mine = tasks.filter(({ request }) => outcomes.some(({ id }) => id === request.id));
    const gas = gasOf(mine, ({ request }) => outcomes.find(({ id }) => id === request.id)?.result.length ?? 0);
    const [first] = pedalOutcomes;
    try {
      const done =
        pedalOutcomes.length === 1 && first !== undefined
          ? await view.pedal.answer(BigInt(term), first, attestation, { gas })
          : await view.pedal.answerMany(BigInt(term), pedalOutcomes, attestation, { gas });
      environment.metrics.count('oracle_answers_total', outcomes.length);
      environment.log.info('oracle.answered', {
        term,
        requests: outcomes.map(({ id }) => id).join(' '),
        by: turn.position < 0 ? 'master' : 'work node',
      });
      return done.receipt.transactionHash;
    } catch (error) {
      // Another transmitter was faster: that is what stages are for.
      if (hasCode(error, 'CONTRACT_REVERTED') && ['NotPending', 'NothingPending'].includes(String(error.data['errorName'])))
        return undefined;
      throw error;
    }
  }

  /** A master that leads by turn shows its number with its first answer, when nobody showed one before. */
  async #proofOwed(term: number, bls: BlsKey): Promise<Uint8Array> {
    const { view, elector } = this.#options;
    if (term !== view.currentTerm()) return new Uint8Array();
    const { seed } = await view.pedal.termOf(BigInt(term));
    return BigInt(seed) === 0n ? toEip2537G2(await elector.proof(term, bls)) : new Uint8Array();
  }

  /** With growing pauses, but not later than when a failure may be signed: then it is tried once more. */
  #retryLater({ id, requestedAt, expiresAt }: OracleRequest): void {
    const now = this.#options.environment.clock.now();
    const failures = (this.#retries.get(id)?.failures ?? 0) + 1;
    const pause = Math.min(ORACLE_RETRY_MICROS_MAX, ORACLE_RETRY_MICROS_MIN * 2 ** Math.min(failures - 1, 8));
    const lastChance = (patienceEnds({ requestedAt, expiresAt }) + 1) * 1e6;
    const notBefore = now < lastChance ? Math.min(now + pause, lastChance) : now + Math.min(pause, ORACLE_LATE_RETRY_MICROS);
    this.#retries.set(id, { failures, notBefore });
  }

  /** Says on the ledger why a request waits: often enough that the master does not count as silent, and no oftener. */
  async #note(unanswered: ReadonlyMap<bigint, Attempt>): Promise<void> {
    const { view, environment } = this.#options;
    const [first] = [...unanswered].filter(([id]) => view.pending.has(id));
    const every = Math.max(1, Math.floor(Number(view.settings.silenceBlocks) / 2));
    if (first === undefined || view.head.number < this.#notedIn + every || view.servingTerm() !== view.currentTerm()) return;
    this.#notedIn = view.head.number;
    try {
      await view.pedal.noteAttempt(first[0], first[1]);
    } catch (error) {
      environment.log.debug('oracle.not-noted', { request: first[0], error: String(error) });
    }
  }

  #keep(record: RoundRecord): void {
    this.#records.push(record);
    if (this.#records.length > ORACLE_ROUNDS_KEPT_MAX) this.#records.shift();
  }
}

/** Gas for an answer to these requests with their callbacks. */
function gasOf(tasks: readonly Task[], resultBytes: (task: Task) => number): bigint {
  return tasks.reduce(
    (sum, task) =>
      sum +
      ORACLE_ITEM_GAS +
      ORACLE_RESULT_BYTE_GAS * BigInt(resultBytes(task)) +
      (BigInt(task.request.callbackGas) * 65n) / 64n +
      120_000n,
    ORACLE_ANSWER_GAS,
  );
}
