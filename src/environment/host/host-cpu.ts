import type { Clock, Cpu, Metrics } from '../environment.ts';

/** Work runs here and now; how long it took is measured by operation. */
export function hostCpu(clock: Clock, metrics: Metrics): Cpu {
  return {
    charge: () => undefined,
    run: async (cost, work) => {
      const started = clock.now();
      try {
        return await work();
      } finally {
        const name = cost.operation.replaceAll(/[^a-zA-Z0-9]/g, '_');
        metrics.observe(`cpu_${name}_ms`, (clock.now() - started) / 1000);
      }
    },
  };
}
