import type { Clock, Micros } from '../../environment/index.ts';

export interface BackoffOptions {
  readonly firstMicros: Micros;
  readonly maxMicros: Micros;
  readonly attemptsMax: number;
  readonly label: string;
}

/** Waits `delayMicros` on the environment's clock. */
export function sleep(clock: Clock, delayMicros: Micros, label: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  clock.set(delayMicros, resolve, label);
  return promise;
}

/**
 * Calls `attempt` until it resolves true, waiting twice as long after each failure; a throw counts as a failure.
 * Resolves false, with the last error in `failed`, when the attempts are used up or `stopped` says so.
 */
export async function retry(
  clock: Clock,
  options: BackoffOptions,
  attempt: () => Promise<boolean>,
  failed: (error: unknown) => void,
  stopped: () => boolean,
): Promise<boolean> {
  let delayMicros = options.firstMicros;
  for (let count = 0; count < options.attemptsMax && !stopped(); count++) {
    try {
      if (await attempt()) return true;
    } catch (error) {
      failed(error);
    }
    await sleep(clock, delayMicros, options.label);
    delayMicros = Math.min(2 * delayMicros, options.maxMicros);
  }
  return false;
}
