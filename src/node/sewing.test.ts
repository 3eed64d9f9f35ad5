import { describe, expect, it } from 'vitest';
import { FEDERAL_FILE_ADDRESS, OUTBOX_ADDRESS } from '../contracts/index.ts';
import type { Address } from '../crypto/index.ts';
import { Siblings } from './relay/siblings.ts';
import type { NodeSetup } from './setup.ts';
import { sewingOf } from './sewing.ts';

// Only the role and what genesis places are looked at.
const setup = (role: string, ...addresses: readonly Address[]) =>
  ({ file: { role }, genesis: { chainId: 7332, contracts: addresses.map((address) => ({ address })) } }) as unknown as NodeSetup;
const FEDERAL = [OUTBOX_ADDRESS, FEDERAL_FILE_ADDRESS] as const;

describe('what a node is among sewn ledgers', () => {
  it('follows from its ledger and its role', () => {
    expect(sewingOf(setup('company', ...FEDERAL), undefined)).toEqual(['F_g']);
    expect(sewingOf(setup('proxy', OUTBOX_ADDRESS), undefined)).toEqual(['L_g']);
    expect(sewingOf(setup('centre', OUTBOX_ADDRESS), undefined)).toEqual(['L_o']);
    expect(sewingOf(setup('oracle', OUTBOX_ADDRESS), undefined)).toEqual([]);
    expect(sewingOf(setup('company'), undefined)).toEqual([]);
  });

  it('is L_f too while its process has a node of the federal ledger', () => {
    const siblings = new Siblings();
    const parts = { ledger: {}, client: {}, domain: new Uint8Array(32) } as Pick<
      Parameters<Siblings['add']>[0],
      'ledger' | 'client' | 'domain'
    >;
    const company = setup('company', OUTBOX_ADDRESS);
    siblings.add({ chainId: 7333, federal: false, ...parts });
    expect(sewingOf(company, siblings)).toEqual(['L_g']);
    const { leave } = siblings.add({ chainId: 7331, federal: true, ...parts });
    expect(sewingOf(company, siblings)).toEqual(['L_g', 'L_f']);
    expect(sewingOf(setup('proxy', OUTBOX_ADDRESS), siblings)).toEqual(['L_g']);
    leave();
    expect(sewingOf(company, siblings)).toEqual(['L_g']);
  });
});
