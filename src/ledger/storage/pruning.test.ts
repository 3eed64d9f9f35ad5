import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Hex } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import { ChainStore } from '../chain/chain-store.ts';
import { TableStateStore } from '../execution/state-store.ts';
import { commitPayload } from '../payload/payload-tree.ts';
import { bodyOf } from '../payload/testing/bodies.ts';
import { signedPayload } from '../payload/testing/signed-payload.ts';
import { StateWalk } from '../snapshot/state-walk.ts';
import type { TestConsortium, TestNode } from '../testing/consortium.ts';
import { chainOnDisks, grow, metric, setValue } from '../testing/damage.ts';
import { callData, testKey, WORKBENCH, word } from '../testing/fixtures.ts';

const LIMIT = 340_000;
const STORAGE = { limitBytes: LIMIT, statesKept: 6, blocksKept: 6, snapshotBehindBlocks: 10_000 };

/** The blocks, of the last `count`, whose state cannot be read to the last leaf from this disk alone. */
async function brokenStates(environment: Environment, count: number): Promise<readonly number[]> {
  const table = await environment.disk.table('chain');
  const store = new ChainStore(table);
  const state = new TableStateStore(table);
  const head = await store.open();
  if (head === undefined || head === 'damaged') throw new Error('the head cannot be read');
  const broken: number[] = [];
  for (let number = Math.max(0, head.number - count + 1); number <= head.number; number++) {
    const header = await store.header(number);
    const walk = new StateWalk({ read: (hash) => state.peek(hash), fetch: async () => new Map(), stopped: () => false });
    const whole = await walk.walk(header?.header.stateRoot ?? '').catch(() => false);
    if (!whole) broken.push(number);
  }
  await table.close();
  return broken;
}

async function used(consortium: TestConsortium, nodes: readonly TestNode[]): Promise<number> {
  return Math.max(...(await consortium.world.run(Promise.all(nodes.map(({ environment }) => environment.disk.usedBytes())))));
}

describe('a storage limit', () => {
  it('is never exceeded under load, while the latest blocks and states stay', async () => {
    const { consortium, nodes } = await chainOnDisks(1, { storage: STORAGE });
    const { world } = consortium;
    let most = 0;
    for (let height = 2; height <= 150; height++) {
      await grow(consortium, nodes, { from: height, to: height });
      await consortium.settle(20_000);
      most = Math.max(most, await used(consortium, nodes));
    }
    expect(most).toBeLessThanOrEqual(LIMIT);
    const [node] = nodes;
    expect(metric(node, 'storage_blocks_pruned_total')).toBeGreaterThan(50);
    expect(metric(node, 'storage_state_deleted_total')).toBeGreaterThan(100);
    const first = node.ledger.firstBlock();
    expect(first).toBeGreaterThan(50);
    for (const number of [first, 145, 150]) expect((await world.run(node.ledger.block(number)))?.transactions).toHaveLength(1);
    const { returnData } = await world.run(node.ledger.call({ to: WORKBENCH, data: callData('values(uint256)', 3) }, 'latest'));
    expect(Buffer.from(returnData).toString('hex')).toBe(word(3));
    await expect(world.run(node.ledger.block(2))).rejects.toMatchObject({ code: 'LEDGER_PRUNED' });
    await expect(world.run(node.ledger.receipts(1))).rejects.toMatchObject({ code: 'LEDGER_PRUNED' });
    await expect(world.run(node.ledger.account(WORKBENCH, 2))).rejects.toMatchObject({ code: 'LEDGER_PRUNED' });
    await expect(
      world.run(node.ledger.logs({ fromBlock: 1, toBlock: 3, addresses: [WORKBENCH], topics: [] })),
    ).rejects.toMatchObject({ code: 'LEDGER_PRUNED' });
    expect((await world.run(node.ledger.certified(3)))?.certificate?.height).toBe(3);
    // A newcomer finds nobody who has the old blocks, and joins all the same.
    const joiner = await consortium.add(testKey(810).address);
    for (const each of nodes) await consortium.connect(joiner, each);
    await world.runUntil(() => joiner.ledger.head.number === 150, 120_000_000);
    expect(metric(joiner, 'snapshot_joins_total')).toBe(1);
    world.crash(node.id);
    expect(await world.run(brokenStates(world.restart(node.id), 6))).toEqual([]);
  }, 60_000);

  it('leaves the latest states whole, whenever the power goes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1 << 30 }),
        fc.array(fc.nat(60_000), { minLength: 3, maxLength: 4 }),
        async (seed, pauses) => {
          const { consortium, nodes } = await chainOnDisks(20, { seed, storage: { ...STORAGE, limitBytes: 120_000 } });
          const { world } = consortium;
          let victim: TestNode = nodes[0];
          let height = 20;
          for (const pause of pauses) {
            const all = [...consortium.nodes.values()];
            await grow(consortium, all, { from: height + 1, to: height + 9 });
            height += 9;
            await world.runFor(pause);
            world.crash(victim.id);
            const environment = world.restart(victim.id);
            expect(await world.run(brokenStates(environment, 6))).toEqual([]);
            victim = await consortium.open(environment);
            for (const other of nodes.slice(1)) await consortium.connect(victim, other);
            await consortium.settle();
            expect(victim.ledger.head.number).toBe(height);
          }
          expect(metric(nodes[1], 'storage_state_deleted_total')).toBeGreaterThan(0);
        },
      ),
      { numRuns: 3 },
    );
  }, 60_000);

  it('counts and drops payload bodies, but none that a kept block refers to', async () => {
    const { consortium, nodes } = await chainOnDisks(1, { storage: { ...STORAGE, limitBytes: 1_200_000 } });
    const { world } = consortium;
    const again = bodyOf(60_000, 999);
    const roots: Hex[] = [];
    for (let nonce = 0; nonce < 30; nonce++) {
      // The same body stands in the first block and in the last.
      const body = nonce === 0 || nonce === 29 ? again : bodyOf(60_000, nonce);
      const raw = signedPayload(testKey(3), { nonce, body, to: WORKBENCH });
      roots.push(commitPayload(body, 'application/octet-stream').root);
      await world.run(nodes[0].ledger.submitMany([{ raw, body }]));
      await consortium.settle(100_000);
      await consortium.decide(nodes);
      await consortium.settle(200_000);
      expect(await used(consortium, nodes)).toBeLessThanOrEqual(1_200_000);
    }
    const [, node] = nodes;
    const held = await world.run(Promise.all(roots.map((root) => node.ledger.payload(root))));
    expect(held[3]).toBeUndefined();
    for (const at of [0, 26, 27, 28, 29]) expect(held[at]?.body).toHaveLength(60_000);
  });

  it('too low for what must stay is told, and nothing that is needed goes', async () => {
    const { consortium, nodes } = await chainOnDisks(30, { storage: { ...STORAGE, limitBytes: 20_000 } });
    await consortium.settle(30_000_000);
    expect(consortium.world.log().some(({ event }) => event === 'storage-limit-too-low')).toBe(true);
    expect(nodes[0].ledger.firstBlock()).toBe(25);
    await consortium.world.run(nodes[0].ledger.submit(setValue(30)));
    await consortium.decide(nodes);
    expect(nodes[3].ledger.head.number).toBe(31);
  });
});

