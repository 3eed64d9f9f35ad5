import { describe, expect, it } from 'vitest';
import type { NodeKey } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import { encodeBlock } from '../chain/block-codec.ts';
import { encode } from '../rlp-fields.ts';
import { TestConsortium, type TestNode } from '../testing/consortium.ts';
import { callData, certify, GOVERNANCE, present, replaceSealersData, signedBy, testKey, WORKBENCH } from '../testing/fixtures.ts';
import { LEDGER_PROTOCOLS } from './protocols.ts';

const set = (nonce: number, value = nonce) =>
  signedBy(testKey(0), { nonce, to: WORKBENCH, data: callData('set(uint256,uint256)', nonce, value) });

async function chainOf(blocks: number) {
  const consortium = new TestConsortium();
  const nodes = await consortium.addSealers();
  for (let height = 1; height <= blocks; height++) {
    await consortium.world.run(nodes[0].ledger.submit(set(height - 1)));
    await consortium.decide(nodes);
  }
  return { consortium, nodes };
}

/** A peer that speaks the protocols without a ledger behind it. */
async function stranger(consortium: TestConsortium, index: number, serve: (environment: Environment) => void) {
  const environment = consortium.world.addNode(testKey(index).address);
  serve(environment);
  environment.network.onFrame(LEDGER_PROTOCOLS.head, () => {});
  environment.network.onFrame(LEDGER_PROTOCOLS.transactions, () => {});
  await consortium.world.run(environment.network.start({ hello: () => new Uint8Array(0), admit: () => ({ admitted: true }) }));
  return { id: environment.node, environment };
}

const claim = (from: { readonly environment: Environment }, to: TestNode, number: number) =>
  from.environment.network.send(
    to.id,
    LEDGER_PROTOCOLS.head,
    encode([number, new Uint8Array(32), Uint8Array.from(Buffer.from(to.ledger.genesisHash.slice(2), 'hex'))]),
  );

describe('gossip', () => {
  it('takes a transaction from an observer through one sealer to all', async () => {
    const { consortium, nodes } = await chainOf(0);
    const observer = await consortium.add(testKey(500).address);
    await consortium.connect(observer, nodes[2]);
    await consortium.settle();
    const hash = await consortium.world.run(observer.ledger.submit(set(0)));
    await consortium.settle();
    for (const { ledger } of nodes) expect((await ledger.transaction(hash))?.transaction.nonce).toBe(0n);
    const pending: string[] = [];
    nodes[0].ledger.onPending((each) => pending.push(each));
    const second = await consortium.world.run(observer.ledger.submit(set(1)));
    await consortium.settle();
    expect(pending).toEqual([second]);
    expect(await observer.ledger.pendingNonce(testKey(0).address)).toBe(2n);
  });

  it('drops a peer that sends garbage and goes on with the others', async () => {
    const { consortium, nodes } = await chainOf(0);
    const liar = await stranger(consortium, 600, () => {});
    for (const frame of [Uint8Array.of(0xff, 1, 2), encode([Uint8Array.of(1, 2, 3)]), encode([[]])]) {
      await consortium.connect(nodes[0], liar);
      await consortium.settle();
      expect(nodes[0].environment.network.peers()).toContain(liar.id);
      liar.environment.network.send(nodes[0].id, LEDGER_PROTOCOLS.transactions, frame);
      await consortium.settle();
      expect(nodes[0].environment.network.peers()).not.toContain(liar.id);
    }
    expect(nodes[0].environment.network.peers()).toHaveLength(3);
    expect(nodes[0].ledger.pendingCount()).toBe(0);
  });

  it('does not hold a stale nonce against a peer', async () => {
    const { consortium, nodes } = await chainOf(2);
    const late = await stranger(consortium, 600, () => {});
    await consortium.connect(nodes[0], late);
    await consortium.settle();
    late.environment.network.send(nodes[0].id, LEDGER_PROTOCOLS.transactions, encode([set(0), set(2)]));
    await consortium.settle();
    expect(nodes[0].ledger.pendingCount()).toBe(1);
    expect(nodes[0].environment.network.peers()).toContain(late.id);
  });
});

