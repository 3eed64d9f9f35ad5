import { MESSAGE_TYPE, type MessageType } from '../consensus/index.ts';
import type { Membership } from '../consortium/index.ts';
import {
  consortiumClient,
  type EvidenceRecord,
  type LedgerClient,
  type ProposalKind,
  type ProposalRecord,
} from '../contracts/index.ts';
import type { EvidenceReport, MembershipReport, ProposalReport } from '../ledger/index.ts';
import { EVIDENCE_REPORTED_MAX, PROPOSALS_REPORTED_MAX } from '../limits.ts';

const ACTIONS: Readonly<Record<ProposalKind, string>> = {
  addCompany: 'add-company',
  removeCompany: 'remove-company',
  replaceProxy: 'replace-proxy',
  reinstate: 'reinstate',
};
const WAITS = { nothing: null, sync: 'sync', epoch: 'pace' } as const;
const MESSAGE_NAMES = new Map<number, MessageType>(
  (Object.keys(MESSAGE_TYPE) as MessageType[]).map((type) => [MESSAGE_TYPE[type], type]),
);

/** Who is in the consortium, who is in quarantine and why, and which votes are under way. */
export async function reportMembership(membership: Membership, client: LedgerClient): Promise<MembershipReport> {
  const consortium = consortiumClient(client);
  const { proxy, proxySealer, companies, sealers } = await membership.roster();
  const [newest, quarantined, evidence] = await Promise.all([
    consortium.proposals({ offset: 0n, limit: BigInt(PROPOSALS_REPORTED_MAX) }),
    consortium.quarantined(),
    consortium.evidence({ offset: 0n, limit: BigInt(EVIDENCE_REPORTED_MAX) }),
  ]);
  const open = newest.filter((proposal) => proposal.state === 'open').reverse();
  const voting = companies.filter(({ account }) => !quarantined.includes(account));
  const votesNeeded = Math.floor((2 * voting.length) / 3) + 1;
  const proposals = open.map((proposal) => reportProposal(proposal, votesNeeded));
  return { proxy, proxySealer, companies, sealers, quarantined, evidence: evidence.map(reportEvidence), proposals };
}

function reportProposal(proposal: ProposalRecord, votesNeeded: number): ProposalReport {
  return {
    id: proposal.id.toString(),
    action: ACTIONS[proposal.kind],
    subject: proposal.account,
    proposer: proposal.proposer,
    votesFor: proposal.yes,
    votesAgainst: proposal.no,
    votesNeeded,
    waitsFor: WAITS[proposal.waitsFor],
  };
}

function reportEvidence(record: EvidenceRecord): EvidenceReport {
  return {
    id: Number(record.id),
    signer: record.signer,
    account: record.account,
    message: MESSAGE_NAMES.get(record.messageType) ?? String(record.messageType),
    height: Number(record.height),
    round: Number(record.round),
    digests: [record.digest, record.otherDigest],
    reporter: record.reporter,
    reportedAt: Number(record.reportedAt),
    quarantined: record.quarantined,
  };
}