describe('a full disk', () => {
  it('holds a block back until there is room, and loses nothing', async () => {
    const { consortium, nodes } = await chainOnDisks(3);
    const { world } = consortium;
    const [, , , node] = nodes;
    world.fillDisk(node.id, true);
    await world.run(nodes[0].ledger.submit(setValue(3)));
    const proposal = await consortium.propose(nodes[0]);
    for (const each of nodes.slice(0, 3)) await consortium.commit(each, proposal, 4);
    const certificate = consortium.certify({ number: 4, hash: proposal.digest });
    let done = false;
    void node.ledger.commit({ ...proposal, certificate }).then(() => {
      done = true;
    });
    await world.runFor(5_000_000);
    expect(done).toBe(false);
    expect(metric(node, 'storage_full')).toBe(1);
    expect(node.ledger.head.number).toBe(3);
    expect((await world.run(node.ledger.block(2)))?.transactions).toHaveLength(1);
    await expect(world.run(node.ledger.submit(setValue(9)))).rejects.toMatchObject({ code: 'DISK_FULL' });
    world.fillDisk(node.id, false);
    await world.runUntil(() => done, 3_000_000);
    expect(node.ledger.head.hash).toBe(nodes[0].ledger.head.hash);
    expect(metric(node, 'storage_full')).toBe(0);
    await grow(consortium, nodes, { from: 5, to: 6 });
    expect(node.ledger.head.number).toBe(6);
  });

  it('does not keep a node from stopping', async () => {
    const { consortium, nodes } = await chainOnDisks(1);
    const { world } = consortium;
    const [node] = nodes;
    await world.run(node.ledger.submit(setValue(1)));
    const proposal = await consortium.propose(node);
    world.fillDisk(node.id, true);
    const certificate = consortium.certify({ number: 2, hash: proposal.digest });
    const commit = node.ledger.commit({ ...proposal, certificate });
    commit.catch(() => undefined);
    await world.runFor(500_000);
    await world.run(node.ledger.close().catch((error: unknown) => expect(error).toMatchObject({ code: 'DISK_FULL' })));
    await expect(commit).rejects.toMatchObject({ code: 'LEDGER_CLOSED' });
  });
});
