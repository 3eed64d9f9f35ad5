import type { Abi } from 'viem';
import { beforeEach, describe, expect, it } from 'vitest';
import { LaneTree, messageHash, OUTBOX_ADDRESS } from '../../src/contracts/index.ts';
import type { Address } from '../../src/crypto/index.ts';

import {
  compileApps,
  createPair,
  DEPOSIT,
  delivery,
  execute,
  GRACE,
  HeaderChain,
  type Ledger,
  NORTH,
  type Pair,
  place,
  placeCrossLedger,
  SOUTH,
  sealersOf,
  send,
  sender,
  settle,
  settlement,
  write,
} from './cross-ledger-fixture.ts';
import { expectRefusal } from './expect-refusal.ts';
import { addressFor, placeContract } from './harness.ts';
import { createWorld } from './world.ts';

const BATCH = 64;
const FLOOD: Address = '0x00000000000000000000000000000000000c0004';

describe('sending', () => {
  it('has bounds, for everything', async () => {
    const { north } = await createPair({ lane: { maxDataBytes: 8, openMessages: 3, openPerSender: 2 } });
    await expectRefusal(send(north, { data: `0x${'00'.repeat(9)}` }), 'DataTooLong', [9n, 8n]);
    await expectRefusal(send(north, { seconds: 9 }), 'ExpiryOutOfBounds');
    await expectRefusal(send(north, { seconds: 31 * 86_400 }), 'ExpiryOutOfBounds');
    await expectRefusal(send(north, { gas: 2_500_001 }), 'GasTooHigh', [2_500_001n, 2_500_000n]);
    await expectRefusal(send(north, { callbackGas: 2_500_001 }), 'GasTooHigh');
    await expectRefusal(send(north, { wei: DEPOSIT - 1n }), 'DepositTooSmall', [DEPOSIT - 1n, DEPOSIT]);
    await expectRefusal(send(north, { wei: 1n << 96n }), 'DepositTooLarge');
    await send(north);
    await send(north);
    await expectRefusal(send(north), 'TooManyOpenOf', [sender, 2n]);
    await send(north, { from: addressFor('another') });
    await expectRefusal(send(north, { from: addressFor('third') }), 'TooManyOpen', [BigInt(SOUTH), 3n]);
    await north.votes().setLane({ enabled: false });
    await expectRefusal(send(north), 'LaneDisabled', [BigInt(SOUTH)]);
    expect((await north.outbox.read('laneOf', [BigInt(SOUTH)])).sent).toBe(3n);
  });

  it('has room again when messages have ended', async () => {
    const pair = await createPair({ lane: { openMessages: 2, openPerSender: 2 } });
    const { north, south } = pair;
    const messages = [await send(north), await send(north, { seconds: 20 })] as const;
    await expectRefusal(send(north), 'TooManyOpen');
    await pair.carry(north, south);
    await execute(north, south, messages[0]);
    await pair.carry(south, north);
    await settle(north, south, messages[0]);
    await send(north);
    pair.advance(20 + GRACE);
    await write(north, north.outbox, 'giveUp', [messages[1].envelope]);
    await send(north);
    await expectRefusal(send(north), 'TooManyOpen');
  });
});

