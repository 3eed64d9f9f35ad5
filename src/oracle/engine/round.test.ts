import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobId } from '../../contracts/index.ts';
import { lendBlsCurve, verifyAggregate } from '../../crypto/index.ts';
import { nativeBlsCurve } from '../../environment/host/index.ts';
import { JOB_DEFAULTS, type OracleJob, type OracleRequest, RequestRefused } from '../job.ts';
import { createTestGroup, TERM, type TestGroup } from '../testing/group.ts';
import { attestedDigest } from './proposal.ts';
import type { GroupPort, RoundResult } from './round.ts';
import type { SignCall } from './wire.ts';

beforeAll(() => lendBlsCurve(nativeBlsCurve));
afterAll(() => lendBlsCurve(() => undefined));

/** Sees one byte; the largest byte of the lower half decides, or equality where it proposes. */
function byteJob(see: () => number, agreement: 'collect' | 'propose'): OracleJob {
  return {
    ...JOB_DEFAULTS,
    name: 'byte',
    query: () => ({}),
    agreement: () => agreement,
    observe: async () => Uint8Array.of(see()),
    validateSight: (_query, value) => value.length === 1,
    outcome: (_query, values) => {
      const sorted = values.map(([byte]) => byte as number).sort((left, right) => left - right);
      if (agreement === 'collect') return { kind: 'value', value: Uint8Array.of(sorted[(sorted.length - 1) >> 1] as number) };
      const most = sorted.find((byte) => sorted.filter((other) => other === byte).length > sorted.length / 2);
      return most === undefined ? { kind: 'failure', reason: 'noAgreement' } : { kind: 'value', value: Uint8Array.of(most) };
    },
    report: (_query, value) => value,
  };
}

function request(id: bigint, groupSize: number, about: Partial<OracleRequest> = {}): OracleRequest {
  return {
    id,
    requester: '0x00000000000000000000000000000000000000aa',
    job: jobId('byte'),
    spec: new Uint8Array(),
    requestedAt: 0,
    requestedIn: 90,
    expiresAt: 1e10,
    callbackGas: 0,
    groupSize,
    unanimous: false,
    resultBytesMax: 100,
    ...about,
  };
}

function groupOf(size: number, agreement: 'collect' | 'propose', see: (member: number) => number = () => 5): TestGroup {
  const made = createTestGroup(size, (member) => byteJob(() => see(member), agreement));
  const now = Math.floor(made.world.now / 1e6);
  made.pending.set(1n, request(1n, size, { requestedAt: now, expiresAt: now + 1_000 }));
  return made;
}

/** Checks the sum against the keys of those who are said to have signed. */
function expectValid(made: TestGroup, { attested }: RoundResult, atLeast: number): void {
  expect(attested).toBeDefined();
  if (attested === undefined) return;
  const signers = made.group.members.filter((_, at) => (attested.signers >> BigInt(at)) & 1n);
  expect(signers.length).toBeGreaterThanOrEqual(atLeast);
  const digest = attestedDigest(made.view.place, TERM, attested.outcomes);
  expect(
    verifyAggregate(
      signers.map(({ publicKey }) => publicKey),
      digest,
      attested.signature,
    ),
  ).toBe(true);
}

/** Does something else than the honest members do, at some of them. */
function bending(made: TestGroup, members: readonly number[], bend: Partial<GroupPort>): (honest: GroupPort) => GroupPort {
  const bent = new Set(members.map((at) => made.group.members[at]?.node));
  return (honest) => ({
    observe: (node, call, timeout) =>
      bent.has(node) && bend.observe ? bend.observe(node, call, timeout) : honest.observe(node, call, timeout),
    sign: (node, call, timeout) =>
      bent.has(node) && bend.sign ? bend.sign(node, call, timeout) : honest.sign(node, call, timeout),
  });
}

