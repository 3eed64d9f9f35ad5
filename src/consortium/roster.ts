import type { Address } from '../crypto/index.ts';
import type { CompanySeat } from './genesis.ts';

/** Who is in the consortium at one block. */
export interface Roster {
  readonly proxy: Address;
  readonly companies: readonly CompanySeat[];
  /** Who votes on the next block, ascending. */
  readonly sealers: readonly Address[];
}

/** Whose certificates count: the companies', and for centres the proxy's as well. */
export function issuersFor(roster: Roster, role: 'device' | 'edge' | 'centre'): ReadonlySet<Address> {
  const companies = roster.companies.map(({ account }) => account);
  return new Set(role === 'centre' ? [...companies, roster.proxy] : companies);
}
