import type { Abi } from 'viem';
import { beforeEach, describe, expect, it } from 'vitest';
import { encodeLaneAnswer, INBOX_ADDRESS, LANE_CONTROL_ADDRESS, laneSpec, OUTBOX_ADDRESS } from '../../src/contracts/index.ts';
import { type Address, fromHex, type Hex, keccak256, toHex } from '../../src/crypto/index.ts';
import {
  commit,
  compileApps,
  createOraclePair,
  DEPOSIT,
  EXECUTED,
  execute,
  type Ledger,
  last,
  type OraclePair,
  placeControl,
  relayer,
  send,
  settle,
  write,
} from './cross-ledger-fixture.ts';
import { expectRefusal } from './expect-refusal.ts';
import { addressFor, placeContract, type TestContract } from './harness.ts';
import { ANSWERED, FEE, numberResult, PEDAL } from './pedal-fixture.ts';

const compiled = compileApps();
const WATCH: Address = '0x00000000000000000000000000000000000c0002';
const VALVE: Address = '0x00000000000000000000000000000000000c0003';
const LIE: Hex = `0x${'66'.repeat(32)}`;

function placeApp(ledger: Ledger, name: string, address: Address, args: readonly unknown[]): Promise<TestContract<Abi>> {
  const contract = compiled.get(name) ?? expect.fail();
  return placeContract(ledger.chain, address, { abi: contract.abi as Abi, bytecode: contract.bytecode }, args);
}

const incoming = async ({ home, away }: OraclePair) => home.inbox.read('incomingOf', [away.id]);

describe('a root by the group', () => {
  let pair: OraclePair;
  let home: Ledger;
  let away: Ledger;

  beforeEach(async () => {
    pair = await createOraclePair('group');
    ({ home, away } = pair);
  });

  it('is asked for by anyone, one request at a time, and answered with a callback', async () => {
    const message = await send(away);
    const id = await pair.ask();
    const request = await pair.oracle.pedal.read('requestOf', [id]);
    expect(request.specHash).toBe(toHex(keccak256(fromHex(laneSpec({ source: away.id, destination: home.id, size: 0n })))));
    await expectRefusal(pair.ask(), 'RequestOpen', [id]);
    await pair.answer(id, encodeLaneAnswer(pair.laneAnswer()));
    expect(await pair.oracle.pedal.read('requestOf', [id])).toMatchObject({ delivered: true });
    expect(await incoming(pair)).toMatchObject({ size: 1n, height: 7n, halted: false, request: 0n });
    await execute(away, home, message);
    await pair.ask();
  });

  it('is not taken by certificate where the lane does not want that, nor the other way round', async () => {
    await send(away);
    await away.seal();
    await expectRefusal(commit(away, home), 'WayNotAccepted', [away.id]);
    const args = [home.id, 0n, BigInt(away.chain.now() + 60)];
    await expectRefusal(write(away, away.inbox, 'ask', args), 'WayNotAccepted', [home.id]);
  });

  it('that is none changes nothing, and the lane can be asked for again', async () => {
    await send(away);
    const good = pair.laneAnswer();
    const wrong: readonly Hex[] = [
      '0x',
      '0x1234',
      encodeLaneAnswer({ ...good, source: 99n }),
      encodeLaneAnswer({ ...good, size: 0n }),
      encodeLaneAnswer({ ...good, size: 1n << 64n }),
      encodeLaneAnswer({ ...good, height: 1n << 64n }),
      encodeLaneAnswer({ ...good, root: `0x${'00'.repeat(32)}` }),
    ];
    for (const result of wrong) {
      await pair.answer(await pair.ask(), result);
      expect(await incoming(pair)).toMatchObject({ size: 0n, request: 0n, halted: false });
    }
    const other = await pair.ask(5);
    await pair.answer(other, encodeLaneAnswer(good));
    expect(await incoming(pair)).toMatchObject({ size: 0n, request: 0n });
    await pair.answer(await pair.ask(1), encodeLaneAnswer(good));
    expect(await incoming(pair)).toMatchObject({ size: 1n });
  });

  it('that never comes gives the request up; what comes back pays for the next one', async () => {
    const id = await pair.ask();
    await expectRefusal(write(home, home.inbox, 'syncRequest', [away.id]), 'RequestOpen', [id]);
    home.chain.advance(60);
    await write(home, pair.oracle.pedal, 'expire', [id]);
    expect(await incoming(pair)).toMatchObject({ request: 0n });
    await expectRefusal(write(home, home.inbox, 'syncRequest', [away.id]), 'NothingAsked');
    // A tenth of the deposit is forfeit; who asks next adds that much only.
    const args = [away.id, 0n, BigInt(home.chain.now() + 60)];
    await expectRefusal(write(home, home.inbox, 'ask', args), 'PurseTooSmall', [FEE - FEE / 10n, FEE]);
    await home.chain.fund(relayer, FEE);
    await write(home, home.inbox, 'ask', args, { value: FEE / 10n });
    expect(await home.chain.balance(INBOX_ADDRESS)).toBe(0n);
  });

  it('is fetched when the callback did not work', async () => {
    const message = await send(away);
    const id = await pair.ask();
    // Whatever may break a callback: here nobody answers what the lane is like.
    await home.chain.place(LANE_CONTROL_ADDRESS, '0x5f5ff3');
    await pair.answer(id, encodeLaneAnswer(pair.laneAnswer()));
    await placeControl(home, 'group');
    expect(await pair.oracle.pedal.read('requestOf', [id])).toMatchObject({ state: ANSWERED, delivered: false });
    expect(await incoming(pair)).toMatchObject({ size: 0n, request: id });
    await write(home, home.inbox, 'syncRequest', [away.id]);
    expect(await incoming(pair)).toMatchObject({ size: 1n, request: 0n });
    await execute(away, home, message);
  });

  it('is taken from nobody else', async () => {
    await expectRefusal(write(home, home.inbox, 'onAnswer', [1n, encodeLaneAnswer(pair.laneAnswer())]), 'OnlyPedal');
    const foreign = await pair.oracle.ask(addressFor('asker'));
    await pair.answer(foreign, encodeLaneAnswer(pair.laneAnswer({ root: LIE })));
    expect(await incoming(pair)).toMatchObject({ size: 0n });
  });

  it('is not noted during a pause, and a pause of the lane is none of the oracle', async () => {
    await send(away);
    const id = await pair.ask();
    await home.votes().setLanePaused(true);
    await pair.answer(id, encodeLaneAnswer(pair.laneAnswer()));
    expect(await incoming(pair)).toMatchObject({ size: 0n, request: 0n });
    await expectRefusal(pair.ask(), 'LaneIsPaused', [away.id]);
    expect(await pair.oracle.pedal.read('paused', [])).toBe(false);
    await home.votes().setLanePaused(false);
    await pair.answer(await pair.ask(), encodeLaneAnswer(pair.laneAnswer()));
    expect(await incoming(pair)).toMatchObject({ size: 1n });
  });

  it('that contradicts an earlier one halts the lane until the companies have decided', async () => {
    const message = await send(away);
    await pair.answer(await pair.ask(), encodeLaneAnswer(pair.laneAnswer()));
    await pair.answer(await pair.ask(), encodeLaneAnswer(pair.laneAnswer({ root: LIE })));
    expect(await incoming(pair)).toMatchObject({ halted: true });
    await expectRefusal(execute(away, home, message), 'LaneHalted', [away.id]);
    await home.votes().resetLane();
    await expectRefusal(execute(away, home, message), 'UnknownRoot');
    await pair.answer(await pair.ask(), encodeLaneAnswer(pair.laneAnswer()));
    await execute(away, home, message);
    await expectRefusal(write(home, home.inbox, 'resetLane', [away.id]), 'OnlyControl');
  });
});

