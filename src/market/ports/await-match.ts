import type { Hex } from '../../crypto/index.ts';
import type { Clock } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import { MATCH_WAIT_MICROS, MATCH_WAITERS_MAX } from '../../limits.ts';
import type { Match, MatchChain } from './match-chain.ts';

/** Reads matches, waiting a little for those that the other side has seen before this node. */
export interface MatchReader {
  /**
   * The match, once `wanted` holds for it; after MATCH_WAIT_MICROS the match as it stands.
   * @throws TreadleError TASK_UNKNOWN when the chain shows none by then, TASK_BUSY when too many wait already
   */
  read(taskId: Hex, wanted?: (match: Match) => boolean): Promise<Match>;
  close(): void;
}

/**
 * Two nodes see a final block some milliseconds apart. A device that acts on a match at once may reach a node that has
 * not seen the block yet: that node waits for it instead of calling the device a liar.
 */
export function createMatchReader(clock: Clock, chain: MatchChain): MatchReader {
  const waiting = new Map<Hex, Set<() => void>>();
  let waiters = 0;
  const unsubscribe = chain.onTask(({ taskId }) => {
    for (const wake of [...(waiting.get(taskId) ?? [])]) wake();
  });

  /** Resolves true when the task changes, false when the time is over. */
  function change(taskId: Hex, delayMicros: number): { readonly promise: Promise<boolean>; cancel(): void } {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const wakers = waiting.get(taskId) ?? new Set();
    waiting.set(taskId, wakers);
    const end = (changed: boolean) => {
      wakers.delete(wake);
      if (wakers.size === 0 && waiting.get(taskId) === wakers) waiting.delete(taskId);
      clock.cancel(timer);
      resolve(changed);
    };
    const wake = () => end(true);
    const timer = clock.set(delayMicros, () => end(false), `match of task ${taskId}`);
    wakers.add(wake);
    return { promise, cancel: () => end(false) };
  }

  async function wait(taskId: Hex, wanted: (match: Match) => boolean): Promise<Match> {
    const until = clock.now() + MATCH_WAIT_MICROS;
    for (;;) {
      // The subscription stands before the read, so a block between the two is not missed.
      const changed = change(taskId, Math.max(0, until - clock.now()));
      const match = await chain.task(taskId);
      const settled = match !== undefined && (wanted(match) || clock.now() >= until);
      if (settled || clock.now() >= until) {
        changed.cancel();
        if (match === undefined) throw new TreadleError('TASK_UNKNOWN', { data: { taskId } });
        return match;
      }
      await changed.promise;
    }
  }

  return {
    async read(taskId, wanted = () => true) {
      const match = await chain.task(taskId);
      if (match !== undefined && wanted(match)) return match;
      if (waiters >= MATCH_WAITERS_MAX) throw new TreadleError('TASK_BUSY', { detail: 'Too many requests wait for a match' });
      waiters++;
      try {
        return await wait(taskId, wanted);
      } finally {
        waiters--;
      }
    },
    close: unsubscribe,
  };
}
