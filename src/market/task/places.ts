import { TreadleError } from '../../errors.ts';
import { TASKS_WAITING_MAX } from '../../limits.ts';

/** A bounded number of places and a bounded queue for them, first come first served. */
export interface Places {
  readonly running: number;
  readonly waiting: number;
  /** Runs `work` in a place. @throws TreadleError TASK_BUSY when the queue is full */
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createPlaces(count: number): Places {
  const queue: (() => void)[] = [];
  let running = 0;
  return {
    get running() {
      return running;
    },
    get waiting() {
      return queue.length;
    },
    async run(work) {
      if (running >= count) {
        if (queue.length >= TASKS_WAITING_MAX) throw new TreadleError('TASK_BUSY', { data: { running, waiting: queue.length } });
        const { promise, resolve } = Promise.withResolvers<void>();
        queue.push(resolve);
        // Whoever frees the place hands it over, so `running` stays as it is.
        await promise;
      } else {
        running++;
      }
      try {
        return await work();
      } finally {
        const next = queue.shift();
        if (next === undefined) running--;
        else next();
      }
    },
  };
}
