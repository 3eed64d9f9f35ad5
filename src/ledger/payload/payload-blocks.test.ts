import { describe, expect, it } from 'vitest';
import { equalBytes, type Hex, keccak256, toHex } from '../../crypto/index.ts';
import { hasCode } from '../../errors.ts';
import { PAYLOAD_ABSENT_MICROS_MAX, PAYLOAD_SPREAD_KNOWN_MICROS_MAX, POOL_BODIES_WAIT_MICROS } from '../../limits.ts';
import { decodeProposal, encodeBlock, encodeProposal } from '../chain/block-codec.ts';
import type { Ledger } from '../ledger.ts';
import { LEDGER_PROTOCOLS } from '../peers/protocols.ts';
import { encode } from '../rlp-fields.ts';
import { TestConsortium, type TestNode } from '../testing/consortium.ts';
import { present, signedBy, testKey, WORKBENCH } from '../testing/fixtures.ts';
import { payloadGas } from './payload-transaction.ts';
import { commitPayload } from './payload-tree.ts';
import { bodyOf } from './testing/bodies.ts';
import { signedPayload } from './testing/signed-payload.ts';

const MB = 1_000_000;
const OCTETS = 'application/octet-stream';
const to = testKey(9).address;
/** Time in which the others have received a body and said so. */
const SPREAD_MICROS = 2_000_000;
/** After this a proposer takes bodies of which it has not heard that others hold them. */
const UNHEARD_MICROS = PAYLOAD_SPREAD_KNOWN_MICROS_MAX + 1_000_000;

async function consortium() {
  const bench = new TestConsortium();
  const nodes = await bench.addSealers();
  const send = (node: TestNode, nonce: number, body: Uint8Array, sender = 0) =>
    bench.world.run(node.ledger.submitMany([{ raw: signedPayload(testKey(sender), { nonce, body, to }), body }]));
  return { bench, nodes, send };
}

/** A peer of one node without a ledger or bodies; returns how it gossips transactions. */
async function stranger(bench: TestConsortium, node: TestNode): Promise<(raws: readonly Uint8Array[]) => void> {
  const { network, node: id } = bench.world.addNode(testKey(600).address);
  for (const protocol of Object.values(LEDGER_PROTOCOLS)) network.onFrame(protocol, () => {});
  await bench.world.run(network.start({ hello: () => new Uint8Array(0), admit: () => ({ admitted: true }) }));
  await bench.connect(node, { id, environment: { ...node.environment, network } });
  await bench.settle();
  return (raws) => network.send(node.id, LEDGER_PROTOCOLS.transactions, encode([...raws]));
}

const holds = async (ledger: Ledger, body: Uint8Array): Promise<boolean> => {
  const held = await ledger.payload(commitPayload(body, OCTETS).root);
  return held !== undefined && equalBytes(held.body, body);
};

