import { describe, expect, it } from 'vitest';
import { proposerOf, turnOrder } from '../consensus/index.ts';
import { TestConsortium, type TestNode } from '../ledger/testing/consortium.ts';
import { ProposerHistory } from './proposer-history.ts';

async function historyOf({ ledger }: TestNode, consortium: TestConsortium): Promise<ProposerHistory> {
  const history = new ProposerHistory(ledger);
  await consortium.world.run(history.load());
  return history;
}

describe('the history of proposers', () => {
  it('is the same for one that watched, one that restarted, and one that synced', async () => {
    const consortium = new TestConsortium();
    const nodes = await consortium.addSealers();
    const watching = await historyOf(nodes[0], consortium);
    nodes[0].ledger.onHead(({ header }) => watching.add(header));
    const sealers = nodes[0].ledger.sealers();
    const dead = sealers[2];
    const lists: (readonly string[] | undefined)[] = [];
    for (let height = 1; height <= 12; height++) {
      const skipped = watching.skippedNext();
      expect(watching.nextHeight).toBe(height);
      lists.push(skipped);
      const builder = turnOrder(sealers, height, skipped).find((sealer) => sealer !== dead);
      await consortium.decide([consortium.node(builder ?? '0x'), ...nodes.filter(({ id }) => id !== builder)]);
      expect((await historyOf(nodes[1], consortium)).skippedNext(), 'read anew').toEqual(watching.skippedNext());
    }
    // The dead one's first turn is at height 2; it is passed over from then on.
    expect(lists.slice(0, 2)).toEqual([[], []]);
    expect(lists.slice(2)).toEqual(Array.from({ length: 10 }, () => [dead]));
    expect(proposerOf(sealers, { height: 6, round: 0, skipped: [dead ?? '0x'] })).toBe(sealers[3]);
    expect(watching.wasSealer(dead ?? '0x')).toBe(true);
    expect(watching.wasSealer(`0x${'9'.repeat(40)}`)).toBe(false);
  });

  it('says nothing while headers of the window are missing, and passes over what it knows', async () => {
    const consortium = new TestConsortium();
    const [node] = await consortium.addSealers();
    for (let height = 1; height <= 3; height++) await consortium.decide();
    const complete = await historyOf(node, consortium);
    const headers = await Promise.all([0, 1, 2, 3].map((number) => node.ledger.header(number)));
    const gap = new ProposerHistory({
      head: node.ledger.head,
      header: async (id) => (id === 1 ? undefined : headers[Number(id)]),
    });
    await gap.load();
    expect(gap.skippedNext()).toBeUndefined();
    const again = await historyOf(node, consortium);
    for (const header of headers) if (header !== undefined) again.add(header);
    expect(again.skippedNext()).toEqual(complete.skippedNext());
    expect(again.nextHeight).toBe(4);
  });
});
