import { describe, expect, it } from 'vitest';
import type { LedgerClient } from '../../contracts/index.ts';
import type { Ledger } from '../../ledger/index.ts';
import { Siblings } from './siblings.ts';

// Only who is seated is asked for here: nothing looks into the ledgers.
const seat = (chainId: number) => ({
  chainId,
  federal: false,
  ledger: {} as Ledger,
  client: {} as LedgerClient,
  domain: new Uint8Array(32),
});

describe('the nodes of one process', () => {
  it('find each other by ledger, while they are there', () => {
    const siblings = new Siblings();
    const [south, north, second] = [siblings.add(seat(7333)), siblings.add(seat(7332)), siblings.add(seat(7332))];
    expect(siblings.of(7332)).toBe(north.sibling);
    expect(siblings.others(7331).map(({ chainId }) => chainId)).toEqual([7332, 7333]);
    expect(siblings.others(7333)).toEqual([north.sibling]);
    north.leave();
    expect(siblings.of(7332)).toBe(second.sibling);
    second.leave();
    south.leave();
    expect(siblings.of(7332)).toBeUndefined();
    expect(siblings.others(7331)).toEqual([]);
  });
});
