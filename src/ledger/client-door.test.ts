import { describe, expect, it } from 'vitest';
import { ALONE_MICROS_MAX, BUSY_RETRY_AFTER_MS } from '../limits.ts';
import { TestConsortium } from './testing/consortium.ts';
import { setValue } from './testing/damage.ts';
import { testGenesis } from './testing/fixtures.ts';

describe('a node that cannot pass transactions on', () => {
  it('takes them for a while, then says that it is alone, and takes them again once a sealer is back', async () => {
    const consortium = new TestConsortium();
    const nodes = await consortium.addSealers();
    const { world } = consortium;
    const [node, ...others] = nodes;
    const submit = (nonce: number) => world.run(node.ledger.submitMany([{ raw: setValue(nonce) }]));
    world.partition([[node.id], others.map(({ id }) => id)]);
    await world.runUntil(() => node.environment.network.peers().length === 0, 120_000_000);
    await world.runFor(1_000);
    expect(await submit(0)).toEqual([expect.stringMatching(/^0x/)]);
    await world.runFor(ALONE_MICROS_MAX);
    expect(await submit(1)).toMatchObject([{ code: 'POOL_ALONE', data: { retryAfterMs: BUSY_RETRY_AFTER_MS } }]);
    world.heal();
    for (const other of others) await consortium.connect(node, other);
    expect(await submit(1)).toEqual([expect.stringMatching(/^0x/)]);
  });

  it('says that it is of no member, and answers with the code of that', async () => {
    const consortium = new TestConsortium();
    const [node] = await consortium.addSealers();
    node.ledger.turnClientsAway(true);
    const both = await consortium.world.run(node.ledger.submitMany([{ raw: setValue(0) }, { raw: setValue(1) }]));
    expect(both).toMatchObject([{ code: 'POOL_NOT_MEMBER' }, { code: 'POOL_NOT_MEMBER' }]);
    node.ledger.turnClientsAway(false);
    expect(await consortium.world.run(node.ledger.submitMany([{ raw: setValue(0) }]))).toEqual([expect.stringMatching(/^0x/)]);
  });

  it('takes them when it is the only sealer', async () => {
    const consortium = new TestConsortium({ genesis: testGenesis({ sealers: 1 }) });
    const [node] = await consortium.addSealers();
    await consortium.world.runFor(2 * ALONE_MICROS_MAX);
    expect(await consortium.world.run(node.ledger.submitMany([{ raw: setValue(0) }]))).toEqual([expect.stringMatching(/^0x/)]);
  });
});
