import type { Hex } from '../../crypto/index.ts';
import type { Environment, Timer } from '../../environment/index.ts';
import { COMPLETION_FLUSH_MICROS, COMPLETIONS_PER_BATCH_MAX, LEASES_WATCHED_MAX } from '../../limits.ts';
import type { MatchChain } from '../ports/index.ts';

/** Frees the slots that devices matched with this node and then left. */
export interface LeaseKeeper {
  /** Matches under watch. */
  readonly watched: number;
  stop(): void;
}

/** Watches the matches that name this node and expires those still open when their time is over. */
export function createLeaseKeeper(environment: Environment, chain: MatchChain): LeaseKeeper {
  const { clock, log, metrics } = environment;
  /** Task to the end of its lease, in order of arrival, which is the order of ending. */
  const leases = new Map<Hex, number>();
  let timer: Timer | undefined;
  let stopped = false;

  const unsubscribe = chain.onTask(({ taskId, node }) => {
    if (node !== environment.node) {
      leases.delete(taskId);
      return;
    }
    chain.task(taskId).then(
      (match) => {
        if (match?.state !== 'open' || match.node !== environment.node || leases.size >= LEASES_WATCHED_MAX) return;
        leases.set(taskId, match.expiresAtMicros);
        plan();
      },
      (error: unknown) => log.debug('match_not_read', { taskId, error: String(error) }),
    );
  });

  function plan(): void {
    const [first] = leases.values();
    if (stopped || timer !== undefined || first === undefined) return;
    // A little late on purpose: the chain's clock stands at its last block, and others may free the same slot.
    timer = clock.set(Math.max(0, first - clock.now()) + COMPLETION_FLUSH_MICROS, () => void sweep(), 'end of an unused match');
  }

  async function sweep(): Promise<void> {
    timer = undefined;
    const over = [...leases].filter(([, endMicros]) => endMicros <= clock.now()).slice(0, COMPLETIONS_PER_BATCH_MAX);
    for (const [taskId] of over) leases.delete(taskId);
    try {
      if (over.length > 0) await chain.expire(over.map(([taskId]) => taskId));
      metrics.count('leases_expired_total', over.length);
    } catch (error) {
      // Whoever wants the slot may free it as well: this node does not insist.
      log.warn('leases_not_freed', { tasks: over.length, error: String(error) });
    }
    plan();
  }

  return {
    get watched() {
      return leases.size;
    },
    stop() {
      stopped = true;
      unsubscribe();
      if (timer !== undefined) clock.cancel(timer);
    },
  };
}
