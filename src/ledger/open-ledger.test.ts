import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../crypto/index.ts';
import { hasCode } from '../errors.ts';
import { decodeProposal, encodeBlock, encodeProposal, encodeRawBlock } from './chain/block-codec.ts';
import { type HeaderFields, makeHeader } from './chain/header.ts';
import type { Proposal } from './ledger.ts';
import { openLedger } from './open-ledger.ts';
import { TestConsortium } from './testing/consortium.ts';
import { callData, certify, present, signedBy, testGenesis, testKey, WORKBENCH, word } from './testing/fixtures.ts';

const set = (nonce: number, key: number, value: number) =>
  signedBy(testKey(0), { nonce, to: WORKBENCH, data: callData('set(uint256,uint256)', key, value) });

/** A consortium of four sealers with one pooled transaction each may propose. */
async function withPooled() {
  const consortium = new TestConsortium();
  const nodes = await consortium.addSealers();
  await consortium.world.run(nodes[0].ledger.submit(set(0, 1, 11)));
  await consortium.settle();
  return { consortium, nodes };
}

function tampered(proposal: Proposal, change: Partial<HeaderFields>): Proposal {
  const { header, hashes } = decodeProposal(proposal.proposal);
  const lie = makeHeader({ ...header, ...change });
  return { digest: lie.hash, proposal: encodeProposal(lie.rlp, hashes) };
}

