import type { Address } from '../../../crypto/index.ts';
import type { EvidenceReport, PeerReport } from '../../../ledger/index.ts';
import { API_LAGGING_BLOCKS } from '../../../limits.ts';
import { nowMs, type ObserveContext } from '../context.ts';
import type { CertificateTermView, NodeRole, NodeRow, NodeStatus, Page, Party, PeerRow, QuarantineView } from '../types.ts';
import { containsText, pageOf } from './page-of.ts';

const ROLES: readonly NodeRole[] = ['proxy', 'company', 'centre', 'oracle', 'edge', 'device', 'observer'];

export function roleOf(role: string): NodeRole {
  return ROLES.find((known) => known === role) ?? 'observer';
}

interface NodesQuery {
  readonly offset: number;
  readonly limit: number;
  readonly search: string;
}

/** Nodes of the consortium as this one sees them: sealers first, then by role and name. */
export async function listNodes(context: ObserveContext, { search, ...page }: NodesQuery): Promise<Page<NodeRow>> {
  const rows = allNodes(context).sort(compareNodes);
  const keep = (row: NodeRow): boolean => search === '' || containsText(search, [row.name, row.company, row.address, row.role]);
  const found = pageOf(rows, { ...page, keep, row: (row) => row });
  return { ...found, items: await withViews(context, found.items) };
}

/** A node by its address; undefined when this one does not know of it. */
export async function findNode(context: ObserveContext, address: string): Promise<NodeRow | undefined> {
  const found = allNodes(context).filter((row) => row.address === address.toLowerCase());
  return (await withViews(context, found))[0];
}

/** Fills in the views that no vote told: the round in which the block at a node's height was agreed on. */
async function withViews({ ledger }: ObserveContext, rows: readonly NodeRow[]): Promise<NodeRow[]> {
  const heights = new Set(rows.flatMap((row) => (row.view === null && row.height !== null ? [row.height] : [])));
  const rounds = new Map<number, number>();
  for (const height of heights) {
    const round = (await ledger?.block(height))?.certificate?.round;
    if (round !== undefined) rounds.set(height, round);
  }
  return rows.map((row) => ({ ...row, view: row.view ?? rounds.get(row.height ?? -1) ?? null }));
}

function allNodes(context: ObserveContext): NodeRow[] {
  const { treadle } = context;
  const sealers = new Set(treadle.consensus().sealers);
  const reports = treadle.peers();
  const known = new Set([treadle.node().id, ...reports.map((report) => report.node)]);
  const silent = [...sealers].filter((sealer) => !known.has(sealer));
  return [
    selfRow(context, sealers),
    ...reports.map((report) => peerNode(context, report, sealers)),
    // A sealer that this node has never heard of still has a vote.
    ...silent.map((sealer) =>
      peerNode(context, { node: sealer, role: 'company', company: '', connected: false, addresses: [], since: 0 }, sealers),
    ),
  ];
}

function compareNodes(left: NodeRow, right: NodeRow): number {
  return left.sealer === right.sealer ? compareParties(left, right) : left.sealer ? -1 : 1;
}

/** By role, then by name, "Device 9" before "Device 10". */
export function compareParties(left: Party & { readonly role: NodeRole }, right: Party & { readonly role: NodeRole }): number {
  const byRole = ROLES.indexOf(left.role) - ROLES.indexOf(right.role);
  if (byRole !== 0) return byRole;
  return (left.name ?? left.address).localeCompare(right.name ?? right.address, 'en', { numeric: true });
}

function selfRow(context: ObserveContext, sealers: ReadonlySet<Address>): NodeRow {
  const node = context.treadle.node();
  const party = context.names.partyOf(node.id);
  return {
    address: node.id,
    name: node.name === '' ? party.name : node.name,
    company: party.company ?? context.names.companyName(companyAddress(node.company)),
    role: roleOf(node.role),
    height: node.height,
    view: context.treadle.consensus().round,
    status: node.syncing === false ? 'running' : 'lagging',
    lastSeenMs: nowMs(context),
    self: true,
    sealer: sealers.has(node.id),
    certificate: termOf(node.certificate),
    ...recordOf(context, node.id),
  };
}

function peerNode(context: ObserveContext, report: PeerReport, sealers: ReadonlySet<Address>): NodeRow {
  const party = context.names.partyOf(report.node);
  return {
    ...party,
    company: party.company ?? context.names.companyName(companyAddress(report.company)),
    role: roleOf(report.role),
    height: report.height ?? null,
    view: context.viewOf(report.node) ?? null,
    status: statusOf(report, context.treadle.node().height),
    lastSeenMs: report.connected ? nowMs(context) : report.since > 0 ? report.since : null,
    self: false,
    sealer: sealers.has(report.node),
    certificate: termOf(report.certificate),
    ...recordOf(context, report.node),
  };
}

/** Whose seat a node's key has, what is proved against that account, and whether it is kept from voting for it. */
function recordOf({ members, names }: ObserveContext, node: Address): Pick<NodeRow, 'account' | 'quarantine' | 'evidence'> {
  const report = members();
  const account = node === report?.proxySealer ? report.proxy : report?.companies.find(({ sealer }) => sealer === node)?.account;
  if (report === undefined || account == null) return { account: null, quarantine: null, evidence: [] };
  const against = report.evidence.filter((each) => each.account === account);
  const proof = report.quarantined.includes(account) ? against.find(({ quarantined }) => quarantined) : undefined;
  const view = ({ message, height, round, reportedAt, reporter }: EvidenceReport): QuarantineView => {
    return { message, height, round, reportedAt, reporter: names.partyOf(reporter) };
  };
  return {
    account: account === node ? null : account,
    quarantine: proof === undefined ? null : view(proof),
    evidence: against.map(view),
  };
}

function termOf(certificate: PeerReport['certificate']): CertificateTermView | null {
  if (certificate === undefined) return null;
  return { expiresAtMs: 1000 * certificate.expiresAtSeconds, state: certificate.state };
}

function statusOf({ connected, height, since }: PeerReport, ownHeight: number): NodeStatus {
  if (!connected) return since > 0 ? 'unreachable' : 'not connected';
  return height !== undefined && ownHeight - height > API_LAGGING_BLOCKS ? 'lagging' : 'running';
}

/** Reports name a company by its account; a stranger has none. */
function companyAddress(company: string): Address | undefined {
  return /^0x[0-9a-f]{40}$/.test(company) ? (company as Address) : undefined;
}

export function peerRow(context: ObserveContext, report: PeerReport): PeerRow {
  const party = context.names.partyOf(report.node);
  return {
    ...party,
    company: party.company ?? context.names.companyName(companyAddress(report.company)),
    role: roleOf(report.role),
    connected: report.connected,
    height: report.height ?? null,
    addresses: report.addresses,
    sinceMs: report.since > 0 ? report.since : null,
  };
}
