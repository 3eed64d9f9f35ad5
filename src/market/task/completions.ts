import type { Hex } from '../../crypto/index.ts';
import type { Environment, Timer } from '../../environment/index.ts';
import {
  CLAIM_RETRY_MICROS,
  CLAIM_RETRY_MICROS_MAX,
  COMPLETION_FLUSH_MICROS,
  COMPLETIONS_PER_BATCH_MAX,
  COMPLETIONS_WAITING_MAX,
} from '../../limits.ts';
import type { MatchChain } from '../ports/index.ts';

/** Reports finished tasks to the chain, many in one transaction. */
export interface Completions {
  /** True when as many wait as may: the chain does not take them, and the node should not take more work. */
  readonly full: boolean;
  add(taskId: Hex): void;
  /** Sends what waits, now. */
  flush(): Promise<void>;
  stop(): void;
}

/** A batch goes out when it is full or COMPLETION_FLUSH_MICROS after its first task; a batch that fails is tried again. */
export function createCompletions(environment: Environment, chain: MatchChain): Completions {
  const { clock, log, metrics } = environment;
  const waiting: Hex[] = [];
  let timer: Timer | undefined;
  let sending: Promise<void> | undefined;
  let retryMicros = CLAIM_RETRY_MICROS;
  let stopped = false;

  function plan(delayMicros: number): void {
    if (stopped || timer !== undefined || sending !== undefined || waiting.length === 0) return;
    timer = clock.set(delayMicros, () => void send(), 'report of completed tasks');
  }

  function send(): Promise<void> {
    if (timer !== undefined) clock.cancel(timer);
    timer = undefined;
    if (sending !== undefined || waiting.length === 0) return sending ?? Promise.resolve();
    const batch = waiting.slice(0, COMPLETIONS_PER_BATCH_MAX);
    let delayMicros = COMPLETION_FLUSH_MICROS;
    sending = chain
      .complete(batch)
      .then(
        () => {
          waiting.splice(0, batch.length);
          retryMicros = CLAIM_RETRY_MICROS;
          metrics.count('tasks_reported_total', batch.length);
          if (waiting.length >= COMPLETIONS_PER_BATCH_MAX) delayMicros = 0;
        },
        (error: unknown) => {
          log.warn('completion_report_failed', { tasks: batch.length, error: String(error) });
          delayMicros = retryMicros;
          retryMicros = Math.min(2 * retryMicros, CLAIM_RETRY_MICROS_MAX);
        },
      )
      .then(() => {
        sending = undefined;
        plan(delayMicros);
      });
    return sending;
  }

  return {
    get full() {
      return waiting.length >= COMPLETIONS_WAITING_MAX;
    },
    add(taskId) {
      waiting.push(taskId);
      if (waiting.length >= COMPLETIONS_PER_BATCH_MAX && sending === undefined) void send();
      else plan(COMPLETION_FLUSH_MICROS);
    },
    async flush() {
      await sending;
      await send();
    },
    stop() {
      stopped = true;
      if (timer !== undefined) clock.cancel(timer);
    },
  };
}
