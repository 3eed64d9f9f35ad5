import type { Address } from '../../../crypto/index.ts';
import type { Party } from '../types.ts';

/** What is known of accounts: who they are and to whom they belong. */
export interface Names {
  partyOf(address: Address): Party;
  /** A company as it calls itself, else its address; null for none. */
  companyName(company: Address | undefined): string | null;
  /** A company, and the key that its node runs with, which goes by the same name. */
  setCompany(account: Address, name: string, sealer?: Address): void;
  setProxy(account: Address, sealer?: Address): void;
  /** An observer belongs to a company. */
  setOwner(account: Address, company: Address): void;
  setLabel(account: Address, label: string): void;
}

/**
 * @param nameOf - a name that the node knows from elsewhere (contacts, contract catalogue), if any; it wins
 */
export function createNames(nameOf: (address: Address) => string | undefined): Names {
  const companies = new Map<Address, string>();
  const owners = new Map<Address, Address>();
  const labels = new Map<Address, string>();
  /** Keys that seal for another account than their own. */
  const sealsFor = new Map<Address, Address>();
  let proxy: Address | undefined;

  const memberName = (address: Address): string | undefined =>
    companies.get(address) ?? (address === proxy ? 'Proxy' : undefined);
  const ownName = (address: Address): string | null =>
    memberName(address) ?? memberName(sealsFor.get(address) ?? address) ?? nameOf(address) ?? labels.get(address) ?? null;
  const companyName = (company: Address | undefined): string | null =>
    company === undefined ? null : (ownName(company) ?? company);
  return {
    partyOf(address) {
      const belongs = memberName(address) !== undefined ? address : (sealsFor.get(address) ?? owners.get(address));
      return { address, name: ownName(address), company: companyName(belongs) };
    },
    companyName,
    setCompany(account, name, sealer = account) {
      companies.set(account, name);
      if (sealer !== account) sealsFor.set(sealer, account);
    },
    setProxy(account, sealer = account) {
      proxy = account;
      if (sealer !== account) sealsFor.set(sealer, account);
    },
    setOwner: (account, company) => void owners.set(account, company),
    setLabel: (account, label) => void labels.set(account, label),
  };
}
