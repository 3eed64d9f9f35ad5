import type { Blobs, Logger, Metrics } from './environment.ts';
import type { Objects } from './objects.ts';

export interface ContentAddressedDependencies {
  readonly objects: Objects;
  /** The lower-case hex SHA-256 of a content. */
  readonly hashOf: (content: Uint8Array) => string;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/**
 * Blobs in whatever keeps objects: `<first two digits>/<hash>`. Every content is checked against its hash when it is read; one
 * that is not what its hash says counts as missing, and stays until it is stored anew: it may have been spoilt on the way only.
 */
export function contentAddressed({ objects, hashOf, log, metrics }: ContentAddressedDependencies): Blobs {
  const pathOf = (hash: string): string | undefined => (/^[0-9a-f]{64}$/.test(hash) ? `${hash.slice(0, 2)}/${hash}` : undefined);
  return {
    put: async (content) => {
      const hash = hashOf(content);
      await objects.put(new Map([[pathOf(hash) as string, content]]));
      return hash;
    },
    get: async (hash) => {
      const path = pathOf(hash);
      const content = path === undefined ? undefined : await objects.get(path);
      if (content === undefined || hashOf(content) === hash) return content;
      metrics.count('disk_blobs_damaged_total');
      log.error('blob_damaged', { hash });
      return undefined;
    },
    delete: async (hash) => {
      const path = pathOf(hash);
      if (path !== undefined) await objects.delete([path]);
    },
  };
}