describe('the rate of a lane', () => {
  let pair: Pair;
  let north: Ledger;
  let south: Ledger;

  beforeEach(async () => {
    pair = await createPair({ lane: { maxDataBytes: 100, messagesPerPeriod: 4, bytesPerPeriod: 1_000, periodSeconds: 40 } });
    ({ north, south } = pair);
  });

  it('lets as many through as it says, and over time more', async () => {
    for (let count = 0; count < 8; count++) await send(north);
    await pair.carry(north, south);
    const [first, ...rest] = north.sent.map((message) => delivery(north, message));
    await execute(north, south, north.sent[0] ?? expect.fail());
    expect(await south.inbox.read('allowanceOf', [north.id])).toEqual([3n, 998n]);
    // A batch stops where the rate is used up.
    const many = [[first, ...rest]];
    expect(BigInt((await write(south, south.inbox, 'executeMany', many)).returnData)).toBe(3n);
    await expectRefusal(execute(north, south, north.sent[4] ?? expect.fail()), 'RateExceeded', [north.id]);
    await expectRefusal(write(south, south.inbox, 'executeMany', many), 'NothingDone');
    pair.advance(10);
    expect(await south.inbox.read('allowanceOf', [north.id])).toEqual([1n, 1_000n]);
    await execute(north, south, north.sent[4] ?? expect.fail());
    await expectRefusal(execute(north, south, north.sent[5] ?? expect.fail()), 'RateExceeded');
    // Looking often loses nothing.
    for (let second = 0; second < 10; second++) {
      pair.advance(1);
      await write(south, south.inbox, 'executeMany', many).catch(() => 'not yet');
    }
    expect(await south.inbox.read('isDone', [north.id, 6n])).toBe(true);
    pair.advance(1_000);
    expect(await south.inbox.read('allowanceOf', [north.id])).toEqual([4n, 1_000n]);
  });

  it('is one of bytes too, and does not keep messages from expiring', async () => {
    await south.votes().setLane({ bytesPerPeriod: 150, maxDataBytes: 100, messagesPerPeriod: 100, periodSeconds: 1_000 });
    const data = `0x${'ab'.repeat(100)}` as const;
    for (let count = 0; count < 2; count++) await send(north, { data, seconds: 60 });
    await pair.carry(north, south);
    await execute(north, south, north.sent[0] ?? expect.fail());
    const second = north.sent[1] ?? expect.fail();
    await expectRefusal(execute(north, south, second), 'RateExceeded');
    pair.advance(60);
    await write(south, south.inbox, 'executeMany', [[delivery(north, second)]]);
    expect(south.receipts.map(({ receipt }) => receipt.outcome)).toEqual([2, 3]);
  });
});

describe('a pause', () => {
  const ways = [
    ['of the lane', (ledger: Ledger, paused: boolean) => ledger.votes().setLanePaused(paused)],
    ['of everything', (ledger: Ledger, paused: boolean) => ledger.votes().setPaused(paused)],
  ] as const;

  it.each(ways)('%s stops what moves, and nothing that clears', async (_, pause) => {
    const pair = await createPair();
    const { north, south } = pair;
    const [first, second, third] = [await send(north), await send(north, { seconds: 60 }), await send(north, { seconds: 60 })];
    await pair.carry(north, south);
    await execute(north, south, first);
    await pair.carry(south, north);
    await pause(north, true);
    await pause(south, true);
    await expectRefusal(send(north), 'LaneIsPaused', [BigInt(SOUTH)]);
    await expectRefusal(execute(north, south, second), 'LaneIsPaused');
    await expectRefusal(write(south, south.inbox, 'executeMany', [[delivery(north, second)]]), 'LaneIsPaused');
    await expectRefusal(pair.carry(north, south), 'LaneIsPaused');
    await expectRefusal(settle(north, south, first), 'LaneIsPaused');
    await expectRefusal(write(north, north.outbox, 'settleMany', [[settlement(south, first)]]), 'LaneIsPaused');
    pair.advance(60 + GRACE);
    await write(south, south.inbox, 'expire', [second.envelope, place(north, second.index)]);
    await write(north, north.outbox, 'giveUp', [third.envelope]);
    await write(north, north.outbox, 'collect', [], { from: sender });
    await pause(north, false);
    await pause(south, false);
    await pair.carry(south, north);
    await settle(north, south, first);
    await settle(north, south, second);
  });

  it('needs more than two thirds of the companies, and so does everything that is set', async () => {
    const { north } = await createPair();
    const { control, world } = north;
    await expectRefusal(write(north, control, 'setPaused', [true]), 'OnlyByVote');
    await expectRefusal(write(north, control, 'setLanePaused', [north.peer, true]), 'OnlyByVote');
    const call = '0x16c38b3c'.padEnd(74, '0').replace(/0$/, '1') as `0x${string}`;
    await expectRefusal(write(north, control, 'approve', [control.address, call]), 'NotAVotingCompany');
    for (const company of world.companies.slice(0, 2)) {
      await write(north, control, 'approve', [control.address, call], { from: company.address });
      expect(await control.read('paused', [])).toBe(false);
    }
    await write(north, control, 'approve', [control.address, call], { from: world.companies[2].address });
    expect(await control.read('paused', [])).toBe(true);
    const stranger = [addressFor('stranger'), call];
    await expectRefusal(write(north, control, 'approve', stranger, { from: world.companies[0].address }), 'NotGoverned');
  });

  it('and limits are set within bounds', async () => {
    const { north } = await createPair();
    const { control } = north;
    const wrong = [
      { maxDataBytes: 16_385, bytesPerPeriod: 20_000 },
      { openMessages: 0 },
      { openPerSender: 0 },
      { graceSeconds: 3_599 },
      { periodSeconds: 0 },
      { messagesPerPeriod: 0 },
      { bytesPerPeriod: 1 },
    ];
    for (const change of wrong) await expectRefusal(north.votes().setLane(change), 'InvalidLane', [north.peer]);
    expect(await control.read('governs', [addressFor('stranger')])).toBe(false);
  });
});

