import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultsOf, quorumOf } from '../consensus/index.ts';
import type { Address } from '../crypto/index.ts';
import { type Answer, judgeStanding, type ShownPlace, type StandingFacts } from './standing-verdict.ts';

const sealersOf = (count: number): readonly Address[] =>
  Array.from({ length: count }, (_, at) => `0x${String(at).padStart(40, '0')}` as Address);

/** The facts of sealer 0 of `count`, with these answers of the sealers from 1 on; undefined is no answer. */
function facts(
  count: number,
  answers: readonly (Partial<Answer> | undefined)[],
  more: Partial<Pick<StandingFacts, 'memory' | 'head' | 'headAtStart' | 'shown'>> = {},
): StandingFacts {
  const sealers = sealersOf(count);
  const entries = answers.flatMap((answer, at): [Address, Answer][] =>
    answer === undefined ? [] : [[sealers[at + 1] as Address, { head: 0, neverSigned: false, ...answer }]],
  );
  return {
    self: sealers[0] as Address,
    sealers,
    quorum: quorumOf(count),
    faults: faultsOf(count),
    head: 0,
    headAtStart: 0,
    memory: 'whole',
    shown: shownAt(0),
    answers: new Map(entries),
    ...more,
  };
}

const shownAt = (height: number, round = 0, commitHeight = height): ShownPlace => ({ height, round, commitHeight });
const at = (head: number): Partial<Answer> => ({ head });
const newborn: Partial<Answer> = { neverSigned: true };

describe('where a sealer stands after a start', () => {
  it('is not known before a quorum has answered, itself counted (rule 25)', () => {
    expect(judgeStanding(facts(4, [at(9)], { head: 9 }))).toEqual({ type: 'ask' });
    expect(judgeStanding(facts(4, [at(9), at(9)], { head: 9 }))).toEqual({ type: 'vote' });
    expect(judgeStanding(facts(7, [at(9), at(9), at(9)], { head: 9 }))).toEqual({ type: 'ask' });
    expect(judgeStanding(facts(1, [], { head: 9 }))).toEqual({ type: 'vote' });
  });

  it('with a whole memory does not depend on being level: it votes and fetches what it lacks', () => {
    expect(judgeStanding(facts(4, [at(50), at(60)], { head: 9 }))).toEqual({ type: 'vote' });
  });

  it.each(['fresh', 'lost'] as const)(
    'with a %s memory it waits for the blocks, then abstains for two heights more (rule 27)',
    (memory) => {
      expect(judgeStanding(facts(4, [at(50), at(60)], { head: 50, memory }))).toEqual({ type: 'catch-up' });
      expect(judgeStanding(facts(4, [at(50), at(60)], { head: 60, memory }))).toMatchObject({ type: 'abstain', below: 63 });
      expect(judgeStanding(facts(4, [at(50), at(60)], { head: 60, memory, shown: shownAt(70) }))).toMatchObject({ below: 71 });
    },
  );

  it('is not decided by a liar who names a height that there is not', () => {
    const lie = at(2 ** 40);
    expect(judgeStanding(facts(4, [lie, at(60), at(60)], { head: 60, memory: 'lost' }))).toMatchObject({ below: 63 });
    expect(judgeStanding(facts(7, [lie, at(60), at(60), at(60)], { head: 60, memory: 'lost' }))).toEqual({ type: 'catch-up' });
  });

  it('on a new chain is that of a new sealer when a quorum never signed, or when nobody at all saw a message (rule 28)', () => {
    const fresh = { memory: 'fresh' } as const;
    expect(judgeStanding(facts(4, [newborn, newborn], fresh))).toEqual({ type: 'vote' });
    expect(judgeStanding(facts(4, [newborn, at(0)], fresh))).toEqual({ type: 'ask' });
    expect(judgeStanding(facts(4, [newborn, at(0), at(0)], fresh))).toEqual({ type: 'vote' });
    expect(judgeStanding(facts(4, [newborn, newborn], { memory: 'lost' }))).toMatchObject({ type: 'abstain', below: 3 });
    expect(judgeStanding(facts(1, [], fresh))).toEqual({ type: 'vote' });
  });

  it('among three or fewer, who tolerate no liar, is what all of them saw together', () => {
    expect(judgeStanding(facts(3, [at(60), at(58)], { head: 60, memory: 'lost' }))).toMatchObject({ below: 61 });
    expect(judgeStanding(facts(3, [at(60), at(58)], { head: 60, memory: 'lost', shown: shownAt(61) }))).toMatchObject({
      below: 63,
    });
    expect(judgeStanding(facts(1, [], { head: 60, memory: 'lost' }))).toMatchObject({ below: 61 });
  });

  it('with records damaged on its own disk is known when everybody answers, if nobody has a commit vote of it (rule 27)', () => {
    const damaged = { head: 60, memory: 'damaged' } as const;
    const all = [at(60), at(59), at(60)];
    expect(judgeStanding(facts(4, all, damaged))).toEqual({ type: 'abstain', below: 61, fromRound: 0 });
    expect(judgeStanding(facts(4, all, { ...damaged, shown: shownAt(60) }))).toMatchObject({ below: 61, fromRound: 0 });
    expect(judgeStanding(facts(4, all, { ...damaged, shown: shownAt(61, 2, 60) }))).toMatchObject({ below: 61, fromRound: 3 });
    expect(judgeStanding(facts(4, all, { ...damaged, shown: shownAt(61, 2) }))).toMatchObject({ below: 63, fromRound: 0 });
    const some = facts(4, all.slice(1), damaged);
    expect(judgeStanding(some), 'not everybody, and no block since').toEqual({ type: 'ask' });
    expect(judgeStanding({ ...some, head: 61 }), 'the others go on without it').toMatchObject({ below: 64 });
    expect(judgeStanding({ ...some, head: 61, headAtStart: 61 }), 'it had that block itself').toEqual({ type: 'ask' });
    expect(judgeStanding(facts(4, all, { ...damaged, memory: 'lost' })), 'another disk').toMatchObject({ below: 63 });
  });

  it('of who is no sealer now is asked of a quorum of those who are', () => {
    const stranger = { ...facts(4, [at(9), at(9), at(9)], { head: 9, memory: 'fresh' }), self: `0x${'f'.repeat(40)}` as Address };
    expect(judgeStanding(stranger)).toMatchObject({ type: 'abstain', below: 12 });
    const answers = new Map([...stranger.answers].slice(1));
    expect(judgeStanding({ ...stranger, answers })).toEqual({ type: 'ask' });
  });
});

