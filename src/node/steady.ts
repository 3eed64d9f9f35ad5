import { type Environment, sleep } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import { LINK_RETRY_MICROS_MIN, STARTUP_RETRY_MICROS_MAX } from '../limits.ts';

/** True once the node stops: what is tried again and again ends then. */
export interface Stopping {
  readonly stopping: boolean;
}

/**
 * Does a step that needs others to be there (a full node, the company, the ledger), trying again with growing pauses
 * until it works or the node stops. Each first failure of a kind is logged, so that an operator sees what is waited for.
 *
 * @returns undefined when the node stopped first
 */
export async function persist<T>(
  environment: Environment,
  what: string,
  state: Stopping,
  step: () => Promise<T>,
): Promise<T | undefined> {
  let pauseMicros = LINK_RETRY_MICROS_MIN;
  let told = '';
  while (!state.stopping) {
    try {
      return await step();
    } catch (error) {
      const reason = error instanceof TreadleError ? `${error.code}: ${error.detail}` : String(error);
      if (reason !== told) environment.log.warn('waiting', { for: what, reason });
      told = reason;
    }
    await sleep(environment, pauseMicros, what);
    pauseMicros = Math.min(2 * pauseMicros, STARTUP_RETRY_MICROS_MAX);
  }
  return undefined;
}
