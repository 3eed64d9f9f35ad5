import { quantity } from './quantity.ts';
import type { NodeReport } from './treadle-port.ts';

/** The answer of `eth_syncing`: false, or where the node stands. */
export function formatSyncing(node: NodeReport): false | Readonly<Record<string, unknown>> {
  if (node.syncing === false) return false;
  return {
    startingBlock: quantity(node.syncing.startingBlock),
    currentBlock: quantity(node.syncing.currentBlock),
    highestBlock: quantity(node.syncing.highestBlock),
  };
}
