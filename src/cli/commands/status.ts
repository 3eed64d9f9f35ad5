import type { ConsensusReport, MembershipReport, NodeReport, PeerReport } from '../../ledger/index.ts';
import { createOutput, type Output } from '../output.ts';
import { ask, rpcOverHttp } from '../rpc-over-http.ts';
import { showCount, showWhen } from '../text.ts';

export interface StatusOptions {
  readonly rpc: string;
  readonly json?: boolean;
}

/** What one node says of itself, its consensus, its peers and the members. */
export interface StatusReport {
  readonly node: NodeReport;
  readonly consensus: ConsensusReport;
  readonly membership: MembershipReport;
  readonly peers: readonly PeerReport[];
}

/** `treadle status`: how a node sees itself, the chain and the others. */
export async function status(options: StatusOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const rpc = rpcOverHttp(options.rpc);
  // The node's own report goes first: an address where nobody answers is told of once.
  const node = await ask<NodeReport>(rpc, 'treadle_node');
  const [consensus, membership, peers] = await Promise.all([
    ask<ConsensusReport>(rpc, 'treadle_consensus'),
    ask<MembershipReport>(rpc, 'treadle_membership'),
    ask<readonly PeerReport[]>(rpc, 'treadle_peers'),
  ]);
  const report = { node, consensus, membership, peers };
  printStatus(report, out, Date.now());
  out.result(report);
}

/** The report for people. */
export function printStatus({ node, consensus, membership, peers }: StatusReport, out: Output, nowMs: number): void {
  const names = new Map<string, string>(membership.companies.map(({ account, name }) => [account, name]));
  if (membership.proxy !== null) names.set(membership.proxy, 'proxy');
  const named = (account: string): string => names.get(account) ?? account;
  out.line(`Node        ${node.name} (${node.role}) ${node.id}, version ${node.version}`);
  out.line(`Chain       ${node.chainId}, genesis ${node.genesisHash}`);
  out.line(`Height      ${node.height}${syncText(node)}`);
  out.line(`Consensus   ${consensusText(consensus, named)}`);
  out.line(`Views       ${showCount(consensus.viewChanges, 'change')} since the node started`);
  out.line(`Sealers     ${consensus.sealers.length}: ${consensus.sealers.map(named).join(', ')}`);
  const connected = peers.filter((peer) => peer.connected).length;
  out.line(`Peers       ${connected} of ${peers.length} connected`);
  if (peers.length > 0) {
    out.line();
    out.table(peers.map((peer) => peerRow(peer, named, nowMs)));
  }
  if (membership.proposals.length === 0) return;
  out.line();
  out.line('Votes under way (treadle consortium members shows them in full):');
  for (const { id, action, subject, proposer, votesFor, votesAgainst, votesNeeded } of membership.proposals) {
    const votes = `${votesFor} for, ${votesAgainst} against, ${votesNeeded} needed`;
    out.line(`  ${id}: ${action} ${named(subject)}, proposed by ${named(proposer)}: ${votes}`);
  }
}

function syncText({ syncing }: NodeReport): string {
  if (syncing === false) return '';
  return `, catching up: ${syncing.currentBlock} of ${syncing.highestBlock}`;
}

function consensusText({ height, round, phase, proposer }: ConsensusReport, named: (account: string) => string): string {
  const who = proposer === null ? '' : `, proposer ${named(proposer)}`;
  return `height ${height}, round ${round}, ${phase.replaceAll('-', ' ')}${who}`;
}

function peerRow(
  peer: PeerReport,
  named: (account: string) => string,
  nowMs: number,
): Record<string, string | number | undefined> {
  return {
    peer: peer.node,
    role: peer.role,
    company: named(peer.company),
    state: peer.connected ? 'connected' : 'away',
    height: peer.height,
    since: peer.since === 0 ? '' : showWhen(peer.since, nowMs),
  };
}
