import { describe, expect, it } from 'vitest';
import { SPREAD_AGAIN_AT_ONCE_MAX, SPREAD_AGAIN_MICROS_MAX, SPREAD_AGAIN_MICROS_MIN } from '../../limits.ts';
import { TestConsortium } from '../testing/consortium.ts';
import { setValue } from '../testing/damage.ts';
import { CHAIN_ID } from '../testing/fixtures.ts';
import { SpreadAgain } from './spread-again.ts';
import { decodeTransaction } from './transaction-codec.ts';

const signed = (nonce: number) => decodeTransaction(setValue(nonce), CHAIN_ID);

describe('transactions that no block has taken for a while', () => {
  it('are told again with growing pauses, and not once they are in a block', () => {
    const time = { micros: 0 };
    const again = new SpreadAgain({ now: () => time.micros, set: (_delay, _handler, label) => ({ label }), cancel: () => {} });
    again.noteSpread(signed(0));
    again.noteSpread(signed(1));
    expect(again.due()).toEqual([]);
    time.micros += SPREAD_AGAIN_MICROS_MIN;
    expect(again.due()).toEqual([signed(0), signed(1)]);
    expect(again.due()).toEqual([]);
    again.forget(signed(0).hash);
    time.micros += SPREAD_AGAIN_MICROS_MIN;
    expect(again.due()).toEqual([]);
    time.micros += SPREAD_AGAIN_MICROS_MIN;
    expect(again.due()).toEqual([signed(1)]);
    for (let times = 0; times < 20; times++) {
      time.micros += SPREAD_AGAIN_MICROS_MAX;
      expect(again.due()).toEqual([signed(1)]);
    }
  });

  it('are told a bounded number at a time', () => {
    const time = { micros: 0 };
    const again = new SpreadAgain({ now: () => time.micros, set: (_delay, _handler, label) => ({ label }), cancel: () => {} });
    for (let nonce = 0; nonce < SPREAD_AGAIN_AT_ONCE_MAX + 5; nonce++) again.noteSpread(signed(nonce));
    time.micros += SPREAD_AGAIN_MICROS_MIN;
    expect(again.due()).toHaveLength(SPREAD_AGAIN_AT_ONCE_MAX);
    expect(again.due()).toHaveLength(5);
  });

  it('reach a peer that had no room for them at first', async () => {
    const consortium = new TestConsortium({ poolLimits: { transactions: 1 } });
    const nodes = await consortium.addSealers();
    const [node, other] = nodes;
    const { world } = consortium;
    // Another's pool is full with a transaction of its own when it is told.
    world.partition([[node.id], nodes.slice(1).map(({ id }) => id)]);
    await world.run(other.ledger.submit(setValue(0)));
    await world.runFor(100_000);
    expect(other.ledger.pendingCount()).toBe(1);
    world.heal();
    const hash = await world.run(node.ledger.submit(setValue(1)));
    await world.runFor(100_000);
    const knows = async (): Promise<boolean> => (await world.run(other.ledger.transaction(hash))) !== undefined;
    expect(await knows()).toBe(false);
    // The block takes what filled it.
    await consortium.decide([other, ...nodes.slice(2), node]);
    await world.runFor(SPREAD_AGAIN_MICROS_MIN);
    await consortium.decide([other, ...nodes.slice(2), node]);
    await world.runFor(100_000);
    expect(await knows()).toBe(true);
  });
});
