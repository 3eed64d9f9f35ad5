import { beforeEach, describe, expect, it } from 'vitest';
import { orderDigest } from '../../src/contracts/index.ts';
import { toHex } from '../../src/crypto/index.ts';
import { expectRefusal } from './expect-refusal.ts';
import { addressFor, keyOf } from './harness.ts';
import { blsKeyOf, FEE, possessionOf, publicKeyOf, STAKE } from './pedal-fixture.ts';
import {
  createTraining,
  MIN_STAKE,
  RETRIES,
  REWARD,
  ROUND_SECONDS,
  roundResult,
  specOf,
  TASKS,
  type Training,
} from './training-fixture.ts';
import { EDGE_NODE, registerObserver } from './world.ts';

const OPEN = 1;
const RUNNING = 2;
const FINISHED = 3;
const FAILED_TASK = 4;
const EXPIRED_TASK = 5;
const CANCELLED = 6;
const UNREACHABLE = 2;
const INVALID_SPEC = 4;

describe('training tasks', () => {
  let made: Training;

  beforeEach(async () => {
    made = await createTraining();
  });

  it('ask the oracle round by round, and keep the chain of digests', async () => {
    const { tasks, clients } = made;
    const id = await made.release();
    await made.enrolAll(id);
    await tasks.write(made.owner, 'start', [id]);
    expect((await made.task(id)).state).toBe(RUNNING);
    for (const round of [1, 2]) {
      await made.round(id, round, {
        accepted: [
          [0, 10],
          [1, 30],
        ],
        rejected: [[2, 1]],
      });
    }
    expect(await tasks.read('digestOf', [id, 0])).toBe(specOf(made).first);
    expect(await tasks.read('digestOf', [id, 2])).toBe(roundResult(2).digest);
    expect(await made.task(id)).toMatchObject({ state: FINISHED, roundsDone: 2, request: 0n });
    // A round is worth half of the reward: ten to thirty.
    expect(await tasks.read('owed', [clients[0] as `0x${string}`])).toBe((2n * (REWARD / 2n)) / 4n);
    expect(await tasks.read('owed', [clients[1] as `0x${string}`])).toBe(2n * (((REWARD / 2n) * 3n) / 4n));
    expect(await tasks.read('owed', [clients[2] as `0x${string}`])).toBe(0n);
    expect(await tasks.read('owed', [made.owner])).toBe(MIN_STAKE + 3n * FEE - 2n * FEE);
    await expectRefusal(tasks.write(made.owner, 'advance', [id]), 'WrongState');
  });

  it('are released with stake by members, and not in any number', async () => {
    const { tasks, owner } = made;
    await expectRefusal(made.release({ from: addressFor('a stranger') }), 'NotAMember');
    await expectRefusal(made.release({ stakeWei: MIN_STAKE - 1n }), 'StakeTooSmall', [MIN_STAKE - 1n, MIN_STAKE]);
    await expectRefusal(made.release({ value: REWARD + MIN_STAKE + 2n * FEE - 1n }), 'WrongMoney');
    for (let count = 0; count < 3; count++) await made.release();
    await expectRefusal(made.release(), 'TooManyOpenOf', [owner, 3n]);
    await made.release({ from: made.clients[0] as `0x${string}` });
    await expectRefusal(made.release({ from: made.clients[1] as `0x${string}` }), 'TooManyOpen', [4n]);
    // Half of the stake of a task without a round is gone.
    await tasks.write(owner, 'cancel', [1n]);
    expect((await made.task(1n)).state).toBe(CANCELLED);
    expect(await tasks.read('owed', [owner])).toBe(REWARD + MIN_STAKE / 2n + 3n * FEE);
    await made.release();
  });

  it('take clients while there are places, each once and with its stake', async () => {
    const { tasks, clients } = made;
    const id = await made.release({ spec: { clientStakeWei: 50n } });
    const [first = made.owner, second = made.owner] = clients;
    await expectRefusal(tasks.write(first, 'enrol', [id, 5], 49n), 'WrongMoney', [49n, 50n]);
    await expectRefusal(tasks.write(addressFor('a stranger'), 'enrol', [id, 5]), 'NotAMember');
    await tasks.write(first, 'enrol', [id, 5], 50n);
    await expectRefusal(tasks.write(first, 'enrol', [id, 5], 50n), 'AlreadyEnrolled');
    await expectRefusal(tasks.write(made.owner, 'start', [id]), 'TooFewClients', [1n, 2n]);
    await tasks.write(second, 'enrol', [id, 5], 50n);
    await expectRefusal(tasks.write(first, 'start', [id]), 'OnlyOwner');
    await tasks.write(clients[2] as `0x${string}`, 'enrol', [id, 5], 50n);
    await expectRefusal(tasks.write(made.owner, 'enrol', [id, 5], 50n), 'TaskFull');
    await tasks.write(first, 'start', [id]);
    await expectRefusal(tasks.write(first, 'settleStake', [id, first]), 'WrongState');
    await made.round(id, 1, {
      accepted: [[0, 5]],
      rejected: [
        [1, 3],
        [2, 1],
      ],
    });
    await made.round(id, 2, {
      accepted: [[0, 5]],
      rejected: [
        [1, 3],
        [2, 1],
      ],
    });
    const owedBefore = await tasks.read('owed', [made.owner]);
    // The second never gave anything: its stake is the owner's.
    for (const client of clients.slice(0, 3)) await tasks.write(made.owner, 'settleStake', [id, client]);
    await expectRefusal(tasks.write(first, 'settleStake', [id, first]), 'AlreadySettled');
    expect(await tasks.read('owed', [made.owner])).toBe(owedBefore + 50n);
    expect(await tasks.read('owed', [second])).toBe(0n);
    expect(await tasks.read('owed', [clients[2] as `0x${string}`])).toBe(50n);
  });

  it('take no answer of anybody but the oracle, none twice, and none about another round', async () => {
    const { tasks, clients } = made;
    const id = await made.started();
    const request = await made.advance(id);
    await expectRefusal(tasks.write(clients[0] as `0x${string}`, 'onAnswer', [request, roundResult(1).bytes]), 'OnlyPedal');
    await expectRefusal(tasks.write(clients[0] as `0x${string}`, 'takeIn', [request, roundResult(1).bytes]), 'OnlyPedal');
    await expectRefusal(tasks.write(clients[0] as `0x${string}`, 'advance', [id]), 'RoundOpen', [request]);
    await made.answer(request, roundResult(2).bytes);
    expect(await made.task(id)).toMatchObject({ state: RUNNING, roundsDone: 0, failures: 1, request: 0n });
    const twice = await made.advance(id);
    await made.answer(
      twice,
      roundResult(1, {
        accepted: [
          [0, 1],
          [0, 1],
        ],
      }).bytes,
    );
    const stranger = await made.advance(id);
    await made.answer(stranger, roundResult(1, { accepted: [[7, 1]] }).bytes);
    expect(await made.task(id)).toMatchObject({ roundsDone: 0, failures: 3 });
  });

  it('try a round again and give up in the end; hopeless ones at once', async () => {
    const { tasks } = made;
    const id = await made.started({ value: REWARD + MIN_STAKE + 20n * FEE });
    for (let attempt = 0; attempt <= RETRIES; attempt++) {
      await made.fail(await made.advance(id), UNREACHABLE);
    }
    expect(await made.task(id)).toMatchObject({ state: FAILED_TASK, failures: RETRIES + 1 });
    await expectRefusal(tasks.write(made.owner, 'advance', [id]), 'WrongState');
    const other = await made.started();
    await made.fail(await made.advance(other), INVALID_SPEC);
    expect(await made.task(other)).toMatchObject({ state: FAILED_TASK, failures: 1 });
  });

  it('end by their expiry whatever happens', async () => {
    const { tasks, chain } = made;
    const open = await made.release();
    const running = await made.started();
    const request = await made.advance(running);
    await expectRefusal(tasks.write(made.owner, 'expire', [open]), 'NotExpired');
    chain.advance(ROUND_SECONDS * 20);
    await expectRefusal(tasks.write(made.owner, 'advance', [running]), 'RoundOpen', [request]);
    await tasks.write(addressFor('anyone'), 'expire', [open]);
    await tasks.write(addressFor('anyone'), 'expire', [running]);
    expect([(await made.task(open)).state, (await made.task(running)).state]).toEqual([EXPIRED_TASK, EXPIRED_TASK]);
    expect(await made.pedal.read('pendingCount', [])).toBe(0n);
    expect(await tasks.read('openCount', [])).toBe(0n);
    await expectRefusal(tasks.write(made.owner, 'expire', [open]), 'WrongState');
    expect((await made.task(open)).state).not.toBe(OPEN);
  });

  it('keep the proof of a leader that hands out another model', async () => {
    const { tasks, chain, oracle } = made;
    const id = await made.started();
    const key = keyOf('a leader that lies');
    const leader = key.address;
    await chain.fund(leader, STAKE);
    await registerObserver(oracle.world, oracle.world.companies[0], leader, EDGE_NODE);
    const bls = blsKeyOf('a leader that lies');
    const possession = possessionOf(bls, leader, chain.chainId);
    await oracle.registry.write(leader, 'register', [publicKeyOf(bls), possession], STAKE);
    const anyone = addressFor('anyone');
    const given = `0x${'99'.repeat(32)}` as const;
    const digest = orderDigest({ chainId: chain.chainId, task: id, round: 1, model: given, tasks: TASKS });
    expect(toHex(digest)).toBe(await tasks.read('orderDigest', [id, 1, given]));
    const honest = await tasks.read('digestOf', [id, 0]);
    const signed = toHex(key.sign(digest));
    await expectRefusal(tasks.write(anyone, 'reportModel', [id, 1, honest, signed]), 'NoLie');
    await expectRefusal(tasks.write(anyone, 'reportModel', [id, 2, given, signed]), 'UnknownRound');
    const stranger = toHex(keyOf('somebody').sign(digest));
    await expectRefusal(tasks.write(anyone, 'reportModel', [id, 1, given, stranger]), 'NoLie');
    await tasks.write(anyone, 'reportModel', [id, 1, given, signed]);
    expect(await tasks.read('lied', [leader])).toBe(true);
    await expectRefusal(tasks.write(anyone, 'reportModel', [id, 1, given, signed]), 'NoLie');
  });
});