describe('two thousand messages', () => {
  it('that wait when a relayer starts are drained in batches, and settled', { timeout: 300_000 }, async () => {
    const [COUNT, SETTLED] = [2_000, 640];
    const north = await ledgerWithoutProofs('north', NORTH, SOUTH);
    const south = await ledgerWithoutProofs('south', SOUTH, NORTH);
    const flood = compileApps().get('Flood') ?? expect.fail();
    const { address } = await placeContract(north.chain, FLOOD, { abi: flood.abi as Abi, bytecode: flood.bytecode }, []);
    await north.chain.fund(FLOOD, BigInt(COUNT) * DEPOSIT);
    for (let sent = 0; sent < COUNT; sent += 100) {
      const args = [OUTBOX_ADDRESS, south.id, 100n, BigInt(north.chain.now() + 86_400), DEPOSIT];
      await write(north, { address, abi: flood.abi as Abi }, 'sendMany', args);
    }
    // The relayer starts anew: all it has are the events.
    const tree = new LaneTree();
    for (const { envelope } of north.sent) tree.append(messageHash(envelope));
    expect((await north.outbox.read('laneOf', [south.id])).root).toBe(tree.root());
    await carryQuietly(north, south);
    for (let at = 0; at < COUNT; at += BATCH) {
      const batch = north.sent
        .slice(at, at + BATCH)
        .map(({ envelope, data, index }) => ({ envelope, data, place: tree.place(index) }));
      const { returnData, gasUsed } = await write(south, south.inbox, 'executeMany', [batch]);
      expect(BigInt(returnData)).toBe(BigInt(batch.length));
      expect(gasUsed).toBeLessThan(15_000_000n);
    }
    expect(south.receipts).toHaveLength(COUNT);
    await carryQuietly(south, north);
    // Of the receipts a part: what it costs does not change with where they stand.
    for (let at = COUNT - SETTLED; at < COUNT; at += BATCH) {
      const batch = north.sent.slice(at, at + BATCH).map((message, offset) => {
        const { receipt, index } = south.receipts[at + offset] ?? expect.fail();
        return { envelope: message.envelope, receipt, place: place(south, index) };
      });
      await write(north, north.outbox, 'settleMany', [batch]);
    }
    const lane = await north.outbox.read('laneOf', [south.id]);
    expect([lane.sent, lane.open]).toEqual([BigInt(COUNT), BigInt(COUNT - SETTLED)]);
    expect(await north.outbox.read('owedTo', [FLOOD])).toBe(BigInt(SETTLED) * DEPOSIT);
  });
});

async function ledgerWithoutProofs(name: string, chainId: number, peer: number): Promise<Ledger> {
  const sealing = new HeaderChain(name, sealersOf(name, 4));
  const other = name === 'north' ? 'south' : 'north';
  return placeCrossLedger(await createWorld(chainId), {
    sealing,
    peerSealing: new HeaderChain(other, sealersOf(other, 4)),
    peer,
  });
}

async function carryQuietly(from: Ledger, to: Ledger): Promise<void> {
  await from.seal();
  const known = Number((await to.headers.read('ledgerOf', [from.id])).height);
  const evidence = from.sealing.evidence(known, from.sealing.height);
  await write(to, to.inbox, 'commitByCertificate', [from.id, evidence, await from.laneProof()]);
  expect(await to.inbox.read('rootOf', [from.id, BigInt(from.lane.size)])).toBe(from.lane.root());
}
