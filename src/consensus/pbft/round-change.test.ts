import { describe, expect, it } from 'vitest';
import { BASE, Bench, faults, only, proposalOf, signed } from '../testing/bench.ts';

function started(seat = 0): Bench {
  const bench = new Bench({ seat });
  bench.start();
  return bench;
}

describe('changing rounds (rules 13 to 16)', () => {
  it('asks for the next round on timeout, with one and a half times the time', () => {
    const bench = started();
    expect(bench.timeout(0)).toEqual([
      { type: 'round', height: 1, round: 1, proposer: bench.address(2), reason: 'timeout' },
      { type: 'timer', height: 1, round: 1, delayMicros: 1.5 * BASE },
      { type: 'sign', message: { type: 'round-change', height: 1, round: 1 } },
    ]);
    expect(bench.core.status()).toMatchObject({ round: 1, viewChanges: 1, proposer: bench.address(2) });
  });

  it('ignores the timer of another round or height', () => {
    const bench = started();
    expect(bench.timeout(1)).toEqual([]);
    expect(bench.step({ type: 'timeout', height: 2, round: 0 })).toEqual([]);
  });

  it('repeats itself, and goes no further, while no quorum is in its round', () => {
    const bench = started();
    bench.settle(bench.timeout(0));
    for (let repeat = 0; repeat < 3; repeat++) {
      expect(bench.timeout(1)).toEqual([
        { type: 'resend', message: bench.roundChange(0, 1) },
        { type: 'timer', height: 1, round: 1, delayMicros: 1.5 * BASE },
      ]);
    }
  });

  it('gives the round its full time from the moment that a quorum is in it, then goes on', () => {
    const bench = started();
    bench.settle(bench.timeout(0));
    expect(bench.deliver(bench.roundChange(1, 1))).toEqual([]);
    expect(bench.deliver(bench.roundChange(2, 1))).toEqual([{ type: 'timer', height: 1, round: 1, delayMicros: 1.5 * BASE }]);
    expect(bench.deliver(bench.roundChange(3, 1)), 'once').toEqual([]);
    expect(signed(bench.timeout(1))).toEqual([{ type: 'round-change', height: 1, round: 2 }]);
  });

  it('does not count its own round change before it is sent (rule 20)', () => {
    const bench = started();
    const effects = bench.timeout(0);
    bench.deliver(bench.roundChange(1, 1));
    expect(only(bench.deliver(bench.roundChange(1, 1)), 'timer')).toEqual([]);
    const opened = bench.settle(effects.filter((effect) => effect.type === 'sign'));
    expect(only(opened, 'timer'), 'two of four are no quorum').toEqual([]);
    expect(only(bench.deliver(bench.roundChange(3, 1)), 'timer')).toHaveLength(1);
  });

  it('jumps with f+1 distinct sealers to the highest round they reach, never with one', () => {
    const bench = started();
    expect(bench.deliver(bench.roundChange(1, 9), bench.roundChange(1, 2 ** 47), bench.roundChange(1, 2 ** 48 - 1))).toEqual([]);
    const effects = bench.deliver(bench.roundChange(2, 3));
    expect(only(effects, 'round')).toEqual([
      { type: 'round', height: 1, round: 3, proposer: bench.address(0), reason: 'others are in a higher round' },
    ]);
    expect(signed(effects)).toEqual([{ type: 'round-change', height: 1, round: 3 }]);
  });

  it('caps the time at eight times the base, however high the round', () => {
    const bench = started();
    const effects = bench.deliver(bench.roundChange(1, 2 ** 47), bench.roundChange(2, 2 ** 47));
    expect(only(effects, 'timer')[0]?.delayMicros).toBe(8 * BASE);
    expect(bench.core.status().round).toBe(2 ** 47);
  });

  it('votes in no lower round after it asked for a higher one', () => {
    const bench = started();
    bench.deliver(bench.prePrepare(1, 0, 'a'));
    bench.settle(bench.timeout(0));
    expect(signed(bench.validated(0, 'a'))).toEqual([]);
    expect(signed(bench.deliver(...[1, 2, 3].map((seat) => bench.prepare(seat, 0, 'a'))))).toEqual([]);
    expect(bench.deliver(bench.prePrepare(1, 0, 'b')).filter((effect) => effect.type === 'validate')).toEqual([]);
  });

  it('takes no proposal of a round that it has left', () => {
    const bench = started();
    bench.settle(bench.timeout(0));
    expect(bench.deliver(bench.prePrepare(1, 0, 'a'))).toEqual([]);
  });

  it('carries the proof of the highest round in which it prepared something (rule 9)', () => {
    const bench = started();
    bench.prepareAll(0, 'a', 1);
    const [change] = signed(bench.settle(bench.timeout(0)));
    expect(change).toMatchObject({ type: 'round-change', round: 1, prepared: { round: 0, ...proposalOf('a') } });
    const asked = [1, 2, 3].map((seat) => bench.roundChange(seat, 1));
    bench.prepareAll(1, 'b', 2, asked);
    const [next] = signed(bench.timeout(1));
    expect(next).toMatchObject({ round: 2, prepared: { round: 1, ...proposalOf('b') } });
  });

  it('repeats its last commit vote on timeout (rule 16)', () => {
    const bench = started();
    bench.prepareAll(0, 'a', 1);
    const resent = only(bench.settle(bench.timeout(0)), 'resend');
    expect(resent.map(({ message }) => message)).toEqual([bench.commit(0, 0, 'a')]);
    expect(only(bench.timeout(1), 'resend').map(({ message }) => message.type)).toEqual(['commit', 'round-change']);
  });

  it('refuses round changes with a wrong proof and names two different ones', () => {
    const bench = started();
    const short = { ...bench.proof([1, 2, 3], 0, 'a'), prepares: [bench.prepare(1, 0, 'a')] };
    expect(faults(bench.deliver(bench.roundChange(1, 1, short)))).toEqual([
      'round change with a wrong proof: 1 prepares, 3 are needed',
    ]);
    bench.deliver(bench.roundChange(2, 1));
    expect(faults(bench.deliver(bench.roundChange(2, 1, bench.proof([1, 2, 3], 0, 'a'))))).toEqual([
      'equivocation: two round changes to round 1',
    ]);
  });
});