describe('a payload transaction', () => {
  it('of 1 MB is in a block and its body at every sealer', async () => {
    const { bench, nodes, send } = await consortium();
    const body = bodyOf(MB);
    const [hash] = await send(nodes[0], 0, body);
    expect(hash).toMatch(/^0x[0-9a-f]{64}$/);
    expect(await bench.world.run(holds(nodes[0].ledger, body))).toBe(true);
    await bench.settle(SPREAD_MICROS);
    const block = await bench.decide(nodes);
    expect(block.transactions.map((transaction) => toHex(transaction.hash()))).toEqual([hash]);
    for (const { ledger } of nodes) {
      expect(await bench.world.run(holds(ledger, body))).toBe(true);
      const receipt = present(await bench.world.run(ledger.receipt(hash as Hex)));
      expect(receipt).toMatchObject({ status: 1, type: 0x50, gasUsed: 21_000n + payloadGas(MB) });
      expect(ledger.pendingCount()).toBe(0);
    }
  });

  it('is not taken without its body, with another, or with one that it does not want', async () => {
    const { bench, nodes } = await consortium();
    const body = bodyOf(1000);
    const raw = signedPayload(testKey(0), { nonce: 0, body, to });
    const plain = signedBy(testKey(0), { nonce: 0, to });
    const results = await bench.world.run(
      nodes[0].ledger.submitMany([{ raw }, { raw, body: bodyOf(1000, 2) }, { raw, body: bodyOf(999) }, { raw: plain, body }]),
    );
    expect(results).toMatchObject([
      { code: 'PAYLOAD_MISSING' },
      { code: 'PAYLOAD_BAD_BODY' },
      { code: 'PAYLOAD_BAD_BODY' },
      { code: 'PAYLOAD_UNEXPECTED' },
    ]);
    expect(nodes[0].ledger.pending()).toEqual([]);
    await expect(bench.world.run(nodes[0].ledger.submit(raw))).rejects.toSatisfy((error) => hasCode(error, 'PAYLOAD_MISSING'));
    expect(nodes[0].environment.metrics.snapshot()['ledger_refused_total']).toBe(5);
    expect(nodes[0].environment.metrics.snapshot()['payload_store_bytes']).toBe(0);
  });

  it('survives a power cut of its node before it is in a block', async () => {
    const { bench, nodes, send } = await consortium();
    const body = bodyOf(MB);
    const [hash] = await send(nodes[0], 0, body);
    for (const { id } of nodes) bench.world.crash(id);
    const back = await bench.open(bench.world.restart(nodes[0].id));
    expect(back.ledger.pending().map((transaction) => toHex(transaction.hash()))).toEqual([hash]);
    expect(await bench.world.run(holds(back.ledger, body))).toBe(true);
    const proposal = await bench.propose(back);
    expect(decodeProposal(proposal.proposal).hashes).toEqual([hash]);
  });
});

describe('a proposer', () => {
  it('leaves out what has no body here and what comes after it, and counts it as no work', async () => {
    const { bench, nodes } = await consortium();
    const [node] = nodes;
    const body = bodyOf(1000);
    const raws = [
      signedPayload(testKey(0), { nonce: 0, body, to }),
      signedBy(testKey(0), { nonce: 1, to }),
      signedBy(testKey(1), { nonce: 0, to }),
    ];
    const pending: Hex[] = [];
    node.ledger.onPending((hash) => pending.push(hash));
    const gossiper = await stranger(bench, node);
    gossiper(raws);
    await bench.settle();
    const [first, second, third] = raws.map((raw) => toHex(keccak256(raw)));
    const hashesOf = async () => decodeProposal((await bench.propose(node)).proposal).hashes;
    expect(node.ledger.pending()).toHaveLength(3);
    expect(node.ledger.pendingCount()).toBe(2);
    expect(pending).toEqual([second, third]);
    expect(await hashesOf()).toEqual([third]);
    await bench.world.run(node.ledger.submitMany([{ raw: raws[0] as Uint8Array, body }]));
    expect(pending).toEqual([second, third, first]);
    expect(node.ledger.pendingCount()).toBe(3);
    // The others cannot vote for a body that is still on its way to them.
    expect(await hashesOf()).toEqual([third]);
    await bench.settle(SPREAD_MICROS);
    expect(await hashesOf()).toEqual([first, second, third]);
  });

  it('spreads more bodies than fit over several blocks', async () => {
    const { bench, nodes, send } = await consortium();
    for (let sender = 0; sender < 9; sender++) await send(nodes[0], 0, bodyOf(4 * MB, sender + 1), sender);
    await bench.settle(2_000_000);
    const first = await bench.decide(nodes);
    const second = await bench.decide(nodes);
    // 32 MiB are 33.5 MB.
    expect([first.transactions.length, second.transactions.length]).toEqual([8, 1]);
  });
});

