import { describe, expect, it } from 'vitest';
import { verifyCertificate } from '../certificate.ts';
import { BASE, Bench, faults, only, proposalOf, signed } from '../testing/bench.ts';
import { testDomain } from '../testing/keys.ts';

function abstaining(options: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const bench = new Bench(options);
  bench.step({ type: 'start', height: 1, sealers: bench.sealers, abstain: true });
  return bench;
}

describe('a sealer that abstains (rule 27)', () => {
  it('follows a height to its decision, and signs nothing', () => {
    const bench = abstaining();
    bench.deliver(bench.prePrepare(1, 0, 'a'));
    expect(signed(bench.validated(0, 'a'))).toEqual([]);
    expect(signed(bench.deliver(...[1, 2, 3].map((seat) => bench.prepare(seat, 0, 'a'))))).toEqual([]);
    const [commit] = only(bench.deliver(...[1, 2, 3].map((seat) => bench.commit(seat, 0, 'a'))), 'commit');
    expect(commit).toMatchObject({ height: 1, digest: proposalOf('a').digest });
    expect(commit && verifyCertificate(testDomain, commit.certificate, bench.sealers)).toBeUndefined();
  });

  it('builds nothing when it is its turn, neither first nor later', () => {
    const bench = new Bench({ seat: 1 });
    const effects = bench.step({ type: 'start', height: 1, sealers: bench.sealers, abstain: true });
    expect(only(effects, 'build')).toEqual([]);
    const later = abstaining({ seat: 2 });
    const asked = [0, 1, 3].map((seat) => later.roundChange(seat, 1));
    expect(only(later.deliver(...asked), 'build')).toEqual([]);
  });

  it('goes with the others into a higher round, and into none by itself', () => {
    const bench = abstaining();
    for (let timeouts = 0; timeouts < 5; timeouts++) {
      const effects = bench.timeout(0);
      expect(signed(effects)).toEqual([]);
      expect(only(effects, 'timer')).toHaveLength(1);
    }
    bench.deliver(bench.prePrepare(1, 0, 'a'));
    expect(faults(bench.validated(0, 'a', false)), 'it still says what it sees').toHaveLength(1);
    expect(bench.core.status().round).toBe(0);
    expect(signed(bench.deliver(bench.roundChange(1, 1), bench.roundChange(2, 1), bench.roundChange(3, 1)))).toEqual([]);
    expect(bench.core.status().round).toBe(1);
  });

  it('resumes nothing, and votes again at a height that it starts as usual', () => {
    const bench = new Bench();
    const restored = { own: [bench.prepare(0, 0, 'a')] };
    const effects = bench.step({ type: 'start', height: 1, sealers: bench.sealers, abstain: true, restored });
    expect(only(effects, 'resend')).toEqual([]);
    bench.start(2);
    bench.deliver(bench.sign(2, { type: 'pre-prepare', height: 2, round: 0, ...proposalOf('a'), justification: [] }));
    const vote = bench.step({ type: 'validated', height: 2, round: 0, digest: proposalOf('a').digest, valid: true });
    expect(signed(vote).map(({ type }) => type)).toEqual(['prepare']);
  });
});

describe('what is given with a height', () => {
  it('passes over the turns of those who failed, in every round', () => {
    const bench = new Bench({ sealers: 7, seat: 0 });
    const skipped = [bench.address(1), bench.address(3)];
    bench.step({ type: 'start', height: 1, sealers: bench.sealers, skipped });
    expect(bench.core.status().proposer).toBe(bench.address(2));
    expect(faults(bench.deliver(bench.prePrepare(1, 0, 'a')))).toEqual(['proposal for round 0 out of turn']);
    expect(only(bench.deliver(bench.prePrepare(2, 0, 'a')), 'validate')).toHaveLength(1);
    const order = [1, 2, 3, 4, 5].map((round) => {
      bench.deliver(...[1, 2, 3, 4, 5, 6].map((seat) => bench.roundChange(seat, round)));
      return bench.sealers.indexOf(bench.core.status().proposer ?? '0x');
    });
    expect(order).toEqual([4, 5, 6, 0, 2]);
  });

  it('never passes over more than f', () => {
    const bench = new Bench();
    const skipped = [bench.address(1), bench.address(3)];
    expect(() => bench.step({ type: 'start', height: 1, sealers: bench.sealers, skipped })).toThrow(/no more than f/);
  });

  it('asks at once for the first round in which something may be signed (rule 27)', () => {
    const bench = new Bench({ seat: 1 });
    const effects = bench.step({ type: 'start', height: 1, sealers: bench.sealers, fromRound: 3 });
    expect(signed(effects)).toEqual([{ type: 'round-change', height: 1, round: 3 }]);
    expect(only(effects, 'build'), 'round 0 would be its turn').toEqual([]);
    bench.settle(effects);
    expect(
      signed(
        bench.deliver(
          bench.prePrepare(
            2,
            1,
            'a',
            [0, 2, 3].map((seat) => bench.roundChange(seat, 1)),
          ),
        ),
      ),
    ).toEqual([]);
    expect(bench.core.status().round).toBe(3);
  });

  it('times the rounds by the base, and stretches it when the longest rounds run out (rule 14)', () => {
    const bench = new Bench();
    const base = BASE / 2;
    const start = bench.step({ type: 'start', height: 1, sealers: bench.sealers, baseTimeoutMicros: base });
    expect(only(start, 'timer')[0]?.delayMicros, 'never less than the configured idle time').toBe(5 * BASE);
    const delays: number[] = [];
    for (let round = 0; round < 12; round++) {
      bench.settle(bench.timeout(round));
      const open = bench.deliver(bench.roundChange(1, round + 1), bench.roundChange(2, round + 1));
      delays.push((only(open, 'timer').at(-1)?.delayMicros ?? 0) / base);
    }
    expect(delays.slice(0, 8)).toEqual([1.5, 2.25, 3.375, 5.0625, 7.59375, 8, 8, 16]);
    expect(delays.slice(8)).toEqual([16, 32, 32, 64]);
  });
});
