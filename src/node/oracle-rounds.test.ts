import { describe, expect, it } from 'vitest';
import { openDoor } from '../environment/contract/index.ts';
import type { NodeId } from '../environment/index.ts';
import { createWorld } from '../environment/sim/index.ts';
import { ORACLE_ROUNDS_ASKED_PER_SECOND, ORACLE_ROUNDS_BYTES_MAX, ORACLE_ROUNDS_TOLD_MAX } from '../limits.ts';
import type { RoundRecord } from '../oracle/index.ts';
import { askOracleRounds, ORACLE_ROUNDS_PROTOCOL, roundsAbout, serveOracleRounds } from './oracle-rounds.ts';

const id = (at: number): NodeId => `0x${at.toString(16).padStart(40, '0')}` as NodeId;
const [LEADER, ASKER] = [id(1), id(2)];

function round(at: number, changes: Partial<RoundRecord> = {}): RoundRecord {
  return {
    term: 3,
    attempt: at,
    leader: LEADER,
    position: -1,
    requests: [String(at), '1000'],
    startedMs: 1_000 * at,
    observedMs: 1_000 * at + 300,
    members: [
      { node: id(7), observedAt: at, saw: ['1000'], failed: [], signed: true, objections: [], lied: false },
      {
        node: id(8),
        saw: [],
        failed: [{ id: '1000', reason: 'sourceUnreachable' }],
        signed: false,
        objections: [{ id: '1000', why: 'sawOther' }],
        lied: true,
        error: 'no answer',
      },
    ],
    quorum: 3,
    answered: [],
    unanswered: [{ id: '1000', why: 'sourceSlow' }],
    ...changes,
  };
}

/** A leader that tells these rounds, or these bytes, and somebody who asks. */
async function meet(rounds: readonly RoundRecord[], told?: Uint8Array) {
  const world = createWorld({ seed: 1 });
  const [leader, asker] = [LEADER, ASKER].map((node) => world.addNode(node)) as [
    ReturnType<typeof world.addNode>,
    ReturnType<typeof world.addNode>,
  ];
  if (told === undefined) serveOracleRounds(leader, { rounds });
  else leader.network.onRequest(ORACLE_ROUNDS_PROTOCOL, async () => told);
  await world.run(Promise.all([leader.network.start(openDoor), asker.network.start(openDoor)]));
  await world.run(asker.network.connect({ node: LEADER, addresses: leader.network.addresses() }));
  const ask = (request?: string) => world.run(askOracleRounds(asker, LEADER, request));
  return { world, asker, ask };
}

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

describe('the rounds of an oracle node', () => {
  it('reach whoever asks as they are, the latest first', async () => {
    const rounds = [round(1), round(2, { signedMs: 2_400, endedMs: 2_900, transactionHash: `0x${'ab'.repeat(32)}` })];
    const { ask } = await meet(rounds);
    expect(await ask()).toEqual([...rounds].reverse());
  });

  it('have their errors cut', async () => {
    const { ask } = await meet([round(1, { error: 'x'.repeat(5_000) })]);
    expect((await ask())[0]?.error).toBe('x'.repeat(400));
  });

  it('are those about a request where one is named', async () => {
    const { ask } = await meet([round(1), round(2), round(3)]);
    expect((await ask('2')).map(({ attempt }) => attempt)).toEqual([2]);
    expect((await ask('1000')).map(({ attempt }) => attempt)).toEqual([3, 2, 1]);
    expect(await ask('4')).toEqual([]);
    await expect(ask('x')).rejects.toMatchObject({ code: 'MESSAGE_MALFORMED' });
  });

  it('are told in bounds: so many, so large, so often', async () => {
    const many = Array.from({ length: 300 }, (_, at) => round(at));
    expect(roundsAbout(many).map(({ attempt }) => attempt)).toEqual(
      Array.from({ length: ORACLE_ROUNDS_TOLD_MAX }, (_, at) => 299 - at),
    );
    const member = round(0).members[1] as RoundRecord['members'][number];
    const objections = Array.from({ length: 250 }, (_, at) => ({
      id: '9'.repeat(70),
      why: at % 2 === 0 ? ('busy' as const) : ('over' as const),
    }));
    const large = many.map((each) => ({ ...each, members: Array.from({ length: 20 }, () => ({ ...member, objections })) }));
    expect(json(roundsAbout(large)).length).toBeGreaterThan(ORACLE_ROUNDS_BYTES_MAX);
    const { ask } = await meet(large);
    const told = await ask();
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThan(ORACLE_ROUNDS_TOLD_MAX);
    expect(told[0]?.attempt).toBe(299);
    const eager = await meet([round(1)]);
    const answers = await eager.world.run(
      Promise.allSettled(
        Array.from({ length: 3 * ORACLE_ROUNDS_ASKED_PER_SECOND }, () => askOracleRounds(eager.asker, LEADER, undefined)),
      ),
    );
    const refused = answers.filter((answer) => answer.status === 'rejected');
    expect(refused.length).toBeGreaterThan(ORACLE_ROUNDS_ASKED_PER_SECOND);
    expect(refused[0]?.reason).toMatchObject({ code: 'ORACLE_BUSY' });
  });

  it('are refused when they are none, and left out when they are another’s', async () => {
    const lies: readonly unknown[] = [
      'rounds',
      [{}],
      [{ ...round(1), term: -1 }],
      [{ ...round(1), extra: true }],
      [{ ...round(1), leader: '<script>' }],
      [{ ...round(1), members: [{ ...round(1).members[0], saw: ['1 or more'] }] }],
      [{ ...round(1), error: 'x'.repeat(500) }],
      Array.from({ length: ORACLE_ROUNDS_TOLD_MAX + 1 }, (_, at) => round(at)),
    ];
    for (const lie of lies) await expect((await meet([], json(lie))).ask()).rejects.toMatchObject({ code: 'MESSAGE_MALFORMED' });
    await expect((await meet([], new Uint8Array([0xff, 0x00]))).ask()).rejects.toMatchObject({ code: 'MESSAGE_MALFORMED' });
    expect(await (await meet([], json([round(1), round(2, { leader: id(9) })]))).ask()).toEqual([round(1)]);
  });
});
