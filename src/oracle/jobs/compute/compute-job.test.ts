import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobId } from '../../../contracts/index.ts';
import { concatBytes, fromHex, type Hex, lendBlsCurve, toHex } from '../../../crypto/index.ts';
import { nativeBlsCurve } from '../../../environment/host/index.ts';
import type { OracleJob } from '../../job.ts';
import { createTestGroup } from '../../testing/group.ts';
import { computeJob } from './compute-job.ts';
import { decodeRoundAnswer, encodeRoundAnswer, partsPerMillion, type RoundAnswer } from './round-answer.ts';

beforeAll(() => lendBlsCurve(nativeBlsCurve));
afterAll(() => lendBlsCurve(() => undefined));

const TASKS = '0x00000000000000000000000000000000000000aa';
const MASTER = -1;
const hash = (byte: string): Hex => `0x${byte.repeat(32)}`;
const answer: RoundAnswer = {
  ...{ round: 3, digest: hash('11'), record: hash('22'), sizeBytes: 400, accuracyPpm: 912_345, lossPpm: 123n },
  accepted: [{ place: 0, samples: 70_000 }],
  rejected: [
    { place: 1, why: 'outvoted' },
    { place: 63, why: 'absent' },
  ],
};

function word(value: bigint): Uint8Array {
  return fromHex(`0x${value.toString(16).padStart(64, '0')}`);
}

/** A group in which each member finds what `find` says of what the master gathered. */
function groupOf(find: (member: number, gathered: Hex) => RoundAnswer, requester = TASKS) {
  const made = createTestGroup(
    4,
    (member) =>
      computeJob({
        tasks: TASKS,
        worker: { lead: async () => hash('77'), check: async (_query, gathered) => find(member, gathered) },
      }) as OracleJob,
  );
  const now = Math.floor(made.world.now / 1e6);
  made.pending.set(1n, {
    ...{ id: 1n, requester: requester as Hex, job: jobId('compute'), requestedAt: now, requestedIn: 90, expiresAt: now + 120 },
    ...{ callbackGas: 0, groupSize: 4, unanimous: false, resultBytesMax: 1_000 },
    spec: concatBytes([word(5n), word(3n), fromHex(hash('33')), word(120n)]),
  });
  return made;
}

describe('the computing oracle', () => {
  it('signs what the group finds from what the leader gathered', async () => {
    const seen = new Set<Hex>();
    const made = groupOf((_member, gathered) => {
      seen.add(gathered);
      return answer;
    });
    const { attested } = await made.run();
    expect(attested?.outcomes[0]).toMatchObject({ reason: 'none', result: encodeRoundAnswer(answer) });
    expect([...seen]).toEqual([hash('77')]);
  });

  it('signs nothing when the leader made another model of it', async () => {
    const made = groupOf((member) => (member === MASTER ? { ...answer, digest: hash('99') } : answer));
    const { attested, unanswered } = await made.run();
    expect(attested).toBeUndefined();
    expect(unanswered.has(1n)).toBe(true);
  });

  it('works for nobody but the contract of tasks', async () => {
    const made = groupOf(() => answer, '0x00000000000000000000000000000000000000bb');
    const { attested } = await made.run();
    expect(attested?.outcomes[0]).toMatchObject({ reason: 'notAllowed', result: new Uint8Array() });
  });

  it('reads back what it writes, and nothing else', () => {
    const bytes = encodeRoundAnswer(answer);
    expect(decodeRoundAnswer(bytes)).toEqual(answer);
    for (let length = 0; length < bytes.length; length++) expect(decodeRoundAnswer(bytes.subarray(0, length))).toBeUndefined();
    const unknown = bytes.slice();
    unknown[bytes.length - 1] = 9;
    expect(decodeRoundAnswer(unknown)).toBeUndefined();
    expect(toHex(bytes).length).toBe(2 + 2 * (88 + 6 + 2 * 3));
    expect([partsPerMillion(0.5, 10 ** 6), partsPerMillion(Number.NaN, 7), partsPerMillion(1e30, 7)]).toEqual([500_000, 7, 7]);
  });
});
