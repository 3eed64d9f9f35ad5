import type { Abi } from 'viem';
import { encodeFunctionData } from 'viem';
import { beforeEach, describe, expect, it } from 'vitest';
import { INBOX_ADDRESS, OUTBOX_ADDRESS } from '../../src/contracts/index.ts';
import type { Address, Hex } from '../../src/crypto/index.ts';
import {
  compileApps,
  createPair,
  DEPOSIT,
  delivery,
  EXECUTED,
  EXPIRED,
  execute,
  FAILED,
  GIVEN_UP,
  GRACE,
  type Ledger,
  last,
  NORTH,
  type Pair,
  place,
  relayer,
  type SentMessage,
  send,
  sender,
  settle,
  settlement,
  write,
} from './cross-ledger-fixture.ts';
import { expectRefusal } from './expect-refusal.ts';
import { addressFor, placeContract, type TestContract } from './harness.ts';

const compiled = compileApps();
const APP: Address = '0x00000000000000000000000000000000000c0001';
const [TAKE, REVERT, BURN_GAS, BIG_RETURN, CALL_BACK] = [0, 1, 2, 3, 4];

function placeApp(ledger: Ledger, name: string, address: Address, args: readonly unknown[] = []): Promise<TestContract<Abi>> {
  const contract = compiled.get(name) ?? expect.fail();
  return placeContract(ledger.chain, address, { abi: contract.abi as Abi, bytecode: contract.bytecode }, args);
}

const outcomeOf = async (ledger: Ledger, { envelope }: SentMessage) =>
  (await ledger.outbox.read('messageOf', [envelope.destination, envelope.nonce])).at(1);
const openOf = async (ledger: Ledger) => (await ledger.outbox.read('laneOf', [ledger.peer])).open;

