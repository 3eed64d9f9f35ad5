import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JOB_DEFAULTS, type OracleJob } from '../job.ts';
import { decide, middle } from './decide.ts';
import type { SignedSight } from './sights.ts';

const job: OracleJob = {
  ...JOB_DEFAULTS,
  name: 'least',
  query: () => ({}),
  agreement: () => 'collect',
  observe: async () => new Uint8Array(),
  validateSight: () => true,
  outcome: (_query, values) => ({ kind: 'value', value: Uint8Array.of(Math.min(...values.map(([byte]) => byte as number))) }),
  report: (_query, value) => value,
};
const signature = new Uint8Array(65);
const value = (member: number, byte: number, observedAt = 10): SignedSight => ({
  member,
  sight: { kind: 'value', value: Uint8Array.of(byte) },
  observedAt,
  signature,
});
const failure = (member: number, reason: 'sourceUnreachable' | 'invalidData' = 'sourceUnreachable'): SignedSight => ({
  member,
  sight: { kind: 'failure', reason },
  observedAt: 10,
  signature,
});
const GROUP = { groupSize: 7, unanimous: false };

describe('what follows from sights', () => {
  it('needs values of more than two thirds', () => {
    const four = [0, 1, 2, 3].map((member) => value(member, 9 - member));
    expect(decide(job, {}, GROUP, four)).toBeUndefined();
    expect(decide(job, {}, GROUP, [...four, value(4, 2)])).toEqual({
      verdict: { kind: 'value', value: Uint8Array.of(2) },
      observedAt: 10,
    });
  });

  it('is a failure only when more failed than may lie', () => {
    expect(decide(job, {}, GROUP, [failure(0), failure(1)])).toBeUndefined();
    expect(decide(job, {}, GROUP, [failure(0), failure(1, 'invalidData'), failure(2)])?.verdict).toEqual({
      kind: 'failure',
      reason: 'sourceUnreachable',
    });
  });

  it('counts one failure when all have to sign', () => {
    expect(decide(job, {}, { groupSize: 7, unanimous: true }, [failure(3)])?.verdict).toMatchObject({ kind: 'failure' });
  });

  it('does not depend on the order of arrival', () => {
    const sights = fc.uniqueArray(fc.record({ member: fc.nat(6), byte: fc.nat(255), at: fc.nat(100) }), {
      selector: ({ member }) => member,
    });
    fc.assert(
      fc.property(sights, fc.infiniteStream(fc.nat()), (list, order) => {
        const all = list.map(({ member, byte, at }) => (byte < 60 ? failure(member) : value(member, byte, at)));
        const shuffled = all
          .map((sight) => [order.next().value as number, sight] as const)
          .sort(([left], [right]) => left - right);
        expect(
          decide(
            job,
            {},
            GROUP,
            shuffled.map(([, sight]) => sight),
          ),
        ).toEqual(decide(job, {}, GROUP, all));
      }),
    );
  });

  it('was seen at a time between two honest clocks, whatever a third of them says', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1000, max: 1060 }), { minLength: 5, maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 2 }),
        (honest, liars) => {
          const time = middle([...honest, ...liars]);
          expect(time).toBeGreaterThanOrEqual(Math.min(...honest));
          expect(time).toBeLessThanOrEqual(Math.max(...honest));
        },
      ),
    );
  });
});
