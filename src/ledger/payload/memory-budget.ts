import type { Metrics } from '../../environment/index.ts';
import { invariant } from '../../errors.ts';
import type { MemoryBudget } from './payload.ts';

/** Makes a node's memory budget. What does not fit is counted as `memory_refused_total`; the node's use is `memory_budget_bytes`. */
export function createMemoryBudget(limitBytes: number, metrics: Metrics): MemoryBudget {
  let usedBytes = 0;
  const change = (bytes: number): void => {
    usedBytes += bytes;
    invariant(usedBytes >= 0, 'no more memory is given back than was taken');
    metrics.gauge('memory_budget_bytes', usedBytes);
  };
  return {
    limitBytes,
    get usedBytes() {
      return usedBytes;
    },
    take(bytes) {
      if (usedBytes + bytes > limitBytes) {
        metrics.count('memory_refused_total');
        return undefined;
      }
      change(bytes);
      let given = false;
      return () => {
        if (given) return;
        given = true;
        change(-bytes);
      };
    },
  };
}
