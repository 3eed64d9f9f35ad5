import type { ConsensusReport, MembershipReport, NodeReport, PeerReport, SyncReport } from '../../ledger/index.ts';
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
  for (const { sealer, name } of membership.companies) names.set(sealer, name);
  if (membership.proxySealer !== null) names.set(membership.proxySealer, 'proxy');
  const named = (account: string): string => names.get(account) ?? account;
  out.line(`Node        ${node.name} (${node.role}) ${node.id}, version ${node.version}`);
  out.line(`Chain       ${node.chainId}, genesis ${node.genesisHash}`);
  out.line(`Height      ${node.height}${syncText(node)}`);
  out.line(`Consensus   ${consensusText(consensus, named)}`);
  if (consensus.abstaining !== undefined) out.line(`Abstaining  ${abstainingText(consensus.abstaining)}`);
  out.line(`Views       ${showCount(consensus.viewChanges, 'change')} since the node started`);
  out.line(`Sealers     ${consensus.sealers.length}: ${consensus.sealers.map(named).join(', ')}`);
  if (node.seat !== undefined && node.seat !== 'sealer') out.line(`Seat        ${seatText[node.seat] ?? node.seat}`);
  if (node.sewing !== undefined)
    out.line(`Sewing      ${node.sewing.map((kind) => `${kind}, ${sewingText[kind] ?? 'unknown'}`).join('; ')}`);
  if (node.certificate !== undefined) out.line(`Certificate ${certificateText(node.certificate, nowMs)}`);
  if (membership.quarantined.length > 0) {
    out.line(
      `Quarantine  ${membership.quarantined.map(named).join(', ')}: signed two different votes (treadle consortium evidence)`,
    );
  }
  const connected = peers.filter((peer) => peer.connected).length;
  out.line(`Peers       ${connected} of ${peers.length} connected`);
  if (peers.length > 0) {
    out.line();
    out.table(peers.map((peer) => peerRow(peer, named, nowMs)));
  }
  if (membership.proposals.length === 0) return;
  out.line();
  out.line('Votes under way (treadle consortium members shows them in full):');
  for (const { id, action, subject, proposer, votesFor, votesAgainst, votesNeeded, waitsFor } of membership.proposals) {
    const votes = `${votesFor} for, ${votesAgainst} against, ${votesNeeded} needed${waitsFor === null ? '' : waits[waitsFor]}`;
    out.line(`  ${id}: ${action} ${named(subject)}, proposed by ${named(proposer)}: ${votes}`);
  }
}

const waits = {
  sync: '; it has its votes and waits for the newcomer to be in sync',
  pace: '; it has its votes and waits because the sealers changed just now',
} as const;

/** What a node that may seal is, in words; a sealer needs none. */
const seatText: Readonly<Record<string, string>> = {
  none: 'this key seals for nobody: the company left, or seals with another key now',
  quarantined: 'in quarantine: this key signed two different votes; it seals again when the companies vote so',
  successor: 'named as the new key of its company: takes over as soon as it is in sync',
  candidate: 'proposed as a company: waits for the votes',
  proxyCandidate: 'proposed as the proxy: waits for the votes',
};

/** What a node is among the ledgers of its consortium. */
const sewingText: Readonly<Record<string, string>> = {
  F_g: 'seals the federal ledger',
  L_g: 'seals a local ledger',
  L_o: 'observes a local ledger',
  L_f: 'files this ledger with the federal one',
};

function certificateText({ expiresAtSeconds, state }: NonNullable<NodeReport['certificate']>, nowMs: number): string {
  const when = showWhen(expiresAtSeconds * 1000, nowMs);
  if (state === 'expired') return `EXPIRED ${when}: nobody lets this node in; put a new one into its folder`;
  return state === 'expires-soon' ? `expires ${when}: put a new one into its folder, without a restart` : `holds until ${when}`;
}

function syncText({ syncing }: NodeReport): string {
  if (syncing === false) return '';
  const { currentBlock, highestBlock, mode, snapshot } = syncing;
  const way = snapshot === undefined ? mode && ` (${mode})` : ` (snapshot: ${snapshotText(snapshot)})`;
  return `, catching up: ${currentBlock} of ${highestBlock}${way ?? ''}`;
}

/** What a join by snapshot is at. */
function snapshotText({ phase, header, pivot, stateNodes }: NonNullable<SyncReport['snapshot']>): string {
  return phase === 'headers' ? `headers up to ${header}` : `${phase} of block ${pivot}, ${showCount(stateNodes, 'part')} so far`;
}

function consensusText({ height, round, phase, proposer }: ConsensusReport, named: (account: string) => string): string {
  const who = proposer === null ? '' : `, proposer ${named(proposer)}`;
  return `height ${height}, round ${round}, ${phase.replaceAll('-', ' ')}${who}`;
}

function abstainingText({ why, untilHeight }: NonNullable<ConsensusReport['abstaining']>): string {
  return `${why}; votes again ${untilHeight === null ? 'when enough sealers have answered' : `from height ${untilHeight}`}`;
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