describe('catching up', () => {
  it('brings a newcomer to the head and keeps it there', async () => {
    const { consortium, nodes } = await chainOf(5);
    const observer = await consortium.add(testKey(500).address);
    await consortium.connect(observer, nodes[1]);
    await consortium.world.runUntil(() => observer.ledger.head.number === 5, 5_000_000);
    expect(observer.ledger.head.hash).toBe(nodes[0].ledger.head.hash);
    expect(observer.ledger.transactionCount()).toBe(5);
    const heads: number[] = [];
    observer.ledger.onHead((block, receipts) => heads.push(block.header.number, receipts.length));
    await consortium.world.run(nodes[0].ledger.submit(set(5)));
    await consortium.decide(nodes);
    await consortium.world.runUntil(() => observer.ledger.head.number === 6, 5_000_000);
    expect(heads).toEqual([6, 1]);
    expect(observer.ledger.bestKnown()).toBe(6);
  });

  it('brings a sealer that was away back when it asks', async () => {
    const { consortium, nodes } = await chainOf(1);
    const [gone, ...others] = nodes;
    consortium.world.crash(gone.id);
    for (let height = 2; height <= 4; height++) {
      await consortium.world.run(present(others[0]).ledger.submit(set(height - 1)));
      await consortium.decide(others);
    }
    const back = await consortium.open(consortium.world.restart(gone.id));
    for (const other of others) await consortium.connect(back, other);
    await consortium.world.run(back.ledger.catchUp());
    expect(back.ledger.head.hash).toBe(present(others[0]).ledger.head.hash);
  });

  it('follows a change of sealers that it learns of on the way', async () => {
    const { consortium, nodes } = await chainOf(1);
    const fewer = consortium.genesis.sealers.slice(0, 3);
    const replace = signedBy(testKey(1), { nonce: 0, to: GOVERNANCE, data: replaceSealersData(fewer) });
    await consortium.world.run(nodes[0].ledger.submit(replace));
    await consortium.decide(nodes);
    expect(nodes[0].ledger.sealers()).toEqual(fewer);
    // From here on the fourth has no voice: its signature in a certificate is a fault.
    const byFewer = consortium.keys.slice(0, 3);
    const proposal = await consortium.propose(nodes[0]);
    const commit = (keys: readonly NodeKey[]) =>
      consortium.world.run(
        nodes[0].ledger.commit({ ...proposal, certificate: certify(keys, { number: 3, hash: proposal.digest }) }),
      );
    await expect(commit(consortium.keys)).rejects.toMatchObject({ code: 'LEDGER_BAD_CERTIFICATE' });
    await commit(byFewer);
    const observer = await consortium.add(testKey(501).address);
    await consortium.connect(observer, nodes[0]);
    await consortium.world.run(observer.ledger.catchUp([nodes[0].id]));
    expect(observer.ledger.sealers()).toEqual(fewer);
    expect(observer.ledger.head.number).toBe(3);
  });

  it('drops peers that lie and ends with the honest one', async () => {
    const { consortium, nodes } = await chainOf(3);
    const blocks = await Promise.all([1, 2, 3].map((number) => nodes[0].ledger.block(number)));
    const forged = blocks.map((block) =>
      encodeBlock({ ...present(block), certificate: certify([testKey(1), testKey(2), testKey(3)], present(block).header) }),
    );
    const bare = blocks.map((block) => encodeBlock({ ...present(block), transactions: [] }));
    const observer = await consortium.add(testKey(500).address);
    const liars = [
      await stranger(consortium, 601, ({ network }) =>
        network.onRequest(LEDGER_PROTOCOLS.blocks, async () => encode([3, forged])),
      ),
      await stranger(consortium, 602, ({ network }) => network.onRequest(LEDGER_PROTOCOLS.blocks, async () => encode([3, bare]))),
      await stranger(consortium, 603, ({ network }) =>
        network.onRequest(LEDGER_PROTOCOLS.blocks, async () => Uint8Array.of(0xff, 0xff)),
      ),
    ];
    const idle = [
      await stranger(consortium, 604, ({ network }) => network.onRequest(LEDGER_PROTOCOLS.blocks, () => new Promise(() => {}))),
      await stranger(consortium, 605, ({ network }) =>
        network.onRequest(LEDGER_PROTOCOLS.blocks, async () => encode([1_000_000, []])),
      ),
    ];
    for (const peer of [...liars, ...idle]) await consortium.connect(observer, peer);
    for (const peer of [...liars, ...idle]) claim(peer, observer, 1_000_000);
    await consortium.settle(20_000_000);
    expect(observer.ledger.head.number).toBe(0);
    expect(observer.environment.network.peers()).toEqual(idle.map(({ id }) => id));
    await consortium.connect(observer, nodes[3]);
    await consortium.world.runUntil(() => observer.ledger.head.number === 3, 30_000_000);
    expect(observer.ledger.head.hash).toBe(nodes[0].ledger.head.hash);
  });

  it('has nothing to do with a peer of another chain', async () => {
    const { consortium, nodes } = await chainOf(1);
    const other = await stranger(consortium, 606, () => {});
    await consortium.connect(other as TestNode, nodes[0]);
    other.environment.network.send(nodes[0].id, LEDGER_PROTOCOLS.head, encode([5, new Uint8Array(32), new Uint8Array(32)]));
    await consortium.settle();
    expect(nodes[0].environment.network.peers()).not.toContain(other.id);
  });

  it('serves no more blocks than asked and refuses a request that it cannot read', async () => {
    const { consortium, nodes } = await chainOf(3);
    const asker = await stranger(consortium, 607, () => {});
    await consortium.connect(asker as TestNode, nodes[0]);
    const { network } = asker.environment;
    const answer = await consortium.world.run(network.request(nodes[0].id, LEDGER_PROTOCOLS.blocks, encode([2, 1])));
    expect(answer).toEqual(encode([3, [encodeBlock(present(await nodes[0].ledger.block(2)))]]));
    await expect(consortium.world.run(network.request(nodes[0].id, LEDGER_PROTOCOLS.blocks, encode([2])))).rejects.toMatchObject({
      code: 'LEDGER_MALFORMED',
    });
  });
});

describe('a closed ledger', () => {
  it('does nothing more', async () => {
    const { consortium, nodes } = await chainOf(1);
    await consortium.world.run(nodes[0].ledger.close());
    await expect(consortium.world.run(nodes[0].ledger.submit(set(1)))).rejects.toMatchObject({ code: 'LEDGER_CLOSED' });
    await consortium.world.run(nodes[0].ledger.close());
  });
});
