import type { Hex } from '../crypto/index.ts';
import type { LedgerNode } from '../node/index.ts';
import type { Cluster } from './cluster.ts';

/** Times from a transaction's arrival in a pool to the block that holds it, seen at the node that it arrived at first. */
export interface CommitWatch {
  start(): void;
  readonly latenciesMs: readonly number[];
}

/** Watches the pools and heads of the sealers that are up when it starts. */
export function commitWatch(cluster: Cluster): CommitWatch {
  const arrivals = new Map<Hex, { readonly atMicros: number; readonly by: LedgerNode }>();
  const latenciesMs: number[] = [];
  return {
    latenciesMs,
    start() {
      const nodes: readonly LedgerNode[] = [...cluster.running('proxy'), ...cluster.running('company')];
      for (const node of nodes) {
        node.full.ledger.onPending((hash) => {
          if (!arrivals.has(hash)) arrivals.set(hash, { atMicros: cluster.world.now, by: node });
        });
        node.full.ledger.onHead((_block, receipts) => {
          for (const { transactionHash } of receipts) {
            const arrival = arrivals.get(transactionHash);
            if (arrival?.by !== node) continue;
            latenciesMs.push((cluster.world.now - arrival.atMicros) / 1000);
            arrivals.delete(transactionHash);
          }
        });
      }
    },
  };
}
