import type { Membership } from '../consortium/index.ts';
import { consortiumClient, type LedgerClient, type ProposalKind, type ProposalRecord } from '../contracts/index.ts';
import type { MembershipReport, ProposalReport } from '../ledger/index.ts';
import { PROPOSALS_REPORTED_MAX } from '../limits.ts';

const ACTIONS: Readonly<Record<ProposalKind, string>> = {
  addCompany: 'add-company',
  removeCompany: 'remove-company',
  replaceProxy: 'replace-proxy',
};

/** Who is in the consortium, and which votes are under way. */
export async function reportMembership(membership: Membership, client: LedgerClient): Promise<MembershipReport> {
  const consortium = consortiumClient(client);
  const { proxy, companies, sealers } = await membership.roster();
  const newest = await consortium.proposals({ offset: 0n, limit: BigInt(PROPOSALS_REPORTED_MAX) });
  const open = newest.filter((proposal) => proposal.state === 'open').reverse();
  const votesNeeded = Math.floor((2 * companies.length) / 3) + 1;
  const proposals = open.map((proposal) => reportProposal(proposal, votesNeeded));
  return { proxy, companies, sealers, proposals };
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
  };
}