describe.each(['collect', 'propose'] as const)('a round that agrees by %s', (agreement) => {
  it.each([4, 7, 9])('is signed by more than two thirds of a group of %i', async (size) => {
    const made = groupOf(size, agreement);
    const result = await made.run();
    expectValid(made, result, Math.floor((2 * size) / 3) + 1);
    expect(result.attested?.outcomes).toEqual([expect.objectContaining({ id: 1n, reason: 'none', result: Uint8Array.of(5) })]);
  });

  it('leaves wrong signatures out and names their makers', async () => {
    const made = groupOf(7, agreement);
    const wrong = made.members[1]?.bls.sign(new Uint8Array(32).fill(1)) as Uint8Array;
    const port = bending(made, [1], { sign: async () => ({ signed: true, signature: wrong }) });
    const result = await made.run({ port });
    expectValid(made, result, 5);
    expect((result.attested?.signers ?? 0n) & 2n).toBe(0n);
    expect(made.lastLog().record.members[1]).toMatchObject({ lied: true, signed: false });
  });

  it('takes bytes that are no signature for a lie', async () => {
    const made = groupOf(4, agreement);
    const port = bending(made, [0], { sign: async () => ({ signed: true, signature: new Uint8Array(96).fill(9) }) });
    expectValid(made, await made.run({ port }), 3);
  });

  it('is not stopped by a liar that objects to everything', async () => {
    const made = groupOf(4, agreement);
    const port = bending(made, [2], {
      sign: async (_node, call) => ({
        signed: false,
        objections: call.items.map(({ outcome }) => ({ id: outcome.id, why: 'sawOther' })),
      }),
    });
    expectValid(made, await made.run({ port }), 3);
  });

  it('comes to nothing when too many are silent, and says so', async () => {
    const made = groupOf(4, agreement);
    const port = bending(made, [0, 1], { observe: () => new Promise(() => {}), sign: () => new Promise(() => {}) });
    const result = await made.run({ port });
    expect(result.attested).toBeUndefined();
    expect([...result.unanswered]).toEqual([[1n, 'noQuorum']]);
  });

  it('leaves out a request that members do not know, and answers the rest', async () => {
    const made = groupOf(4, agreement);
    const known = made.pending.get(1n) as OracleRequest;
    const unknown = { ...known, id: 2n, expiresAt: Math.floor(made.world.now / 1e6) };
    made.pending.set(2n, unknown);
    const result = await made.run();
    expect(result.attested?.outcomes.map(({ id }) => id)).toEqual([1n]);
    expect(result.unanswered.has(2n)).toBe(true);
  });

  it('answers the refusal that a bad specification is', async () => {
    const made = createTestGroup(4, () => ({
      ...byteJob(() => 5, agreement),
      query: () => {
        throw new RequestRefused('invalidSpec', 'test');
      },
    }));
    const now = Math.floor(made.world.now / 1e6);
    made.pending.set(1n, request(1n, 4, { requestedAt: now, expiresAt: now + 100 }));
    const result = await made.run();
    expectValid(made, result, 3);
    expect(result.attested?.outcomes[0]).toMatchObject({ reason: 'invalidSpec', result: new Uint8Array() });
  });
});

describe('a job whose leader does something alone', () => {
  it('is signed by members that find the same with what the leader hands them', async () => {
    const hints: string[] = [];
    const made = createTestGroup(4, (member) => ({
      ...byteJob(() => 5, 'propose'),
      lead: async () => new Uint8Array(32).fill(7),
      observe: async (_query, _request, _deadline, hint) => {
        hints.push(`${member}:${hint?.[0]}`);
        return Uint8Array.of((hint?.[0] ?? 0) + 1);
      },
    }));
    const now = Math.floor(made.world.now / 1e6);
    made.pending.set(1n, request(1n, 4, { requestedAt: now, expiresAt: now + 100 }));
    const result = await made.run();
    expectValid(made, result, 3);
    expect(result.attested?.outcomes[0]?.result).toEqual(Uint8Array.of(8));
    expect(hints).toContain('-1:7');
    expect(hints).toContain('0:7');
  });
});