/**
 * The argument of rule 27, drawn at random: a sealer signed at height h, so a quorum voted for h-1, and all honest ones of
 * it had h-2. It forgot everything; it and the liars are f at most. Whoever answers: it never votes at h or below.
 */
describe('a sealer that forgot that it signed at a height', () => {
  it('votes at no height up to it, whoever of the others lies, lags or is silent', () => {
    const run = fc.record({
      count: fc.integer({ min: 4, max: 16 }),
      signed: fc.integer({ min: 2, max: 40 }),
      order: fc.array(fc.nat(1_000), { minLength: 32, maxLength: 32 }),
      lags: fc.array(fc.nat(12), { minLength: 16, maxLength: 16 }),
      lies: fc.array(fc.nat(60), { minLength: 16, maxLength: 16 }),
      answering: fc.nat(16),
      memory: fc.constantFrom('fresh' as const, 'lost' as const),
    });
    fc.assert(
      fc.property(run, ({ count, signed, order, lags, lies, answering, memory }) => {
        const faults = faultsOf(count);
        const quorum = quorumOf(count);
        const others = sealersOf(count).slice(1);
        const shuffled = (from: number): readonly Address[] =>
          others.toSorted(
            (left, right) => (order[from + others.indexOf(left)] ?? 0) - (order[from + others.indexOf(right)] ?? 0),
          );
        const liars = shuffled(0).slice(0, faults - 1);
        const honest = shuffled(0).slice(faults - 1);
        // The quorum that decided signed-1: liars and this sealer first, so that as few honest ones as can be are in it.
        const voters = [...liars, ...honest].slice(0, quorum - 1);
        const headOf = (sealer: Address): number => {
          const index = others.indexOf(sealer);
          if (liars.includes(sealer)) return lies[index] ?? 0;
          const least = voters.includes(sealer) ? signed - 2 : 0;
          return Math.max(least, signed - 1 - (lags[index] ?? 0));
        };
        const answered = shuffled(16).slice(0, answering);
        const answers = new Map(answered.map((sealer) => [sealer, { head: headOf(sealer), neverSigned: false }] as const));
        // It catches up with the honest ones; what liars name above that it never reaches.
        for (let head = 0; head <= signed - 1; head++) {
          const verdict = judgeStanding({
            self: sealersOf(count)[0] as Address,
            sealers: sealersOf(count),
            quorum,
            faults,
            head,
            headAtStart: 0,
            memory,
            shown: shownAt(0),
            answers,
          });
          if (verdict.type === 'vote') {
            // The one exception (rule 28): a chain without a block, and every other sealer says that it saw nothing of this one.
            expect([memory, head, answers.size]).toEqual(['fresh', 0, count - 1]);
            return;
          }
          if (verdict.type === 'abstain') expect(verdict.below).toBeGreaterThan(signed);
        }
      }),
      { numRuns: 2_000, seed: 4 },
    );
  });
});