describe('a root by both', () => {
  let pair: OraclePair;
  let home: Ledger;
  let away: Ledger;

  beforeEach(async () => {
    pair = await createOraclePair('both');
    ({ home, away } = pair);
  });

  it('counts when both have shown the same, in either order', async () => {
    const message = await send(away);
    await away.seal();
    await commit(away, home);
    await expectRefusal(execute(away, home, message), 'UnknownRoot');
    expect(await incoming(pair)).toMatchObject({ size: 0n });
    // Meanwhile the lane goes on; the group is asked for the size that was proven.
    await send(away);
    const answer = pair.laneAnswer({ size: 1n, root: away.lane.root(1) });
    await pair.answer(await pair.ask(1), encodeLaneAnswer(answer));
    expect(await incoming(pair)).toMatchObject({ size: 1n });
    await execute(away, home, message, { size: 1 });
    const second = away.sent[1] ?? expect.fail();
    await pair.answer(await pair.ask(), encodeLaneAnswer(pair.laneAnswer()));
    await expectRefusal(execute(away, home, second), 'UnknownRoot');
    await away.seal();
    await commit(away, home);
    await execute(away, home, second);
  });

  it('stops at a source whose sealers lie to one of them', async () => {
    const message = await send(away);
    await away.seal();
    await commit(away, home);
    await pair.answer(await pair.ask(), encodeLaneAnswer(pair.laneAnswer({ root: LIE })));
    expect(await incoming(pair)).toMatchObject({ halted: true });
    await expectRefusal(execute(away, home, message), 'LaneHalted');
  });

  it('stops at a group that is bought: alone it moves nothing', async () => {
    await send(away);
    await pair.answer(await pair.ask(), encodeLaneAnswer(pair.laneAnswer({ root: LIE })));
    await expectRefusal(home.inbox.read('rootOf', [away.id, 1n]), 'UnknownRoot');
    await away.seal();
    await commit(away, home);
    expect(await incoming(pair)).toMatchObject({ halted: true });
  });
});

describe('a contract of an outsider', () => {
  it('receives data from the oracle, calls the other ledger, and learns what was done', async () => {
    const pair = await createOraclePair('group');
    const { home, away } = pair;
    const watch = await placeApp(home, 'OvenWatch', WATCH, [PEDAL, INBOX_ADDRESS, OUTBOX_ADDRESS, away.id, VALVE]);
    const valve = await placeApp(away, 'Valve', VALVE, [INBOX_ADDRESS, OUTBOX_ADDRESS, home.id, WATCH]);
    await home.chain.fund(relayer, FEE + DEPOSIT);
    const expiresAt = BigInt(home.chain.now() + 60);
    const asked = await write(home, watch, 'watch', [expiresAt, FEE], { value: FEE + DEPOSIT });
    await pair.answer(BigInt(asked.returnData), numberResult(93n));
    expect(await watch.read('temperature', [])).toBe(93n);
    const message = last(home.sent);
    await home.seal();
    await commit(home, away);
    await execute(home, away, message);
    expect([await valve.read('shut', []), await valve.read('orders', [])]).toEqual([true, 1n]);
    await pair.answer(await pair.ask(), encodeLaneAnswer(pair.laneAnswer()));
    await settle(home, away, message);
    expect(await watch.read('lastOutcome', [])).toBe(EXECUTED);
    expect(await watch.read('shutAt', [])).toBe(BigInt(away.chain.now()));
    await write(home, watch, 'fetch', []);
    expect(await home.chain.balance(WATCH)).toBe(DEPOSIT);
  });
});
