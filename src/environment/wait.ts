import { TreadleError } from '../errors.ts';
import type { Environment, Micros } from './environment.ts';
import './errors.ts';

/** Resolves `micros` from now. `label` names the wait in stall reports. */
export function sleep(env: Pick<Environment, 'clock'>, micros: Micros, label: string): Promise<void> {
  return new Promise((resolve) => {
    env.clock.set(micros, resolve, label);
  });
}

/**
 * The outcome of `promise`, unless `micros` pass first. The timer never outlives the promise.
 *
 * @throws TreadleError ENV_DEADLINE when the time is over; `promise` itself goes on and its outcome is ignored
 */
export function withDeadline<T>(env: Pick<Environment, 'clock'>, promise: Promise<T>, micros: Micros, label: string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = env.clock.set(
      micros,
      () =>
        reject(new TreadleError('ENV_DEADLINE', { detail: `${label} took longer than ${micros} us`, data: { label, micros } })),
      label,
    );
    promise.then(
      (value) => {
        env.clock.cancel(timer);
        resolve(value);
      },
      (error: unknown) => {
        env.clock.cancel(timer);
        reject(error);
      },
    );
  });
}

export interface RetryOptions {
  /** How often `attempt` is called at most; at least 1. */
  readonly attempts: number;
  /** Time between the end of one attempt and the start of the next. */
  readonly delayMicros: Micros;
  /** Names the wait in stall reports and in the log. */
  readonly label: string;
  /** Whether an error is worth another attempt; by default every error is. */
  readonly retryable?: (error: unknown) => boolean;
}

/** Calls `attempt` (with 1, 2, ...) until it succeeds; rejects with the last error when all attempts failed. */
export async function retry<T>(
  env: Pick<Environment, 'clock' | 'log'>,
  options: RetryOptions,
  attempt: (number: number) => T | Promise<T>,
): Promise<T> {
  for (let number = 1; ; number++) {
    try {
      return await attempt(number);
    } catch (error) {
      if (number >= options.attempts || options.retryable?.(error) === false) throw error;
      env.log.debug('retry', { label: options.label, attempt: number, error: String(error) });
    }
    await sleep(env, options.delayMicros, options.label);
  }
}