describe('a message', () => {
  let pair: Pair;
  let north: Ledger;
  let south: Ledger;
  let app: TestContract<Abi>;

  beforeEach(async () => {
    pair = await createPair();
    ({ north, south } = pair);
    app = await placeApp(south, 'AwkwardApp', APP);
  });

  it('goes there and comes back, in both directions', async () => {
    const back = await placeApp(north, 'AwkwardApp', APP);
    for (const [from, to, target] of [
      [north, south, app],
      [south, north, back],
    ] as const) {
      const before = await target.read('messages', []);
      const message = await send(from, { target: APP, data: '0xc0ffee' });
      await pair.carry(from, to);
      await execute(from, to, message);
      expect(await target.read('messages', [])).toBe((before as bigint) + 1n);
      expect(await to.inbox.read('isDone', [from.id, message.envelope.nonce])).toBe(true);
      await pair.carry(to, from);
      await settle(from, to, message);
      expect(await outcomeOf(from, message)).toBe(EXECUTED);
      expect(await openOf(from)).toBe(0n);
    }
    expect(await north.outbox.read('owedTo', [sender])).toBe(DEPOSIT);
    await write(north, north.outbox, 'collect', [], { from: sender });
    expect(await north.chain.balance(sender)).toBe(DEPOSIT);
    await expectRefusal(write(north, north.outbox, 'collect', [], { from: sender }), 'NothingOwed');
  });

  it('is the tree that its events tell', async () => {
    for (let count = 1; count <= 9; count++) {
      await send(north);
      const { size, root } = await north.outbox.read('laneOf', [north.peer]);
      expect([size, root]).toEqual([BigInt(count), north.lane.root()]);
    }
  });

  it('is executed once, under whatever root', async () => {
    const message = await send(north, { target: APP });
    await pair.carry(north, south);
    await execute(north, south, message);
    await expectRefusal(execute(north, south, message), 'AlreadyDone', [north.id, 1n]);
    await send(north);
    await pair.carry(north, south);
    await expectRefusal(execute(north, south, message), 'AlreadyDone');
    await expectRefusal(write(south, south.inbox, 'executeMany', [[delivery(north, message)]]), 'NothingDone');
    expect(await app.read('messages', [])).toBe(1n);
  });

  it('is in the lane, or is not executed', async () => {
    const message = await send(north, { target: APP });
    const other = await send(north, { target: APP, data: '0xff' });
    await pair.carry(north, south);
    const { envelope, data, place: at } = delivery(north, message);
    const attempt = (change: object, payload: Hex = data, where: object = at) =>
      write(south, south.inbox, 'execute', [{ ...envelope, ...change }, payload, where]);
    await expectRefusal(attempt({ target: addressFor('mine') }), 'NotInLane');
    await expectRefusal(attempt({ sender: relayer }), 'NotInLane');
    await expectRefusal(attempt({ gas: 1 }), 'NotInLane');
    await expectRefusal(attempt({ expiresAt: envelope.expiresAt + 1n }), 'NotInLane');
    await expectRefusal(attempt({ nonce: 7n }), 'NotInLane');
    await expectRefusal(attempt({}, '0xffff'), 'WrongData');
    await expectRefusal(attempt({}, data, { ...at, index: 1n }), 'NotInLane');
    await expectRefusal(attempt({}, data, { ...at, proof: [] }), 'NotInLane');
    await expectRefusal(attempt({}, data, { ...at, proof: [...at.proof, at.proof[0]] }), 'NotInLane');
    await expectRefusal(attempt({}, data, place(north, other.index)), 'NotInLane');
    await expectRefusal(attempt({}, data, { ...at, size: 3n }), 'UnknownRoot', [north.id, 3n]);
    await attempt({});
  });

  it('is for one ledger and from one', async () => {
    const message = await send(north, { target: APP });
    await pair.carry(north, south);
    const { envelope, data, place: at } = delivery(north, message);
    const other = (change: object) => write(south, south.inbox, 'execute', [{ ...envelope, ...change }, data, at]);
    await expectRefusal(other({ destination: 99n }), 'WrongLedger', [99n]);
    await expectRefusal(other({ source: 99n }), 'UnknownLane', [99n]);
    await expectRefusal(other({ source: south.id }), 'UnknownLane');
    // The receipts of a lane are leaves too, and no messages.
    await execute(north, south, message);
    await pair.carry(south, north);
    const receiptPlace = place(south, last(south.receipts).index);
    const turned = { ...envelope, source: south.id, destination: BigInt(NORTH) };
    await expectRefusal(write(north, north.inbox, 'execute', [turned, data, receiptPlace]), 'NotInLane');
    await expectRefusal(write(north, north.outbox, 'send', [99n, APP, '0x', 0n, 0, 0]), 'UnknownLane');
    await expectRefusal(write(north, north.outbox, 'addReceipt', [south.id, 1n, at.proof[0] ?? ZERO, receiptOf()]), 'OnlyInbox');
  });

  it('is executed or expires, never both', async () => {
    const [early, late] = [await send(north, { target: APP, seconds: 60 }), await send(north, { target: APP, seconds: 60 })];
    await pair.carry(north, south);
    const lateExpiry = [late.envelope, place(north, late.index)];
    await expectRefusal(write(south, south.inbox, 'expire', lateExpiry), 'NotExpired');
    await execute(north, south, early);
    pair.advance(60);
    await expectRefusal(execute(north, south, late), 'IsExpired');
    await expectRefusal(write(south, south.inbox, 'expire', [early.envelope, place(north, early.index)]), 'AlreadyDone');
    await write(south, south.inbox, 'expire', lateExpiry);
    await expectRefusal(write(south, south.inbox, 'expire', lateExpiry), 'AlreadyDone');
    await pair.carry(south, north);
    for (const message of [early, late]) await settle(north, south, message);
    expect([await outcomeOf(north, early), await outcomeOf(north, late)]).toEqual([EXECUTED, EXPIRED]);
    expect(await app.read('messages', [])).toBe(1n);
  });

  it('that fails there says why', async () => {
    await app.write(relayer, 'arm', [REVERT, APP, '0x']);
    const refused = await send(north, { target: APP });
    const nobody = await send(north, { target: addressFor('no contract') });
    await pair.carry(north, south);
    await execute(north, south, refused);
    await execute(north, south, nobody);
    expect(south.receipts.map(({ receipt }) => receipt.outcome)).toEqual([FAILED, FAILED]);
    expect(south.receipts[0]?.receipt.data.startsWith('0x08c379a0')).toBe(true);
    expect(south.receipts[1]?.receipt.data).toBe('0x');
    await pair.carry(south, north);
    await settle(north, south, refused);
    expect(await outcomeOf(north, refused)).toBe(FAILED);
  });

  it('is settled once, and by its own receipt only', async () => {
    const [first, second] = [await send(north, { target: APP }), await send(north, { target: APP })];
    await pair.carry(north, south);
    await execute(north, south, first);
    await app.write(relayer, 'arm', [REVERT, APP, '0x']);
    await execute(north, south, second);
    await pair.carry(south, north);
    const { envelope, receipt, place: at } = settlement(south, first);
    const wrong = settlement(south, second);
    const attempt = (told: object, about = envelope, where = at) =>
      write(north, north.outbox, 'settle', [about, { ...receipt, ...told }, where]);
    await expectRefusal(attempt({ outcome: FAILED }), 'NotInLane');
    await expectRefusal(attempt({ data: '0xff' }), 'NotInLane');
    await expectRefusal(attempt(wrong.receipt, envelope, wrong.place), 'NotInLane');
    await expectRefusal(attempt({}, envelope, { ...at, size: 3n }), 'UnknownRoot', [south.id, 3n]);
    await expectRefusal(attempt({ outcome: GIVEN_UP }), 'NotAReceipt');
    await expectRefusal(attempt({}, { ...envelope, depositWei: 1_000_000n }), 'NotThatMessage');
    await expectRefusal(attempt({}, { ...envelope, nonce: 9n }), 'NotOpen');
    await attempt({});
    await expectRefusal(attempt({}), 'NotOpen', [south.id, 1n]);
    await expectRefusal(write(north, north.outbox, 'settleMany', [[settlement(south, first)]]), 'NothingOpen');
    await write(north, north.outbox, 'settleMany', [[settlement(south, first), settlement(south, second)]]);
    expect(await openOf(north)).toBe(0n);
    expect(await north.outbox.read('owedTo', [sender])).toBe(2n * DEPOSIT);
  });

  it('that nobody answers is given up, and nothing brings it back', async () => {
    const message = await send(north, { target: APP, seconds: 60 });
    await pair.carry(north, south);
    await execute(north, south, message);
    await pair.carry(south, north);
    const giveUp = () => write(north, north.outbox, 'giveUp', [message.envelope]);
    pair.advance(60 + GRACE - 1);
    await expectRefusal(giveUp(), 'TooEarly', [message.envelope.expiresAt + BigInt(GRACE)]);
    pair.advance(1);
    await giveUp();
    expect(await outcomeOf(north, message)).toBe(GIVEN_UP);
    // It was executed all the same: that is what giving up does not tell.
    expect(await app.read('messages', [])).toBe(1n);
    await expectRefusal(settle(north, south, message), 'NotOpen');
    await expectRefusal(giveUp(), 'NotOpen');
    expect(await openOf(north)).toBe(0n);
    expect(await north.outbox.read('openOf', [south.id, sender])).toBe(0n);
    expect(await north.outbox.read('owedTo', [sender])).toBe(DEPOSIT);
  });

  it('given up before it was carried has expired there', async () => {
    const message = await send(north, { target: APP, seconds: 60 });
    pair.advance(60 + GRACE);
    await write(north, north.outbox, 'giveUp', [message.envelope]);
    await pair.carry(north, south);
    await expectRefusal(execute(north, south, message), 'IsExpired');
    await write(south, south.inbox, 'expire', [message.envelope, place(north, message.index)]);
    await pair.carry(south, north);
    await expectRefusal(settle(north, south, message), 'NotOpen');
  });
});