describe('a work node', () => {
  it('signs only what follows from the sights that it is shown', async () => {
    const made = groupOf(4, 'collect');
    let refusals = 0;
    const port = (honest: GroupPort): GroupPort => ({
      ...honest,
      async sign(node, call, timeout) {
        const forged: SignCall = {
          ...call,
          items: call.items.map((item) => ({ ...item, outcome: { ...item.outcome, result: Uint8Array.of(6) } })),
        };
        const answer = await honest.sign(node, forged, timeout);
        if (!answer.signed) refusals++;
        return answer;
      },
    });
    expect((await made.run({ port })).attested).toBeUndefined();
    expect(refusals).toBeGreaterThanOrEqual(4);
  });

  it('does not take one member’s sight for another’s, nor one twice', async () => {
    const made = groupOf(4, 'collect');
    const answers: unknown[] = [];
    const bent =
      (bend: (call: SignCall) => SignCall) =>
      (honest: GroupPort): GroupPort => ({
        ...honest,
        async sign(node, call, timeout) {
          const answer = await honest.sign(node, bend(call), timeout);
          answers.push(answer);
          return answer;
        },
      });
    const swapped = bent((call) => ({
      ...call,
      items: call.items.map((item) => ({
        ...item,
        sights: item.sights.map((sight) => ({ ...sight, member: (sight.member + 1) % 4 })),
      })),
    }));
    const twice = bent((call) => ({
      ...call,
      items: call.items.map((item) => ({
        ...item,
        sights: item.sights.map(() => item.sights[0] as (typeof item.sights)[number]),
      })),
    }));
    // The master signs what it proposes, so the forgery has to be its own: an attempt for each.
    await made.run({ port: swapped });
    await made.run({ port: twice });
    expect(answers.length).toBeGreaterThanOrEqual(8);
    for (const answer of answers) expect(answer).toMatchObject({ signed: false, objections: [{ why: 'badSights' }] });
  });

  it('keeps the proof when a master signs two outcomes under one number', async () => {
    let see = 5;
    const made = groupOf(4, 'propose', () => see);
    expectValid(made, await made.run({ attempt: 1 }), 3);
    see = 6;
    await made.world.runFor(3_000_000);
    const result = await made.run({ attempt: 1 });
    expect(result.attested).toBeUndefined();
    expect(made.members.filter(({ equivocations }) => equivocations.length > 0).length).toBeGreaterThanOrEqual(3);
  });

  it('lets work nodes lead without a master’s signature', async () => {
    const made = groupOf(4, 'collect');
    const leader = made.members[2];
    expect(leader).toBeDefined();
    if (leader !== undefined) expectValid(made, await made.run({ leader }), 3);
  });

  it('does nothing for whoever is not in the group', async () => {
    const made = groupOf(4, 'collect');
    const [member] = made.members;
    const stranger = '0x00000000000000000000000000000000000000ff';
    const seen = await made.world.run(member?.worker.observe(stranger, { height: 1, term: TERM, ids: [1n] }) as Promise<unknown>);
    expect(seen).toEqual({ sights: [] });
  });

  it('agrees on what most saw although the leader saw something else', async () => {
    const made = groupOf(4, 'propose', (member) => (member === -1 ? 9 : 5));
    const result = await made.run();
    expectValid(made, result, 3);
    expect(result.attested?.outcomes[0]?.result).toEqual(Uint8Array.of(5));
  });

  it('is not moved beyond what honest members saw by as many liars as there may be', async () => {
    const made = groupOf(7, 'collect', (member) => (member < 2 ? 255 : 40 + member));
    const result = await made.run();
    expectValid(made, result, 5);
    const [byte] = result.attested?.outcomes[0]?.result ?? [];
    expect(byte).toBeGreaterThanOrEqual(42);
    expect(byte).toBeLessThanOrEqual(46);
  });
});
