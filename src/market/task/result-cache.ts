import type { Address, Hex } from '../../crypto/index.ts';
import { TASK_RESULTS_BYTES_MAX, TASK_RESULTS_KEPT_MAX } from '../../limits.ts';

/** A finished task, kept so that a repeated request costs nothing. */
export interface CachedResult {
  readonly device: Address;
  readonly inputHash: Uint8Array;
  /** The answer as it was sent. */
  readonly bytes: Uint8Array;
}

/** The newest results, bounded in number and bytes. */
export interface ResultCache {
  get(taskId: Hex): CachedResult | undefined;
  put(taskId: Hex, result: CachedResult): void;
}

export function createResultCache(): ResultCache {
  const results = new Map<Hex, CachedResult>();
  let sizeBytes = 0;
  const drop = (taskId: Hex) => {
    sizeBytes -= results.get(taskId)?.bytes.length ?? 0;
    results.delete(taskId);
  };
  return {
    get: (taskId) => results.get(taskId),
    put(taskId, result) {
      drop(taskId);
      results.set(taskId, result);
      sizeBytes += result.bytes.length;
      while (results.size > TASK_RESULTS_KEPT_MAX || (sizeBytes > TASK_RESULTS_BYTES_MAX && results.size > 1)) {
        drop(results.keys().next().value as Hex);
      }
    },
  };
}
