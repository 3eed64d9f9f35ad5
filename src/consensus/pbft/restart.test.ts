import { describe, expect, it } from 'vitest';
import type { SignedMessage } from '../messages.ts';
import { BASE, Bench, only, proposalOf, signed } from '../testing/bench.ts';

describe('resuming after a restart (rules 20 to 22)', () => {
  it('sends its votes again, counts them, and has its proposal executed anew', () => {
    const bench = new Bench({ seat: 1 });
    const own = [bench.prePrepare(1, 0, 'a'), bench.prepare(1, 0, 'a')];
    const effects = bench.start(1, { own });
    expect(only(effects, 'round')[0]).toMatchObject({ round: 0, reason: 'resumed after a restart' });
    expect(only(effects, 'timer')).toEqual([{ type: 'timer', height: 1, round: 0, delayMicros: BASE }]);
    expect(only(effects, 'resend').map(({ message }) => message)).toEqual(own);
    expect(only(effects, 'build')).toEqual([]);
    expect(only(effects, 'validate')).toMatchObject([{ round: 0, ...proposalOf('a'), proposer: bench.address(1) }]);
    bench.validated(0, 'a');
    const next = bench.deliver(bench.prepare(0, 0, 'a'), bench.prepare(2, 0, 'a'));
    expect(
      signed(next).map(({ type }) => type),
      'its recorded prepare counts',
    ).toEqual(['commit']);
  });

  it('never signs another vote for a place in which it voted', () => {
    const bench = new Bench();
    bench.start(1, { own: [bench.prepare(0, 0, 'a')] });
    bench.deliver(bench.prePrepare(1, 0, 'b'));
    expect(signed(bench.validated(0, 'b'))).toEqual([]);
    // The others may well decide without its vote.
    const effects = bench.deliver(...[1, 2, 3].map((seat) => bench.commit(seat, 0, 'b')));
    expect(only(effects, 'commit')).toHaveLength(1);
  });

  it('enters the highest round in which it signed, and asks for nothing twice', () => {
    const bench = new Bench();
    const own: SignedMessage[] = [bench.prepare(0, 0, 'a'), bench.roundChange(0, 1), bench.roundChange(0, 3)];
    const effects = bench.start(1, { own });
    expect(bench.core.status()).toMatchObject({ round: 3, viewChanges: 1 });
    expect(only(effects, 'resend').map(({ message }) => message)).toEqual([bench.roundChange(0, 3)]);
    expect(signed(effects)).toEqual([]);
    expect(only(bench.timeout(3), 'resend'), 'not open: no quorum was seen').toHaveLength(1);
    expect(bench.core.status().round).toBe(3);
  });

  it('keeps its lock: the recorded proof goes into its next round change', () => {
    const bench = new Bench();
    const prepared = bench.proof([0, 1, 2], 0, 'a');
    const own = [bench.prepare(0, 0, 'a'), bench.commit(0, 0, 'a')];
    const effects = bench.start(1, { own, prepared });
    expect(only(effects, 'validate')).toMatchObject([{ round: 0, reproposed: true, ...proposalOf('a') }]);
    expect(signed(bench.timeout(0))).toEqual([{ type: 'round-change', height: 1, round: 1, prepared }]);
  });

  it('decides with its recorded commit vote', () => {
    const bench = new Bench();
    const prepared = bench.proof([0, 1, 2], 0, 'a');
    bench.start(1, { own: [bench.prepare(0, 0, 'a'), bench.commit(0, 0, 'a')], prepared });
    expect(bench.deliver(bench.commit(1, 0, 'a'), bench.commit(2, 0, 'a'))).toEqual([]);
    expect(only(bench.validated(0, 'a'), 'commit')).toHaveLength(1);
  });

  it('resumes alone as the only sealer', () => {
    const bench = new Bench({ sealers: 1 });
    const effects = bench.start(1, { own: [bench.roundChange(0, 1)] });
    expect(only(effects, 'build')).toEqual([{ type: 'build', height: 1, round: 1 }]);
  });

  it('stops when a commit vote is recorded without its proof, or the votes are not its own', () => {
    const bench = new Bench();
    expect(() => bench.start(1, { own: [bench.commit(0, 0, 'a')] })).toThrow(/proof behind the last commit vote/);
    const other = new Bench();
    expect(() => other.start(1, { own: [other.prepare(1, 0, 'a')] })).toThrow(/own votes of this height/);
  });

  it('starts afresh when nothing was signed', () => {
    const bench = new Bench({ seat: 1 });
    expect(only(bench.start(1, { own: [] }), 'build')).toHaveLength(1);
  });

  it('stops when the driver reports a vote that was not asked for', () => {
    const bench = new Bench();
    bench.start();
    bench.deliver(bench.prePrepare(1, 0, 'a'));
    bench.validated(0, 'a');
    expect(() => bench.step({ type: 'sent', message: bench.prepare(0, 0, 'b') })).toThrow(
      /what was signed is what was asked for/,
    );
    expect(() => bench.step({ type: 'sent', message: bench.prepare(1, 0, 'a') })).toThrow(/names own messages/);
  });
});
