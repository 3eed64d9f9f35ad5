import { type LedgerKind, type Role, sewingKindOf } from '../consortium/index.ts';
import { FEDERAL_FILE_ADDRESS, OUTBOX_ADDRESS } from '../contracts/index.ts';
import type { Genesis } from '../ledger/index.ts';
import type { Siblings } from './relay/siblings.ts';
import type { NodeSetup } from './setup.ts';

/** What a ledger is among those of its consortium, by what its genesis places; undefined when it has no lanes to others. */
export function ledgerKindOf({ contracts }: Pick<Genesis, 'contracts'>): LedgerKind | undefined {
  const places = (wanted: string): boolean => contracts.some(({ address }) => address === wanted);
  if (places(FEDERAL_FILE_ADDRESS)) return 'federal';
  return places(OUTBOX_ADDRESS) ? 'local' : undefined;
}

/**
 * What a node is where several ledgers are sewn together: F_g and L_g seal, L_o observes, and L_f files heights of its local ledger with the
 * federal one, which a company's node does while its process has one there too. Empty for all others.
 */
export function sewingOf(setup: Pick<NodeSetup, 'file' | 'genesis'>, siblings: Siblings | undefined): readonly string[] {
  const role: Role = setup.file.role;
  const kind = ledgerKindOf(setup.genesis);
  if (kind === undefined) return [];
  const own = sewingKindOf(kind, role);
  const files = role === 'company' && kind === 'local' && siblings?.others(setup.genesis.chainId).some(({ federal }) => federal);
  return [...(own === undefined ? [] : [own]), ...(files === true ? ['L_f'] : [])];
}
