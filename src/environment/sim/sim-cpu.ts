import type { Cpu, CpuCost, Metrics, Micros } from '../environment.ts';
import { Fifo } from './fifo.ts';
import { type Incarnation, never } from './incarnation.ts';
import { EventKind } from './sim-event.ts';

/** What work costs in the simulated world. */
export interface CpuModel {
  /** Microseconds of one core per unit of an operation. An operation that is not listed is free, and counted. */
  readonly costs: Readonly<Record<string, Micros>>;
  readonly cores: number;
  /** How fast the cores are at the moment; 1 is what the costs were stated for, 0.1 ten times slower. */
  readonly speed: () => number;
}

/**
 * Work on a node's cores, first come first served. A piece of work runs when it gets a core, which it holds for its
 * cost (and, should it wait for something, until that came); the caller has the result when the core is free again. What
 * was charged meanwhile by the handlers of messages comes first.
 */
export function simCpu(life: Incarnation, model: CpuModel, metrics: Metrics): Cpu {
  const queue = new Fifo<() => void>();
  let idle = model.cores;
  const release = () => {
    idle++;
    const next = queue.shift();
    if (next === undefined) return;
    idle--;
    next();
  };
  const price = ({ operation, units = 1 }: CpuCost): Micros => {
    const perUnit = model.costs[operation];
    if (perUnit === undefined) metrics.count('cpu_unpriced_total');
    return Math.ceil(((perUnit ?? 0) * units) / model.speed());
  };
  /** Until when the thread that handles messages is taken by what was charged. */
  let chargedUntil: Micros = 0;
  return {
    charge: (cost) => {
      const micros = price(cost);
      metrics.count('cpu_busy_us', micros);
      chargedUntil = Math.max(life.now, chargedUntil) + micros;
    },
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
          life.after(micros + Math.max(0, chargedUntil - life.now), EventKind.cpu, () => {
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