describe('a block on its way into the chain', () => {
  it('is proposed, checked and committed alike everywhere', async () => {
    const { consortium, nodes } = await withPooled();
    const block = await consortium.decide();
    expect(block.header.number).toBe(1);
    expect(block.transactions).toHaveLength(1);
    for (const { ledger } of nodes) {
      expect(ledger.head.hash).toBe(block.header.hash);
      expect(ledger.pendingCount()).toBe(0);
      expect(ledger.transactionCount()).toBe(1);
      const value = await consortium.world.run(ledger.call({ to: WORKBENCH, data: callData('values(uint256)', 1) }, 'latest'));
      expect(toHex(value.returnData)).toBe(`0x${word(11)}`);
    }
    expect(consortium.shared.statistics().computed).toBe(1);
  });

  it('is the same when nodes execute for themselves and keep their state on their own disks', async () => {
    const shared = await withPooled();
    const block = await shared.consortium.decide();
    const own = new TestConsortium({ ownExecutors: true });
    const nodes = await own.addSealers();
    await own.world.run(nodes[0].ledger.submit(set(0, 1, 11)));
    await own.settle();
    await own.decide();
    expect(own.shared.statistics().computed).toBe(0);
    for (const { ledger } of nodes) expect(ledger.head.stateRoot).toBe(block.header.stateRoot);
  });

  it('is refused with the reason when its header lies', async () => {
    const { consortium, nodes } = await withPooled();
    const [proposer, judge] = nodes;
    const honest = await consortium.propose(proposer);
    const other = `0x${'ab'.repeat(32)}` as const;
    const lies: readonly [Partial<HeaderFields>, RegExp][] = [
      [{ stateRoot: other }, /state root/],
      [{ transactionsRoot: other }, /transactions root/],
      [{ receiptsRoot: other }, /receipts root/],
      [{ gasUsed: 5n }, /gas used/],
      [{ logsBloom: new Uint8Array(256) }, /logs bloom/],
      [{ parentHash: other }, /parent/],
      [{ number: 7 }, /number is 7/],
      [{ timestampMs: consortium.nowMs + 60_000 }, /ahead of this node's clock/],
      [{ timestampMs: consortium.genesis.timestampMs - 1 }, /before its parent/],
      [{ nextSealers: [testKey(77).address] }, /next sealers/],
      [{ proposer: testKey(77).address }, /not a sealer/],
      [{ gasLimit: 400_000_000n }, /gas limit/],
      [{ mixHash: other }, /mix hash/],
    ];
    for (const [change, reason] of lies) {
      const verdict = await consortium.check(judge, tampered(honest, change), proposer.id);
      expect(verdict.valid ? 'valid' : verdict.reason).toMatch(reason);
    }
    expect(await consortium.check(judge, { ...honest, digest: other }, proposer.id)).toMatchObject({ valid: false });
    expect(await consortium.check(judge, { ...honest, proposal: Uint8Array.of(0xc3, 1, 2) }, proposer.id)).toMatchObject({
      valid: false,
    });
    expect(await consortium.check(judge, honest, proposer.id)).toEqual({ valid: true });
  });

  it('is refused when a transaction in it cannot run', async () => {
    const { consortium, nodes } = await withPooled();
    await consortium.world.run(nodes[0].ledger.submit(set(1, 2, 22)));
    await consortium.settle();
    const honest = await consortium.propose(nodes[0]);
    const { header, hashes } = decodeProposal(honest.proposal);
    expect(hashes).toHaveLength(2);
    const swapped = { digest: honest.digest, proposal: encodeProposal(header.rlp, [present(hashes[1]), present(hashes[0])]) };
    const verdict = await consortium.check(nodes[1], swapped, nodes[0].id);
    expect(verdict).toMatchObject({ valid: false, reason: expect.stringMatching(/cannot run: .*nonce/) });
    const twice = encodeProposal(header.rlp, [present(hashes[0]), present(hashes[0])]);
    expect(await consortium.check(nodes[1], { digest: honest.digest, proposal: twice }, nodes[0].id)).toMatchObject({
      valid: false,
    });
  });

  it('has its missing bodies fetched from the proposer, or else from others', async () => {
    const { consortium, nodes } = await withPooled();
    const [proposer, judge, third] = nodes;
    consortium.world.partition([[judge.id], nodes.filter(({ id }) => id !== judge.id).map(({ id }) => id)]);
    await consortium.world.run(proposer.ledger.submit(set(1, 2, 22)));
    await consortium.settle();
    consortium.world.heal();
    expect(judge.ledger.pendingCount()).toBe(1);
    const proposal = await consortium.propose(proposer);
    consortium.world.block(judge.id, proposer.id);
    consortium.world.block(proposer.id, judge.id);
    expect(third.ledger.pendingCount()).toBe(2);
    expect(await consortium.check(judge, proposal, proposer.id)).toEqual({ valid: true });
    expect(judge.environment.metrics.snapshot().ledger_bodies_fetched_total).toBe(1);
    await consortium.settle();
    expect(judge.ledger.pendingCount()).toBe(2);
  });

  it('is not judged when nobody has its bodies', async () => {
    const consortium = new TestConsortium();
    const [alone, judge] = await consortium.addSealers();
    consortium.world.partition([[alone.id], [...consortium.nodes.keys()].filter((id) => id !== alone.id)]);
    await consortium.world.run(alone.ledger.submit(set(0, 1, 11)));
    const proposal = await consortium.propose(alone);
    await expect(consortium.check(judge, proposal, alone.id)).rejects.toSatisfy((error) =>
      hasCode(error, 'LEDGER_BODIES_MISSING'),
    );
  });

  it('is committed once, however often commit is called, and never another at its height', async () => {
    const { consortium, nodes } = await withPooled();
    const node = nodes[0];
    const proposal = await consortium.propose(node);
    const certificate = consortium.certify({ number: 1, hash: proposal.digest });
    const both = Promise.all([
      node.ledger.commit({ ...proposal, certificate }),
      node.ledger.commit({ ...proposal, certificate }),
    ]);
    const [first, second] = await consortium.world.run(both);
    expect(second.header.hash).toBe(first.header.hash);
    expect(node.ledger.transactionCount()).toBe(1);
    const other = tampered(proposal, { timestampMs: consortium.genesis.timestampMs });
    const forked = node.ledger.commit({ ...other, certificate: consortium.certify({ number: 1, hash: other.digest }) });
    await expect(consortium.world.run(forked)).rejects.toSatisfy((error) => hasCode(error, 'INVARIANT_BROKEN'));
  });
});

describe('importing a block', () => {
  it('wants a quorum of the sealers under it', async () => {
    const { consortium, nodes } = await withPooled();
    const observer = await consortium.add(testKey(500).address);
    const block = await consortium.decide(nodes);
    const { ledger } = observer;
    const forged = [
      certify(consortium.keys.slice(0, 2), block.header),
      certify([testKey(1), testKey(2), testKey(3), testKey(4)], block.header),
      { ...present(block.certificate), digest: `0x${'00'.repeat(32)}` as const },
      { ...present(block.certificate), height: 2 },
    ];
    for (const certificate of forged) {
      const attempt = consortium.world.run(ledger.importBlock(encodeBlock({ ...block, certificate })));
      await expect(attempt).rejects.toSatisfy((error) => hasCode(error, 'LEDGER_BAD_CERTIFICATE'));
    }
    const withoutBodies = encodeBlock({ ...block, transactions: [] });
    await expect(consortium.world.run(ledger.importBlock(withoutBodies))).rejects.toSatisfy((error) =>
      hasCode(error, 'LEDGER_BAD_BLOCK'),
    );
    const garbage = encodeRawBlock(block.header.rlp, [Uint8Array.of(1, 2, 3)], present(block.certificate));
    await expect(consortium.world.run(ledger.importBlock(garbage))).rejects.toSatisfy((error) =>
      hasCode(error, 'LEDGER_BAD_BLOCK'),
    );
    await expect(consortium.world.run(ledger.importBlock(fromHex('0x01')))).rejects.toSatisfy((error) =>
      hasCode(error, 'LEDGER_MALFORMED'),
    );
    expect(ledger.head.number).toBe(0);
    await consortium.world.run(ledger.importBlock(encodeBlock(block)));
    expect(ledger.head.hash).toBe(block.header.hash);
    const again = consortium.world.run(ledger.importBlock(encodeBlock(block)));
    await expect(again).rejects.toSatisfy((error) => hasCode(error, 'LEDGER_NOT_NEXT'));
  });

  it('stops at a block that a quorum signed but that executes otherwise here', async () => {
    const { consortium, nodes } = await withPooled();
    const proposal = await consortium.propose(nodes[0]);
    const wrong = tampered(proposal, { stateRoot: `0x${'ab'.repeat(32)}` });
    const committed = consortium.world.run(
      nodes[1].ledger.commit({ ...wrong, certificate: consortium.certify({ number: 1, hash: wrong.digest }) }),
    );
    await expect(committed).rejects.toSatisfy((error) => hasCode(error, 'LEDGER_DIVERGED'));
    expect(nodes[1].ledger.head.number).toBe(0);
  });
});

describe('a ledger on disk', () => {
  it('goes on with the same head and pool after a power cut of every node', async () => {
    const { consortium, nodes } = await withPooled();
    await consortium.decide();
    const hash = await consortium.world.run(nodes[0].ledger.submit(set(1, 5, 55)));
    const head = nodes[0].ledger.head.hash;
    for (const { id } of nodes) consortium.world.crash(id, { tornTail: true });
    const restarted = [];
    for (const { id } of nodes) restarted.push(await consortium.open(consortium.world.restart(id)));
    for (const { ledger } of restarted) {
      expect(ledger.head.hash).toBe(head);
      expect(ledger.transactionCount()).toBe(1);
    }
    // Acknowledged at one node only: it is there that it must have survived, and from there it reaches the others again.
    expect(present(restarted[0]).ledger.pendingCount()).toBe(1);
    expect((await present(restarted[0]).ledger.transaction(hash))?.place).toBeUndefined();
    for (const [index, node] of restarted.entries())
      for (const other of restarted.slice(index + 1)) await consortium.connect(node, other);
    await consortium.settle();
    for (const { ledger } of restarted) expect(ledger.pendingCount()).toBe(1);
    const block = await consortium.decide(restarted);
    expect(block.transactions).toHaveLength(1);
  });

  it('keeps its own state on its own disk and answers for old blocks', async () => {
    const consortium = new TestConsortium({ ownExecutors: true });
    const [node] = await consortium.addSealers();
    for (const value of [10, 20, 30]) {
      await consortium.world.run(node.ledger.submit(set(value / 10 - 1, 1, value)));
      await consortium.decide([node]);
    }
    consortium.world.crash(node.id);
    const { ledger } = await consortium.open(consortium.world.restart(node.id));
    expect(ledger.head.number).toBe(3);
    for (const [number, value] of [
      [0, 0],
      [1, 10],
      [2, 20],
      [3, 30],
    ] as const) {
      const result = await consortium.world.run(ledger.call({ to: WORKBENCH, data: callData('values(uint256)', 1) }, number));
      expect(toHex(result.returnData)).toBe(`0x${word(value)}`);
    }
    const receipts = await consortium.world.run(ledger.receipts(2));
    expect(receipts?.[0]).toMatchObject({ status: 1, blockNumber: 2, transactionIndex: 0, to: WORKBENCH });
    expect(receipts?.[0]?.logs[0]?.topics[2]).toBe(`0x${word(1)}`);
  });

  it('refuses the folder of another chain', async () => {
    const consortium = new TestConsortium();
    const [node] = await consortium.addSealers();
    consortium.world.crash(node.id);
    const other = new TestConsortium({ genesis: { ...testGenesis(), chainId: 99 } });
    const opened = consortium.world.run(
      openLedger(consortium.world.restart(node.id), other.genesis, {
        verifyCertificate: () => undefined,
        executor: other.shared,
      }),
    );
    await expect(opened).rejects.toSatisfy((error) => hasCode(error, 'GENESIS_OTHER_CHAIN'));
  });
});