describe('a target or a sender that misbehaves', () => {
  let pair: Pair;
  let north: Ledger;
  let south: Ledger;
  let there: TestContract<Abi>;
  let here: TestContract<Abi>;

  beforeEach(async () => {
    pair = await createPair();
    ({ north, south } = pair);
    there = await placeApp(south, 'AwkwardApp', APP);
    here = await placeApp(north, 'AwkwardApp', APP);
  });

  /** A message that the app of north sends to the app of south. */
  const sendFromApp = async (gas = 200_000, callbackGas = 200_000) => {
    const args = [south.id, APP, '0xabcd', BigInt(north.chain.now() + 600), gas, callbackGas] as const;
    const call = encodeFunctionData({ abi: north.outbox.abi, functionName: 'send', args });
    await north.chain.fund(relayer, DEPOSIT);
    await write(north, here, 'run', [OUTBOX_ADDRESS, call], { value: DEPOSIT });
    return last(north.sent);
  };

  it.each([
    ['reverts', REVERT],
    ['burns all its gas', BURN_GAS],
    ['returns a hundred kilobytes', BIG_RETURN],
  ])('that %s costs its own gas and no more', async (_, manner) => {
    const message = await sendFromApp();
    await pair.carry(north, south);
    await there.write(relayer, 'arm', [manner, APP, '0x']);
    const { gasUsed } = await execute(north, south, message);
    expect(gasUsed).toBeLessThan(700_000n);
    const { receipt } = last(south.receipts);
    expect(receipt.outcome).toBe(manner === BIG_RETURN ? EXECUTED : FAILED);
    expect((receipt.data.length - 2) / 2).toBeLessThanOrEqual(512);
    if (manner === BIG_RETURN) expect(receipt.returnedBytes).toBe(100_000);
    await pair.carry(south, north);
    await here.write(relayer, 'arm', [manner, APP, '0x']);
    const settled = await settle(north, south, message);
    expect(settled.gasUsed).toBeLessThan(600_000n);
    expect(await openOf(north)).toBe(0n);
    expect(await north.outbox.read('owedTo', [APP])).toBe(DEPOSIT);
  });

  it('cannot have a message executed, expired, or settled twice by calling back', async () => {
    const [first, second] = [await sendFromApp(1_500_000, 1_500_000), await sendFromApp(1_500_000, 1_500_000)];
    await pair.carry(north, south);
    const { abi } = south.inbox;
    const again = [
      encodeFunctionData({ abi, functionName: 'execute', args: [first.envelope, first.data, place(north, first.index)] }),
      encodeFunctionData({ abi, functionName: 'executeMany', args: [[delivery(north, second)]] }),
      encodeFunctionData({ abi, functionName: 'expire', args: [second.envelope, place(north, second.index)] }),
    ];
    await there.write(relayer, 'arm', [CALL_BACK, INBOX_ADDRESS, again[0]]);
    await execute(north, south, first);
    await there.write(relayer, 'arm', [CALL_BACK, INBOX_ADDRESS, again[1]]);
    await execute(north, south, second);
    expect([await there.read('tries', []), await there.read('successes', [])]).toEqual([2n, 0n]);
    expect(await there.read('messages', [])).toBe(2n);
    await pair.carry(south, north);
    const { envelope, receipt, place: at } = settlement(south, first);
    const settleAgain = encodeFunctionData({ abi: north.outbox.abi, functionName: 'settle', args: [envelope, receipt, at] });
    await here.write(relayer, 'arm', [CALL_BACK, OUTBOX_ADDRESS, settleAgain]);
    await settle(north, south, first);
    expect([await here.read('tries', []), await here.read('successes', [])]).toEqual([1n, 0n]);
    const collect = encodeFunctionData({ abi: north.outbox.abi, functionName: 'collect', args: [] });
    await here.write(relayer, 'arm', [TAKE, OUTBOX_ADDRESS, collect]);
    await write(north, here, 'run', [OUTBOX_ADDRESS, collect]);
    expect(await north.chain.balance(APP)).toBe(DEPOSIT);
    expect(await here.read('successes', [])).toBe(0n);
    expect(await north.chain.balance(OUTBOX_ADDRESS)).toBe(DEPOSIT);
  });

  it('may send while it is called, and the lane keeps its order', async () => {
    const message = await sendFromApp(1_000_000);
    await pair.carry(north, south);
    const args = [north.id, APP, '0x', BigInt(south.chain.now() + 600), 100_000, 0] as const;
    const reply = encodeFunctionData({ abi: south.outbox.abi, functionName: 'send', args });
    await south.votes().setLane({ depositWei: 0n });
    await there.write(relayer, 'arm', [CALL_BACK, OUTBOX_ADDRESS, reply]);
    await execute(north, south, message);
    expect(await there.read('successes', [])).toBe(1n);
    expect([south.sent[0]?.index, south.receipts[0]?.index]).toEqual([0, 1]);
    expect((await south.outbox.read('laneOf', [north.id])).root).toBe(south.lane.root());
    await pair.carry(south, north);
    await settle(north, south, message);
    await execute(south, north, last(south.sent));
    expect(await here.read('messages', [])).toBe(1n);
  });

  it('gets all of its gas: who sends too little is refused, and the message stays', async () => {
    const message = await sendFromApp(300_000, 300_000);
    await pair.carry(north, south);
    await expectRefusal(execute(north, south, message, { gas: 500_000n }), 'GasTooLow');
    expect(await south.inbox.read('isDone', [north.id, 1n])).toBe(false);
    await execute(north, south, message);
    expect(await there.read('gasSeen', [])).toBeGreaterThan(297_000n);
    await pair.carry(south, north);
    await expectRefusal(settle(north, south, message, { gas: 500_000n }), 'GasTooLow');
    await settle(north, south, message);
    expect(await here.read('gasSeen', [])).toBeGreaterThan(297_000n);
    expect(await here.read('lastOutcome', [])).toBe(EXECUTED);
  });

  it('is called by nobody else', async () => {
    const valve = await placeApp(south, 'Valve', addressFor('valve'), [INBOX_ADDRESS, OUTBOX_ADDRESS, north.id, APP]);
    await expectRefusal(valve.write(relayer, 'onMessage', [north.id, APP, '0x']), 'OnlyInbox');
    await expectRefusal(valve.write(relayer, 'onReceipt', [north.id, 1n, 1, '0x']), 'OnlyOutbox');
    const stranger = await send(north, { target: valve.address });
    await pair.carry(north, south);
    await execute(north, south, stranger);
    expect(last(south.receipts).receipt.outcome).toBe(FAILED);
    expect(await valve.read('shut', [])).toBe(false);
  });
});

const ZERO: Hex = `0x${'00'.repeat(32)}`;

function receiptOf() {
  return { outcome: EXECUTED, returnedBytes: 0, data: '0x' };
}
