import type { Address } from '../../../crypto/index.ts';
import { API_OBSERVED_BLOCKS, API_OBSERVED_PEERS_MAX } from '../../../limits.ts';
import { nowMs, type ObserveContext } from '../context.ts';
import type { Observation, Party } from '../types.ts';
import { blockRow } from './chain-rows.ts';
import { compareParties, peerRow, roleOf } from './nodes.ts';

/** What this node itself sees: its peers, its chain, its consensus, its measurements. */
export async function observe(context: ObserveContext): Promise<Observation> {
  const { environment, treadle, names } = context;
  const node = treadle.node();
  const peers = treadle
    .peers()
    .map((report) => peerRow(context, report))
    .sort((left, right) => Number(right.connected) - Number(left.connected) || compareParties(left, right));
  return {
    nowMs: nowMs(context),
    self: { ...selfParty(context), role: roleOf(node.role) },
    addresses: environment.network.addresses(),
    version: node.version,
    syncing: node.syncing === false ? null : { currentBlock: node.syncing.currentBlock, highestBlock: node.syncing.highestBlock },
    chain: await observeChain(context),
    consensus: observeConsensus(context),
    peers: peers.slice(0, API_OBSERVED_PEERS_MAX),
    peersHidden: Math.max(0, peers.length - API_OBSERVED_PEERS_MAX),
    metrics: environment.metrics.snapshot(),
  };

  function selfParty({ names: known }: ObserveContext): Party {
    const party = known.partyOf(node.id);
    const company = party.company ?? (node.company === '' ? null : names.companyName(node.company as Address));
    return { address: node.id, name: node.name === '' ? party.name : node.name, company };
  }
}

async function observeChain({ ledger, names }: ObserveContext): Promise<Observation['chain']> {
  if (ledger === undefined) return null;
  const { number, hash, timestampMs } = ledger.head;
  const numbers = Array.from({ length: Math.min(API_OBSERVED_BLOCKS, number + 1) }, (_, at) => number - at);
  const blocks = await Promise.all(numbers.map((height) => ledger.block(height)));
  const recent = blocks.filter((block) => block !== undefined).map((block) => blockRow(block, names));
  return { chainId: ledger.chainId, height: number, hash, timestampMs, recent, pending: ledger.pendingCount() };
}

function observeConsensus({ treadle, names }: ObserveContext): Observation['consensus'] {
  const { height, round, phase, proposer, sealers, viewChanges } = treadle.consensus();
  return {
    height,
    round,
    phase,
    proposer: proposer === null ? null : names.partyOf(proposer),
    sealers: sealers.map(names.partyOf),
    votes: sealers.includes(treadle.node().id),
    viewChanges,
  };
}
