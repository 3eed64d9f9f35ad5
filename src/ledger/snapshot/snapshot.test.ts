import { describe, expect, it } from 'vitest';
import type { Environment } from '../../environment/index.ts';
import { LEDGER_PROTOCOLS } from '../peers/protocols.ts';
import { bytesOf, decode, encode, listOf } from '../rlp-fields.ts';
import type { TestNode } from '../testing/consortium.ts';
import { chainOnDisks, everything, grow, metric, setValue } from '../testing/damage.ts';
import { callData, GOVERNANCE, replaceSealersData, signedBy, testKey, WORKBENCH, word } from '../testing/fixtures.ts';

const STORAGE = { snapshotBehindBlocks: 10, statesKept: 8, blocksKept: 8 };

async function valueAt({ ledger }: TestNode, key: number): Promise<string> {
  const { returnData } = await ledger.call({ to: WORKBENCH, data: callData('values(uint256)', key) }, 'latest');
  return Buffer.from(returnData).toString('hex');
}

describe('a node that joins by snapshot', () => {
  it('takes the state at a proved root, and the blocks from there on', async () => {
    const { consortium, nodes } = await chainOnDisks(30, { storage: STORAGE });
    const { world } = consortium;
    const joiner = await consortium.add(testKey(800).address);
    for (const node of nodes) await consortium.connect(joiner, node);
    await world.runUntil(() => joiner.ledger.head.number === 30, 60_000_000);
    expect(metric(joiner, 'snapshot_joins_total')).toBe(1);
    expect(metric(joiner, 'ledger_blocks_fetched_total')).toBe(0);
    expect(joiner.ledger.firstBlock()).toBe(30);
    for (const key of [0, 7, 29]) expect(await world.run(valueAt(joiner, key))).toBe(word(key));
    // Old headers and their certificates are there, old transactions are not, and it says so.
    const seventh = await world.run(joiner.ledger.certified(7));
    expect(seventh?.header.hash).toBe((await nodes[0].ledger.header(7))?.hash);
    expect(seventh?.certificate).toEqual((await nodes[0].ledger.block(7))?.certificate);
    await expect(world.run(joiner.ledger.block(7))).rejects.toMatchObject({ code: 'LEDGER_PRUNED', data: { first: 30 } });
    await expect(world.run(joiner.ledger.account(WORKBENCH, 7))).rejects.toMatchObject({ code: 'LEDGER_PRUNED' });
    await grow(consortium, [...consortium.nodes.values()], { from: 31, to: 34 });
    expect(joiner.ledger.head.hash).toBe(nodes[0].ledger.head.hash);
    expect(joiner.ledger.transactionCount()).toBe(34);
    // What it has is on its own disk: it starts from there alone.
    world.crash(joiner.id);
    const again = await consortium.open(world.restart(joiner.id));
    expect(again.ledger.head.number).toBe(34);
    expect(await world.run(valueAt(again, 7))).toBe(word(7));
    expect(await world.run(everything(again.ledger))).toHaveLength(5);
  });

  it('follows the sealers through their changes, from genesis', async () => {
    const { consortium, nodes } = await chainOnDisks(3, { storage: STORAGE });
    const { world } = consortium;
    const others = consortium.keys.slice(0, 3).map(({ address }) => address);
    const replace = signedBy(testKey(1), { nonce: 0, to: GOVERNANCE, data: replaceSealersData(others) });
    await world.run(nodes[0].ledger.submit(replace));
    await consortium.decide(nodes);
    for (let height = 5; height <= 20; height++) {
      await world.run(nodes[0].ledger.submit(setValue(height - 2)));
      const three = nodes.filter(({ id }) => others.includes(id));
      const proposal = await consortium.propose(three[0] as TestNode);
      for (const node of nodes) {
        const certificate = consortium.certifyBy(consortium.keys.slice(0, 3), { number: height, hash: proposal.digest });
        await world.run(node.ledger.commit({ ...proposal, certificate }));
      }
    }
    const joiner = await consortium.add(testKey(801).address);
    for (const node of nodes) await consortium.connect(joiner, node);
    await world.runUntil(() => joiner.ledger.head.number === 20, 60_000_000);
    expect(joiner.ledger.sealers()).toEqual(others);
    expect(metric(joiner, 'snapshot_joins_total')).toBe(1);
  });

  it('drops peers that lie, at whatever step, and joins with the honest one', async () => {
    const { consortium, nodes } = await chainOnDisks(20, { storage: STORAGE });
    const { world } = consortium;
    const [honest] = nodes;
    const lies = {
      headers: (answer: Uint8Array) => {
        const items = listOf(decode(answer, 'headers'), 'headers').map((item) => bytesOf(item, 'header'));
        return encode([...items.slice(0, 4), items[0] as Uint8Array]);
      },
      nodes: (answer: Uint8Array) => {
        const items = listOf(decode(answer, 'nodes'), 'nodes').map((item) => Uint8Array.from(bytesOf(item, 'node')));
        const last = items.at(-1) as Uint8Array;
        last[last.length - 1] = (last[last.length - 1] as number) ^ 1;
        return encode(items);
      },
      receipts: () => encode([]),
      blocks: (answer: Uint8Array) => {
        const [head, blocks] = listOf(decode(answer, 'blocks'), 'blocks', 2);
        return encode([head as Uint8Array, [...(blocks as Uint8Array[]).slice(1), Uint8Array.of(0xc0)]]);
      },
    };
    const joiner = await consortium.add(testKey(802).address);
    const liars: Environment[] = [];
    for (const [index, kind] of (['headers', 'nodes', 'receipts', 'blocks'] as const).entries()) {
      const liar = world.addNode(testKey(850 + index).address);
      for (const each of ['headers', 'nodes', 'receipts', 'blocks'] as const) {
        liar.network.onRequest(LEDGER_PROTOCOLS[each], async (_from, request) => {
          const answer = await liar.network.request(honest.id, LEDGER_PROTOCOLS[each], request);
          return each === kind ? lies[each](answer) : answer;
        });
      }
      const head = encode([20, new Uint8Array(32), Uint8Array.from(Buffer.from(honest.ledger.genesisHash.slice(2), 'hex'))]);
      liar.network.onFrame(LEDGER_PROTOCOLS.head, () => undefined);
      liar.network.onFrame(LEDGER_PROTOCOLS.transactions, () => undefined);
      await world.run(liar.network.start({ hello: () => new Uint8Array(0), admit: () => ({ admitted: true }) }));
      await world.run(liar.network.connect({ node: honest.id, addresses: honest.environment.network.addresses() }));
      await world.run(liar.network.connect({ node: joiner.id, addresses: joiner.environment.network.addresses() }));
      liar.network.send(joiner.id, LEDGER_PROTOCOLS.head, head);
      liars.push(liar);
    }
    await consortium.connect(joiner, honest);
    await world.runUntil(() => joiner.ledger.head.number === 20, 120_000_000);
    expect(joiner.ledger.head.hash).toBe(honest.ledger.head.hash);
    expect(await world.run(valueAt(joiner, 11))).toBe(word(11));
    // Whoever was asked for what it lies about is gone.
    expect(metric(joiner, 'storage_lies_total')).toBeGreaterThan(0);
    expect(liars.filter(({ node }) => !joiner.environment.network.peers().includes(node)).length).toBe(
      metric(joiner, 'storage_lies_total'),
    );
  });

  it('goes on after every interruption with what it has', async () => {
    const { consortium, nodes } = await chainOnDisks(40, { storage: STORAGE });
    const { world } = consortium;
    const id = testKey(803).address;
    let joiner = await consortium.add(id);
    let restarts = 0;
    for (const pauseMicros of [4_000, 6_000, 8_000, 10_000, 14_000]) {
      for (const node of nodes) await consortium.connect(joiner, node);
      await world.runFor(pauseMicros);
      if (joiner.ledger.head.number > 0) break;
      world.crash(id);
      joiner = await consortium.open(world.restart(id));
      restarts += 1;
      expect(joiner.ledger.head.number).toBe(0);
    }
    expect(restarts).toBeGreaterThan(0);
    for (const node of nodes) await consortium.connect(joiner, node);
    await world.runUntil(() => joiner.ledger.head.number === 40, 60_000_000);
    expect(await world.run(valueAt(joiner, 33))).toBe(word(33));
  });

  it('does not give up its history for what a peer merely claims', async () => {
    const { consortium, nodes } = await chainOnDisks(6, { storage: STORAGE });
    const { world } = consortium;
    const [victim] = nodes;
    const liar = world.addNode(testKey(860).address);
    liar.network.onFrame(LEDGER_PROTOCOLS.head, () => undefined);
    liar.network.onFrame(LEDGER_PROTOCOLS.transactions, () => undefined);
    await world.run(liar.network.start({ hello: () => new Uint8Array(0), admit: () => ({ admitted: true }) }));
    await world.run(liar.network.connect({ node: victim.id, addresses: victim.environment.network.addresses() }));
    const genesis = Uint8Array.from(Buffer.from(victim.ledger.genesisHash.slice(2), 'hex'));
    liar.network.send(victim.id, LEDGER_PROTOCOLS.head, encode([1_000_000, new Uint8Array(32), genesis]));
    await consortium.settle(20_000_000);
    expect(victim.ledger.firstBlock()).toBe(0);
    expect(victim.ledger.syncStatus()).toEqual({ mode: 'idle' });
    expect(metric(victim, 'snapshot_joins_total')).toBe(0);
    await grow(consortium, nodes, { from: 7, to: 8 });
    expect(victim.ledger.head.number).toBe(8);
  });
});
