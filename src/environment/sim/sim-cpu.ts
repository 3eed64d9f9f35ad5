import type { Cpu, CpuCost, Metrics, Micros } from '../environment.ts';
import { type Incarnation, never } from './incarnation.ts';
import { EventKind } from './kernel.ts';

/** What work costs in the simulated world. */
export interface CpuModel {
  /** Microseconds of one core per unit of an operation. An operation that is not listed is free, and counted. */
  readonly costs: Readonly<Record<string, Micros>>;
  readonly cores: number;
}

/**
 * Work on a node's cores, first come first served. A piece of work runs when it gets a core, which it holds for its
 * cost (and, should it wait for something, until that came); the caller has the result when the core is free again.
 */
export function simCpu(life: Incarnation, model: CpuModel, metrics: Metrics): Cpu {
  const queue: (() => void)[] = [];
  let head = 0;
  let idle = model.cores;
  const release = () => {
    idle++;
    const next = queue[head];
    if (next === undefined) return;
    // The queue is an array with a moving head; it is cut when it is empty, so that taking from the front stays cheap.
    if (++head === queue.length) queue.length = head = 0;
    idle--;
    next();
  };
  const price = ({ operation, units = 1 }: CpuCost): Micros => {
    const perUnit = model.costs[operation];
    if (perUnit === undefined) metrics.count('cpu_unpriced_total');
    return Math.ceil((perUnit ?? 0) * units);
  };
  return {
    run: <T>(cost: CpuCost, work: () => T | Promise<T>): Promise<T> => {
      if (!life.alive) return never();
      const micros = price(cost);
      metrics.count('cpu_busy_us', micros);
      if (micros === 0) return guarded(life, work);
      return new Promise<T>((resolve, reject) => {
        const start = () => {
          let settle: () => void = () => {};
          const result = guarded(life, work).then(
            (value) => (settle = () => resolve(value)),
            (error: unknown) => (settle = () => reject(error)),
          );
          life.after(micros, EventKind.cpu, () => {
            void result.then(() => {
              release();
              settle();
            });
          });
        };
        if (idle === 0) {
          queue.push(start);
        } else {
          idle--;
          start();
        }
      });
    },
  };
}

/** Runs `work` now; its outcome never reaches a node that has crashed since. */
function guarded<T>(life: Incarnation, work: () => T | Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const settle = (outcome: () => void) => {
      if (life.alive) outcome();
    };
    void (async () => work())().then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}
