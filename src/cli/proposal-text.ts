import type { ProposalRecord } from '../contracts/index.ts';
import type { Address } from '../crypto/index.ts';
import { showInstant, showWhen } from './text.ts';

/** Votes with which a change is made: more than two thirds of the companies. */
export function votesNeeded(companies: number): number {
  return Math.floor((2 * companies) / 3) + 1;
}

/** A proposal in one line. */
export function proposalLine(
  proposal: ProposalRecord,
  {
    companies,
    nameOf,
    nowMs,
  }: { readonly companies: number; readonly nameOf: (account: Address) => string; readonly nowMs: number },
): string {
  const { id, state, proposer, yes, no, expiresAt, waitsFor } = proposal;
  const votes = `${yes} for, ${no} against, ${votesNeeded(companies)} of ${companies} needed`;
  const end = state === 'open' ? `, until ${showWhen(Number(expiresAt) * 1000, nowMs)}` : '';
  return `Proposal ${id}: ${changeText(proposal, nameOf)}; by ${nameOf(proposer)}; ${state}: ${votes}${end}${waitsFor === 'nothing' ? '' : `; ${waitText[waitsFor]}`}`;
}

/** What a proposal that has its votes waits for. */
export const waitText = {
  nothing: 'it can be carried out: treadle consortium execute',
  sync: "it has its votes, and is carried out as soon as the newcomer's node has the chain and proves it",
  epoch: 'it has its votes, but the sealers changed only just now: carry it out a little later with treadle consortium execute',
} as const;

function changeText({ kind, account, name }: ProposalRecord, nameOf: (account: Address) => string): string {
  if (kind === 'addCompany') return `add company "${name}" (${account})`;
  if (kind === 'reinstate') return `let ${nameOf(account)} seal again`;
  return kind === 'removeCompany' ? `remove company ${nameOf(account)}` : `make ${account} the proxy`;
}

/** A proposal as a JSON document shows it. */
export function proposalDocument(proposal: ProposalRecord, companies: number): Record<string, unknown> {
  const { expiresAt, ...rest } = proposal;
  return { ...rest, expiresAt: showInstant(Number(expiresAt) * 1000), votesNeeded: votesNeeded(companies) };
}
