import { pedalClient } from '../../contracts/index.ts';
import type { Environment } from '../../environment/index.ts';
import { hasCode } from '../../errors.ts';
import { TRAINING_TURN_BLOCKS } from '../../limits.ts';
import type { TaskFacts, TrainingBook } from './training-book.ts';

interface Options {
  readonly environment: Environment;
  readonly book: TrainingBook;
  /** The number of this node in the oracle; undefined while it has none. */
  readonly seat: () => number | undefined;
  readonly head: () => { readonly number: number; readonly timestampMs: number };
}

/** Keeps tasks going: what anybody may do, one node of the oracle after the other tries, so that one transaction is enough. */
export class TaskTender {
  readonly #options: Options;
  /** The block since which something is to be done. */
  readonly #since = new Map<string, number>();
  #busy = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Called after each block. */
  async look(): Promise<void> {
    const { book, seat } = this.#options;
    const own = seat();
    if (own === undefined || this.#busy) return;
    this.#busy = true;
    try {
      const due = new Set<string>();
      for (const facts of book.open) await this.#tend(facts, own, due);
      for (const key of this.#since.keys()) if (!due.has(key)) this.#since.delete(key);
    } finally {
      this.#busy = false;
    }
  }

  async #tend(facts: TaskFacts, own: number, due: Set<string>): Promise<void> {
    const { book, head } = this.#options;
    const { task, clients } = facts;
    const step = await this.#stepOf(facts);
    if (step === undefined) return;
    const key = `${task.id} ${step} ${task.roundsDone} ${task.failures}`;
    due.add(key);
    const since = this.#since.get(key) ?? head().number;
    this.#since.set(key, since);
    const nodes = Math.max(1, book.oracles.length);
    const position = (own + Number(task.id) + task.roundsDone + clients.length) % nodes;
    if (head().number < since + position * TRAINING_TURN_BLOCKS) return;
    try {
      await book.contract[step](task.id);
    } catch (error) {
      // Another one was faster, or it is not possible yet.
      const level = hasCode(error, 'CONTRACT_REVERTED') ? 'debug' : 'warn';
      this.#options.environment.log[level]('training.not-done', { step, task: task.id, error: String(error) });
    }
  }

  async #stepOf({ task, clients }: TaskFacts): Promise<'start' | 'advance' | 'sync' | 'expire' | undefined> {
    const { book, head } = this.#options;
    const now = head().timestampMs / 1000;
    if (now >= Number(task.spec.expiresAt)) return 'expire';
    if (task.state === 'open') return clients.length === task.spec.clients ? 'start' : undefined;
    if (task.request === 0n) return now + task.spec.roundSeconds <= Number(task.spec.expiresAt) ? 'advance' : undefined;
    const { state, delivered } = await pedalClient(book.client).requestOf(task.request);
    return state !== 'pending' && !delivered ? 'sync' : undefined;
  }
}
