import { describe, expect, it } from 'vitest';
import { SCRUB_INTERVAL_MICROS } from '../../limits.ts';
import { decodeBlock, encodeRawBlock } from '../chain/block-codec.ts';
import { decodeStoredHeader } from '../chain/chain-records.ts';
import { readBlocksAnswer } from '../peers/block-server.ts';
import { LEDGER_PROTOCOLS } from '../peers/protocols.ts';
import { bytesOf, decode, encode, listOf } from '../rlp-fields.ts';
import { chainOnDisks, everything, grow, metric, reopen, seenOf } from '../testing/damage.ts';
import { callData, GOVERNANCE, present, testKey, WORKBENCH, word } from '../testing/fixtures.ts';

describe('a damaged chain table', () => {
  it.each([1, 20, 60])('is repaired from peers, with %d values spoilt', async (entries) => {
    const { consortium, nodes } = await chainOnDisks(12, { seed: entries });
    const { world } = consortium;
    const before = await everything(nodes[1].ledger);
    let spoilt = 0;
    const again = await reopen(consortium, nodes[0], () => {
      spoilt = world.damageTable(nodes[0].id, 'chain', entries);
    });
    expect(spoilt).toBe(entries);
    await consortium.settle(5_000_000);
    expect(again.ledger.head.number).toBe(12);
    expect(await world.run(everything(again.ledger))).toEqual(before);
    for (const value of [3, 11]) {
      const answer = await world.run(again.ledger.call({ to: WORKBENCH, data: callData('values(uint256)', value) }, 'latest'));
      expect(Buffer.from(answer.returnData).toString('hex')).toBe(word(value));
    }
    await world.runFor(2 * SCRUB_INTERVAL_MICROS);
    expect(metric(again, 'storage_repaired_total')).toBeGreaterThan(0);
    expect(metric(again, 'storage_fetched_bytes_total')).toBeGreaterThan(0);
    // Nothing is left for another start to find.
    const damagedBefore = metric(again, 'storage_damaged_total');
    await world.runFor(2 * SCRUB_INTERVAL_MICROS);
    expect(metric(again, 'storage_damaged_total')).toBe(damagedBefore);
    await grow(consortium, [...consortium.nodes.values()], { from: 13, to: 14 });
    expect(again.ledger.head.hash).toBe(nodes[1].ledger.head.hash);
  });

  it('is repaired while every node has lost something else', async () => {
    const { consortium, nodes } = await chainOnDisks(10);
    const { world } = consortium;
    const before = await everything(nodes[1].ledger);
    for (const node of nodes) world.damageTable(node.id, 'chain', 6);
    await world.runFor(6 * SCRUB_INTERVAL_MICROS);
    for (const node of nodes) {
      const again = await reopen(consortium, node);
      expect(await world.run(everything(again.ledger))).toEqual(before);
    }
  });

  it('is read from peers while the disk has no room, and repaired once it has', async () => {
    const { consortium, nodes } = await chainOnDisks(10);
    const { world } = consortium;
    const before = await everything(nodes[1].ledger);
    const again = await reopen(consortium, nodes[0], () => {
      world.damageTable(nodes[0].id, 'chain', 40);
    });
    world.fillDisk(again.id, true);
    expect(await world.run(everything(again.ledger))).toEqual(before);
    expect(metric(again, 'storage_mended_unkept_total')).toBeGreaterThan(0);
    world.fillDisk(again.id, false);
    await world.runFor(2 * SCRUB_INTERVAL_MICROS);
    expect(world.damagedValues(again.id, 'chain')).toBe(0);
  });

  it('does not take a false body, receipt, header or certificate for a repair, and drops who sends one', async () => {
    const lies = new Set<string>();
    let dropped = 0;
    for (const seed of [1, 2, 3, 4]) dropped += await repairAmongLies(seed, lies);
    expect(dropped).toBeGreaterThan(3);
    expect(lies.size).toBeGreaterThanOrEqual(3);
  });

  /** A sealer whose only peer answers every question with something of the right form that is false. */
  async function repairAmongLies(seed: number, lies: Set<string>): Promise<number> {
    const { consortium, nodes } = await chainOnDisks(8, { seed });
    const { world } = consortium;
    const liar = nodes[3];
    const honest = nodes[1];
    const before = await everything(honest.ledger);
    // The liar answers everything that can be repaired with something else of the right form.
    const { network } = liar.environment;
    const original = network.request.bind(network);
    const forge = async (protocol: string, request: Uint8Array): Promise<Uint8Array> => {
      lies.add(protocol);
      const answer = await original(honest.id, protocol, request);
      if (protocol === LEDGER_PROTOCOLS.blocks) {
        const { head, blocks } = readBlocksAnswer(answer);
        const forged = blocks.map((block) => {
          const { header, certificate } = decodeBlock(block);
          return encodeRawBlock(header.rlp, [Uint8Array.of(0xc0)], certificate);
        });
        return encode([head, forged]);
      }
      if (protocol === LEDGER_PROTOCOLS.headers) {
        const items = listOf(decode(answer, 'headers'), 'headers').map((item) => bytesOf(item, 'header'));
        const { header, certificate } = decodeStoredHeader(present(items[0]));
        return encode([
          encode([header.rlp, [certificate?.height ?? 0, 1, Uint8Array.from(Buffer.from(header.hash.slice(2), 'hex')), []]]),
        ]);
      }
      if (protocol === LEDGER_PROTOCOLS.find) return encode([1, 7]);
      if (protocol === LEDGER_PROTOCOLS.nodes) return encode([Uint8Array.of(0xc2, 1, 2)]);
      return encode([]);
    };
    const victim = nodes[0];
    const again = await reopen(consortium, victim, () => world.damageTable(victim.id, 'chain', 60), { connect: false });
    const stranger = world.addNode(testKey(901).address);
    for (const protocol of ['blocks', 'headers', 'receipts', 'find', 'nodes'] as const)
      stranger.network.onRequest(LEDGER_PROTOCOLS[protocol], (_from, request) => forge(LEDGER_PROTOCOLS[protocol], request));
    stranger.network.onFrame(LEDGER_PROTOCOLS.head, () => undefined);
    await world.run(stranger.network.start({ hello: () => new Uint8Array(0), admit: () => ({ admitted: true }) }));
    const head = encode([8, new Uint8Array(32), Uint8Array.from(Buffer.from(again.ledger.genesisHash.slice(2), 'hex'))]);
    let unread = 0;
    for (let number = 1; number <= again.ledger.head.number; number++) {
      await world.run(again.environment.network.connect({ node: stranger.node, addresses: stranger.network.addresses() }));
      stranger.network.send(again.id, LEDGER_PROTOCOLS.head, head);
      await consortium.settle();
      const read = await world.run(seenOf(again.ledger, number).catch((error: unknown) => error));
      if (Array.isArray(read)) expect(read).toEqual(before[number - 1]);
      else {
        expect(read).toMatchObject({ code: 'LEDGER_DAMAGED' });
        unread += 1;
      }
    }
    expect(unread).toBeGreaterThan(0);
    const dropped = metric(again, 'storage_lies_total');
    await consortium.connect(again, honest);
    await consortium.settle(5_000_000);
    expect(await world.run(everything(again.ledger))).toEqual(before);
    return dropped;
  }

  it('opens without peers, says what it cannot read, and reads it once there are some', async () => {
    const { consortium, nodes } = await chainOnDisks(12);
    const { world } = consortium;
    const [victim] = nodes;
    const again = await reopen(consortium, victim, () => world.damageTable(victim.id, 'chain', 100), { connect: false });
    expect(again.ledger.head.number).toBeGreaterThan(0);
    const reads = await world.run(Promise.allSettled([1, 2, 3, 4].map((number) => seenOf(again.ledger, number))));
    for (const read of reads) if (read.status === 'rejected') expect(read.reason).toMatchObject({ code: 'LEDGER_DAMAGED' });
    expect(reads.some(({ status }) => status === 'rejected')).toBe(true);
    // The contract that says who may connect is read at a block whose state can be had from the genesis file alone.
    const readable = again.ledger.readableBlock();
    expect(readable).toBe(0);
    const asked = again.ledger.call({ to: GOVERNANCE, data: callData('sealers()') }, readable);
    expect((await world.run(asked)).success).toBe(true);
    for (const other of nodes.slice(1)) await consortium.connect(again, other);
    await world.runUntil(() => again.ledger.readableBlock() === 'latest', 30_000_000);
    expect(await world.run(everything(again.ledger))).toEqual(await everything(nodes[1].ledger));
  });
});
