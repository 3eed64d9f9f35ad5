import type { Address } from '../crypto/index.ts';
import { rememberByIdentity } from '../remember.ts';
import type { CompanySeat } from './genesis.ts';
import type { CertifiedRole } from './roles.ts';

/** A company, and the key that its node runs with. */
export interface RosterCompany extends CompanySeat {
  readonly sealer: Address;
}

/** Who is in the consortium at one block. */
export interface Roster {
  /** Account of the proxy: whom devices pay. */
  readonly proxy: Address;
  /** The key that the proxy's node runs with. */
  readonly proxySealer: Address;
  readonly companies: readonly RosterCompany[];
  /** The keys that vote on the next block, ascending. */
  readonly sealers: readonly Address[];
}

/** The roster of founders, who seal with the keys of their accounts. */
export function rosterOfFounders(proxy: Address, companies: readonly CompanySeat[], sealers: readonly Address[]): Roster {
  const seated = companies.map(({ account, name }) => ({ account, name, sealer: account }));
  return { proxy, proxySealer: proxy, companies: seated, sealers };
}

/** The node that runs for a member's account; an account that is no member's stands for itself. */
export function nodeOfAccount(roster: Roster, account: Address): Address {
  if (account === roster.proxy) return roster.proxySealer;
  return roster.companies.find((company) => company.account === account)?.sealer ?? account;
}

/** Whose certificates count: the companies', and for centres the proxy's as well. */
export function issuersFor({ companies, proxy }: Roster, role: CertifiedRole): ReadonlySet<Address> {
  const accounts = accountsOf(companies);
  return role === 'centre' ? new Set([...accounts, proxy]) : accounts;
}

/** Every contact is judged by them, and a node hears of thousands while its list of companies stays the same. */
const accountsOf = rememberByIdentity(
  (companies: readonly RosterCompany[]): ReadonlySet<Address> => new Set(companies.map(({ account }) => account)),
);