describe('new proposals (rules 11 and 12)', () => {
  const round = 1;

  it('are built when nobody prepared anything, after exactly a quorum for this round', () => {
    const bench = started(2);
    bench.settle(bench.timeout(0));
    expect(only(bench.deliver(bench.roundChange(0, 1)), 'build')).toEqual([]);
    expect(only(bench.deliver(bench.roundChange(1, 1)), 'build')).toEqual([{ type: 'build', height: 1, round }]);
    expect(only(bench.deliver(bench.roundChange(3, 1)), 'build'), 'once').toEqual([]);
    const [message] = signed(bench.step({ type: 'built', height: 1, round, ...proposalOf('b') }));
    if (message?.type !== 'pre-prepare') throw new Error('no proposal');
    expect(message.justification.map(({ signer }) => signer)).toEqual([0, 1, 2].map((seat) => bench.address(seat)));
    const receiver = started(0);
    const effects = receiver.deliver(bench.sign(2, message));
    expect(faults(effects)).toEqual([]);
    expect(only(effects, 'validate')).toMatchObject([{ round: 1, reproposed: false }]);
    expect(receiver.core.status().round, 'a justified proposal takes the receiver to its round').toBe(1);
  });

  it('repeat what was prepared in the highest round, checked first', () => {
    const bench = started(3);
    const low = bench.proof([0, 1, 2], 0, 'a');
    bench.deliver(bench.roundChange(0, 1), bench.roundChange(1, 1));
    bench.settle(bench.deliver(bench.roundChange(0, 2, low), bench.roundChange(1, 2, bench.proof([0, 1, 3], 1, 'b'))));
    const effects = bench.settle(bench.deliver(bench.roundChange(2, 2)));
    expect(bench.core.status().round).toBe(2);
    expect(only([...effects], 'validate').concat(), 'after the own round change the quorum was there').toHaveLength(0);
    expect(bench.core.status().phase).toBe('validating');
    const [message] = signed(bench.validated(2, 'b'));
    expect(message).toMatchObject({ type: 'pre-prepare', round: 2, ...proposalOf('b') });
    if (message?.type !== 'pre-prepare') throw new Error('no proposal');
    const proofs = message.justification.flatMap((change) => (change.type === 'round-change' ? (change.prepared ?? []) : []));
    expect(proofs.map((proof) => [proof.round, proof.prepares.length, proof.proposal.length])).toEqual([
      [0, 0, 0],
      [1, 3, 0],
    ]);
    const receiver = started(2);
    expect(only(receiver.deliver(bench.sign(3, message)), 'validate')).toMatchObject([{ round: 2, reproposed: true }]);
  });

  it('need no second check when this node found the proposal valid before', () => {
    const bench = started(2);
    bench.prepareAll(0, 'a', 1);
    bench.settle(bench.timeout(0));
    const effects = bench.deliver(bench.roundChange(0, 1), bench.roundChange(1, 1));
    expect(only(effects, 'validate')).toEqual([]);
    expect(signed(effects)).toMatchObject([{ type: 'pre-prepare', round: 1, ...proposalOf('a') }]);
  });

  it('survive a liar that puts false bytes beside a genuine proof', () => {
    const bench = started(2);
    bench.settle(bench.timeout(0));
    const proof = bench.proof([0, 1, 3], 0, 'a');
    const lie = bench.roundChange(1, 1, { ...proof, proposal: new Uint8Array(5) });
    bench.deliver(lie);
    expect(only(bench.deliver(bench.roundChange(3, 1)), 'validate')).toMatchObject([{ proposal: new Uint8Array(5) }]);
    const effects = bench.validated(1, 'a', false);
    expect(only(effects, 'fault')).toEqual([
      { type: 'fault', peer: bench.address(1), reason: 'round change carries a wrong proposal: it is bad' },
    ]);
    expect(bench.deliver(lie), 'not read again').toEqual([]);
    const next = bench.deliver(bench.roundChange(0, 1, proof));
    expect(only(next, 'validate')).toMatchObject([{ proposal: proof.proposal }]);
    expect(signed(bench.validated(1, 'a'))).toMatchObject([{ type: 'pre-prepare', ...proposalOf('a') }]);
  });

  describe('are refused when they are not justified', () => {
    const bench = new Bench();
    const asked = [1, 2, 3].map((seat) => bench.roundChange(seat, 1));
    const proof = bench.proof([1, 2, 3], 0, 'a');
    const claim = bench.roundChange(3, 1, { ...proof, proposal: new Uint8Array(0), prepares: [] });
    const with3 = (third: (typeof asked)[number]): typeof asked => [...asked.slice(0, 2), third];
    const foreign = new Bench({ sealers: 5, seat: 0 });
    const stranger = foreign.keys.findIndex((key) => !bench.sealers.includes(key.address));
    const cases: readonly [string, typeof asked, string, RegExp][] = [
      ['no justification', [], 'b', /0 round changes, 3 are needed/],
      ['too few', asked.slice(0, 2), 'b', /2 round changes, 3 are needed/],
      ['one counted twice', [...asked.slice(0, 2), ...asked.slice(0, 1)], 'b', /counted twice/],
      ['for another round', with3(bench.roundChange(3, 2)), 'b', /something else/],
      ['for another height', with3(bench.roundChange(3, 1, undefined, 2)), 'b', /something else/],
      ['by a stranger', with3(foreign.roundChange(stranger, 1)), 'b', /no sealer/],
      [
        'with a wrong signature',
        with3({ ...bench.roundChange(3, 1), signature: bench.roundChange(2, 1).signature }),
        'b',
        /wrong signature/,
      ],
      ['with a prepared claim removed', with3(withoutProof(bench.roundChange(3, 1, proof))), 'b', /wrong signature/],
      ['another proposal than the prepared one', with3(bench.roundChange(3, 1, proof)), 'b', /another proposal was prepared/],
      ['a claim without its proof', with3(claim), 'a', /without its prepares/],
      ['a proof too small', with3(bench.roundChange(3, 1, { ...proof, prepares: proof.prepares.slice(1) })), 'a', /2 prepares/],
      ['prepared in its own future', with3(bench.roundChange(3, 1, bench.proof([1, 2, 3], 1, 'a'))), 'a', /had not been/],
      ['a proof of another digest', with3(bench.roundChange(3, 1, { ...proof, ...proposalOf('b') })), 'b', /something else/],
    ];

    it.each(cases)('%s', (_, justification, name, reason) => {
      const receiver = started();
      const message = { ...proposalOf(name), type: 'pre-prepare', height: 1, round: 1, justification } as const;
      const effects = receiver.deliver(receiver.sign(2, message));
      expect(faults(effects)[0]).toMatch(reason);
      expect(only(effects, 'validate')).toEqual([]);
      expect(receiver.core.status().round).toBe(0);
    });
  });

  it('stop the node when two proposals were prepared in one round', () => {
    const bench = started(2);
    bench.settle(bench.timeout(0));
    bench.deliver(bench.roundChange(0, 1, bench.proof([0, 1, 3], 0, 'a')));
    expect(() => bench.deliver(bench.roundChange(1, 1, bench.proof([0, 1, 3], 0, 'b')))).toThrow(/no two proposals/);
  });
});

function withoutProof(message: ReturnType<Bench['roundChange']>): ReturnType<Bench['roundChange']> {
  const { prepared: _prepared, ...rest } = message;
  return rest;
}