describe('a sealer', () => {
  it('votes only for what it holds, blames nobody, and votes once the body has come', async () => {
    const { bench, nodes } = await consortium();
    const body = bodyOf(100_000);
    const [proposer, voter] = nodes;
    for (const node of nodes.slice(1)) proposer.environment.network.disconnect(node.id, 'test');
    await bench.settle();
    const raw = signedPayload(testKey(0), { nonce: 0, body, to });
    await bench.world.run(proposer.ledger.submitMany([{ raw, body }]));
    await bench.settle(UNHEARD_MICROS);
    const proposal = await bench.propose(proposer);
    // The transaction reaches the voter without its body.
    await bench.world.run(voter.ledger.submit(signedBy(testKey(3), { nonce: 0, to })));
    await expect(bench.check(voter, proposal, proposer.id)).rejects.toSatisfy((error) => hasCode(error, 'LEDGER_BODIES_MISSING'));
    await bench.connect(voter, proposer);
    expect(await bench.check(voter, proposal, proposer.id)).toEqual({ valid: true });
    expect(await bench.world.run(holds(voter.ledger, body))).toBe(true);
    expect(voter.environment.network.peers()).toContain(proposer.id);
  });

  it('refuses a block with more bodies than one may have', async () => {
    const { bench, nodes, send } = await consortium();
    for (let sender = 0; sender < 9; sender++) await send(nodes[0], 0, bodyOf(4 * MB, sender + 1), sender);
    const hashes = [...nodes[0].ledger.pending()].map((transaction) => toHex(transaction.hash()));
    const honest = decodeProposal((await bench.propose(nodes[0])).proposal);
    const proposal = encodeProposal(honest.header.rlp, hashes);
    const other = await bench.check(nodes[1], { digest: honest.header.hash, proposal }, nodes[0].id);
    expect(other).toMatchObject({
      valid: false,
      reason: expect.stringContaining('bodies of its payload transactions') as string,
    });
  });
});

describe('a node that comes later', () => {
  it('imports blocks without their bodies and fetches those afterwards', async () => {
    const { bench, nodes, send } = await consortium();
    const bodies = [bodyOf(MB, 1), bodyOf(MB, 2), bodyOf(200, 3)];
    for (const [nonce, body] of bodies.entries()) {
      await send(nodes[0], nonce, body);
      await bench.settle(SPREAD_MICROS);
      await bench.decide(nodes);
    }
    const late = await bench.add(testKey(500).address);
    const missing = () => late.environment.metrics.snapshot()['payload_bodies_missing'];
    await bench.connect(late, nodes[1]);
    await bench.world.runUntil(() => late.ledger.head.number === 3, 10_000_000);
    expect(late.ledger.head.hash).toBe(nodes[0].ledger.head.hash);
    expect(missing()).toBeGreaterThan(0);
    await bench.world.runUntil(() => missing() === 0, 60_000_000);
    for (const body of bodies) expect(await bench.world.run(holds(late.ledger, body))).toBe(true);
  });

  it('knows after a restart which bodies it lacks', async () => {
    const { bench, nodes, send } = await consortium();
    const body = bodyOf(MB);
    await send(nodes[0], 0, body);
    await bench.settle(SPREAD_MICROS);
    await bench.decide(nodes);
    const late = await bench.add(testKey(500).address);
    const encoded = present(await nodes[0].ledger.block(1));
    await bench.world.run(late.ledger.importBlock(encodeBlock(encoded)));
    bench.world.crash(late.id);
    const back = await bench.open(bench.world.restart(late.id));
    expect(back.environment.metrics.snapshot()['payload_bodies_missing']).toBe(1);
    await bench.connect(back, nodes[2]);
    await bench.world.runUntil(() => back.environment.metrics.snapshot()['payload_bodies_missing'] === 0, 60_000_000);
    expect(await bench.world.run(holds(back.ledger, body))).toBe(true);
  });
});

