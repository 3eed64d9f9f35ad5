import type { Address } from '../../../crypto/index.ts';
import { type ChainContext, nowMs } from '../context.ts';
import type { Overview, Series, SeriesUnit } from '../types.ts';
import { quorumOf } from './blocks.ts';
import { roleOf } from './nodes.ts';

/** The information port's counters and what stands around them. */
export function showOverview(context: ChainContext): Overview {
  const { ledger, treadle, projection, names } = context;
  const consensus = treadle.consensus();
  const node = treadle.node();
  const { number, hash, timestampMs } = ledger.head;
  const now = nowMs(context);
  return {
    chainId: ledger.chainId,
    nowMs: now,
    blocks: number,
    transactions: ledger.transactionCount(),
    pending: ledger.pendingCount(),
    view: consensus.round,
    viewChanges: consensus.viewChanges,
    phase: consensus.phase,
    proposer: consensus.proposer === null ? null : names.partyOf(consensus.proposer),
    sealers: consensus.sealers.length,
    quorum: quorumOf(consensus.sealers.length),
    quarantined: (context.members()?.quarantined ?? []).map((account) => names.partyOf(account)),
    head: { number, hash, timestampMs },
    transactionsPerSecond: projection.counts.transactionsPerSecond(now),
    blockIntervalMs: projection.counts.blockIntervalMs(),
    edgeNodes: projection.edgeNodes.size + projection.edgeNodes.hidden,
    devices: projection.devices.size,
    tasks: projection.tasks.counts(),
    channels: projection.channels.counts(),
    self: {
      id: node.id,
      name: node.name === '' ? null : node.name,
      role: roleOf(node.role),
      company: names.companyName(node.company as Address),
    },
    index: projection.progress(),
  };
}

/** Transactions in 15 buckets up to now. */
export function showSeries(context: ChainContext, unit: SeriesUnit): Series {
  return { unit, points: context.projection.counts.series(unit, nowMs(context)) };
}