describe('the pool', () => {
  it('drops a transaction whose body nobody delivers', async () => {
    const { bench, nodes } = await consortium();
    const [node] = nodes;
    const gossiper = await stranger(bench, node);
    gossiper([signedPayload(testKey(0), { nonce: 0, body: bodyOf(1000), to })]);
    await bench.settle();
    expect(node.ledger.pending()).toHaveLength(1);
    await bench.settle(PAYLOAD_ABSENT_MICROS_MAX + 10_000_000);
    expect(node.ledger.pending()).toEqual([]);
    expect(node.ledger.memory.usedBytes).toBe(0);
  });

  it('keeps the body of a file that is sent twice until both transactions are gone', async () => {
    const { bench, nodes, send } = await consortium();
    const body = bodyOf(5000);
    await send(nodes[0], 0, body, 0);
    await send(nodes[0], 0, body, 1);
    // The first is replaced by a transaction without a body.
    const replaced = await bench.world.run(
      nodes[0].ledger.submitMany([{ raw: signedBy(testKey(0), { nonce: 0, to, gasPrice: 1n }) }]),
    );
    expect(replaced).toEqual([expect.stringMatching(/^0x/)]);
    await bench.settle(500_000);
    expect(await bench.world.run(holds(nodes[0].ledger, body))).toBe(true);
    await bench.world.run(nodes[0].ledger.submitMany([{ raw: signedBy(testKey(1), { nonce: 0, to, gasPrice: 1n }) }]));
    await bench.settle(500_000);
    expect(await bench.world.run(holds(nodes[0].ledger, body))).toBe(false);
    expect(nodes[0].environment.metrics.snapshot()['payload_store_bytes']).toBe(0);
    expect(nodes[0].ledger.memory.usedBytes).toBeGreaterThan(0);
  });

  it('takes what others of its sender wait for, however many bodies wait already', async () => {
    const { bench, nodes, send } = await consortium();
    const [node] = nodes;
    const accepted = [expect.stringMatching(/^0x/)];
    // The first of the account was refused, those after it were taken: no block can hold them.
    expect(await send(node, 1, bodyOf(600_000, 1))).toEqual(accepted);
    expect(await send(node, 2, bodyOf(600_000, 2))).toEqual(accepted);
    await bench.world.runFor(POOL_BODIES_WAIT_MICROS + 1);
    expect(await send(node, 0, bodyOf(600_000, 3), 1)).toMatchObject([{ code: 'POOL_FULL' }]);
    expect(await send(node, 4, bodyOf(600_000, 4))).toMatchObject([{ code: 'POOL_FULL' }]);
    expect(await send(node, 0, bodyOf(600_000, 5))).toEqual(accepted);
    await bench.settle(SPREAD_MICROS);
    await bench.decide(nodes);
    expect(node.ledger.pendingCount()).toBe(0);
    expect(await send(node, 0, bodyOf(600_000, 3), 1)).toEqual(accepted);
  });

  it('is bounded in bodies and in memory, and says when to come back', async () => {
    const bench = new TestConsortium({ poolLimits: { payloadBytes: 2500 } });
    const [node] = await bench.addSealers();
    const submit = (nonce: number) => {
      const body = bodyOf(1000, nonce + 1);
      return bench.world.run(node.ledger.submitMany([{ raw: signedPayload(testKey(0), { nonce, body, to: WORKBENCH }), body }]));
    };
    await submit(0);
    await submit(1);
    expect(await submit(2)).toMatchObject([{ code: 'POOL_FULL', data: { retryAfterMs: expect.any(Number) as number } }]);
    const rest = node.ledger.memory.take(node.ledger.memory.limitBytes - node.ledger.memory.usedBytes - 500);
    const plain = { raw: signedBy(testKey(1), { nonce: 0, to }) };
    expect(await bench.world.run(node.ledger.submitMany([plain]))).toMatchObject([{ code: 'POOL_BUSY' }]);
    expect(await submit(2)).toMatchObject([{ code: expect.stringMatching(/POOL_(BUSY|FULL)/) as string }]);
    rest?.();
    expect(await bench.world.run(node.ledger.submitMany([plain]))).toEqual([expect.stringMatching(/^0x/)]);
    expect(node.environment.metrics.snapshot()['ledger_busy_total']).toBe(3);
  });
});
