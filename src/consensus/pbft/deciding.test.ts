import { describe, expect, it } from 'vitest';
import { verifyCertificate } from '../certificate.ts';
import { BASE, Bench, faults, IDLE, only, proposalOf, signed } from '../testing/bench.ts';
import { testDomain } from '../testing/keys.ts';

describe('a height starts (rules 5 and 14)', () => {
  it('announces round 0, sets the idle timer and lets the proposer build', () => {
    const proposer = new Bench({ seat: 1 });
    expect(proposer.start()).toEqual([
      { type: 'round', height: 1, round: 0, proposer: proposer.address(1), reason: 'new height' },
      { type: 'timer', height: 1, round: 0, delayMicros: IDLE },
      { type: 'build', height: 1, round: 0 },
    ]);
    const other = new Bench({ seat: 0 });
    expect(only(other.start(), 'build')).toEqual([]);
    expect(other.core.status()).toMatchObject({ height: 1, round: 0, phase: 'waiting-for-proposal', proposer: other.address(1) });
  });

  it('puts round 0 on the base timeout once, when there is work', () => {
    const bench = new Bench();
    bench.start();
    expect(bench.step({ type: 'work', height: 2 })).toEqual([]);
    expect(bench.step({ type: 'work', height: 1 })).toEqual([{ type: 'timer', height: 1, round: 0, delayMicros: BASE }]);
    expect(bench.step({ type: 'work', height: 1 })).toEqual([]);
    expect(only(bench.deliver(bench.prePrepare(1, 0, 'a')), 'timer')).toEqual([]);
  });

  it('puts round 0 on the base timeout when a proposal comes, work or not', () => {
    const bench = new Bench();
    bench.start();
    expect(only(bench.deliver(bench.prePrepare(1, 0, 'a')), 'timer')).toEqual([
      { type: 'timer', height: 1, round: 0, delayMicros: BASE },
    ]);
    expect(bench.step({ type: 'work', height: 1 })).toEqual([]);
  });

  it('works for sets of one, two and three sealers', () => {
    const alone = new Bench({ sealers: 1, seat: 0 });
    alone.start();
    const effects = alone.settle(alone.step({ type: 'built', height: 1, round: 0, ...proposalOf('a') }));
    expect(only(effects, 'commit')).toHaveLength(1);
    for (const sealers of [2, 3]) {
      const bench = new Bench({ sealers, seat: 0 });
      bench.start();
      bench.prepareAll(0, 'a', 1);
      const others = Array.from({ length: sealers - 1 }, (_, at) => at + 1);
      expect(only(bench.deliver(...others.map((seat) => bench.commit(seat, 0, 'a'))), 'commit')).toHaveLength(1);
    }
  });

  it('takes no part when it is no sealer, and keeps what comes for later (rule 1)', () => {
    const bench = new Bench({ sealers: 5, seat: 0 });
    const sealers = bench.sealers.slice(1);
    expect(bench.step({ type: 'start', height: 1, sealers })).toEqual([]);
    expect(bench.core.status()).toMatchObject({ phase: 'idle', proposer: undefined });
    expect(bench.deliver(bench.prePrepare(2, 0, 'a'), bench.prepare(2, 0, 'a', 2))).toEqual([]);
    expect(bench.step({ type: 'work', height: 1 })).toEqual([]);
    expect(bench.timeout(0)).toEqual([]);
    bench.start(2);
    bench.deliver(bench.sign(2, { type: 'pre-prepare', height: 2, round: 0, ...proposalOf('a'), justification: [] }));
    bench.settle(bench.step({ type: 'validated', height: 2, round: 0, digest: proposalOf('a').digest, valid: true }));
    const effects = bench.deliver(bench.prepare(1, 0, 'a', 2), bench.prepare(3, 0, 'a', 2));
    expect(
      signed(effects).map((message) => message.type),
      'the prepare kept from height 1 was counted',
    ).toEqual(['commit']);
  });

  it('refuses heights that go back and sealer lists that make no sense', () => {
    const bench = new Bench({ height: 5 });
    bench.start();
    expect(() => bench.start(5)).toThrow(/heights only grow/);
    expect(() => bench.step({ type: 'start', height: 6, sealers: [] })).toThrow(/sealers/);
    expect(() => bench.step({ type: 'start', height: 6, sealers: [bench.address(0), bench.address(0)] })).toThrow(/distinct/);
  });
});

describe('proposals (rules 6 and 7)', () => {
  it('are given to the ledger, and voted for when they are valid', () => {
    const bench = new Bench();
    bench.start();
    const message = bench.prePrepare(1, 0, 'a');
    const { digest, proposal } = message;
    expect(only(bench.deliver(message), 'validate')).toEqual([
      { type: 'validate', height: 1, round: 0, digest, proposal, proposer: bench.address(1), reproposed: false },
    ]);
    expect(bench.core.status().phase).toBe('validating');
    expect(signed(bench.validated(0, 'a'))).toEqual([{ type: 'prepare', height: 1, round: 0, digest }]);
    expect(bench.core.status().phase).toBe('preparing');
  });

  it('lead to the next round at once when they are invalid', () => {
    const bench = new Bench();
    bench.start();
    bench.deliver(bench.prePrepare(1, 0, 'a'));
    const effects = bench.validated(0, 'a', false);
    expect(only(effects, 'fault')).toEqual([
      { type: 'fault', peer: bench.address(1), reason: 'invalid proposal in round 0: it is bad' },
    ]);
    expect(signed(effects)).toEqual([{ type: 'round-change', height: 1, round: 1 }]);
    expect(bench.core.status().round).toBe(1);
  });

  it('are refused from a sealer whose turn it is not', () => {
    const bench = new Bench();
    bench.start();
    const effects = bench.deliver(bench.prePrepare(2, 0, 'a'));
    expect(faults(effects)).toEqual(['proposal for round 0 out of turn']);
    expect(only(effects, 'validate')).toEqual([]);
  });

  it('are refused in round 0 with a justification', () => {
    const bench = new Bench();
    bench.start();
    const effects = bench.deliver(bench.prePrepare(1, 0, 'a', [bench.roundChange(2, 1)]));
    expect(faults(effects)[0]).toMatch(/unjustified/);
  });

  it('of an equivocating proposer: the first stands, the second is named (rule 3)', () => {
    const bench = new Bench();
    bench.start();
    bench.deliver(bench.prePrepare(1, 0, 'a'));
    expect(bench.deliver(bench.prePrepare(1, 0, 'a'))).toEqual([]);
    const second = bench.deliver(bench.prePrepare(1, 0, 'b'));
    expect(only(second, 'fault')).toEqual([
      { type: 'fault', peer: bench.address(1), reason: 'equivocation: two proposals in round 0' },
    ]);
    expect(only(second, 'evidence')).toMatchObject([{ evidence: { type: 'pre-prepare', signer: bench.address(1) } }]);
    expect(signed(bench.validated(0, 'b')), 'the second is not asked about').toEqual([]);
    expect(signed(bench.validated(0, 'a'))).toHaveLength(1);
  });

  it('of this node: built, signed, and voted for once they are sent (rule 20)', () => {
    const bench = new Bench({ seat: 1 });
    bench.start();
    const built = bench.step({ type: 'built', height: 1, round: 0, ...proposalOf('a') });
    const message = { type: 'pre-prepare', height: 1, round: 0, ...proposalOf('a'), justification: [] } as const;
    expect(built).toEqual([{ type: 'sign', message }]);
    expect(bench.step({ type: 'built', height: 1, round: 0, ...proposalOf('b') }), 'a second answer is ignored').toEqual([]);
    const sent = bench.step({ type: 'sent', message: bench.sign(1, message) });
    expect(signed(sent)).toEqual([{ type: 'prepare', height: 1, round: 0, digest: message.digest }]);
    expect(only(sent, 'validate')).toEqual([]);
  });

  it('are ignored when they were built too late', () => {
    const bench = new Bench({ seat: 1 });
    bench.start();
    bench.timeout(0);
    expect(bench.step({ type: 'built', height: 1, round: 0, ...proposalOf('a') })).toEqual([]);
  });
});

describe('votes (rules 8 to 10 and 20)', () => {
  function prepared(): Bench {
    const bench = new Bench();
    bench.start();
    bench.prepareAll(0, 'a', 1);
    return bench;
  }

  it('a quorum of prepares brings a commit vote with its proof', () => {
    const bench = new Bench();
    bench.start();
    bench.deliver(bench.prePrepare(1, 0, 'a'), bench.prepare(1, 0, 'a'), bench.prepare(2, 0, 'a'));
    const mine = bench.validated(0, 'a');
    expect(signed(mine).map((message) => message.type)).toEqual(['prepare']);
    const effects = bench.settle(mine);
    const commit = only(effects, 'sign').find(({ message }) => message.type === 'commit');
    expect(commit?.prepared?.prepares.map(({ signer }) => signer)).toEqual([
      bench.address(0),
      bench.address(1),
      bench.address(2),
    ]);
    expect(commit?.prepared).toMatchObject({ round: 0, ...proposalOf('a') });
    expect(bench.core.status().phase).toBe('committing');
  });

  it("does not count this node's prepare before it is sent", () => {
    const bench = new Bench();
    bench.start();
    bench.deliver(bench.prePrepare(1, 0, 'a'), bench.prepare(1, 0, 'a'), bench.prepare(2, 0, 'a'));
    const [effect] = only(bench.validated(0, 'a'), 'sign');
    if (effect === undefined) throw new Error('no prepare vote');
    expect(effect.message.type).toBe('prepare');
    const sent = bench.step({ type: 'sent', message: bench.sign(0, effect.message) });
    expect(signed(sent).map((message) => message.type)).toEqual(['commit']);
  });

  it('does not commit on prepares for a proposal that it does not hold, or not yet validated, or another digest', () => {
    const bench = new Bench();
    bench.start();
    const votes = [1, 2, 3].map((seat) => bench.prepare(seat, 0, 'a'));
    expect(bench.deliver(...votes)).toEqual([]);
    expect(signed(bench.deliver(bench.prePrepare(1, 0, 'b')))).toEqual([]);
    expect(signed(bench.settle(bench.validated(0, 'b'))).map((message) => message.type)).toEqual(['prepare']);
  });

  it('counts a sealer once, however often it votes, and names one that votes twice (rule 3)', () => {
    const bench = new Bench();
    bench.start();
    bench.deliver(bench.prePrepare(1, 0, 'a'));
    bench.validated(0, 'a');
    expect(signed(bench.deliver(...[1, 1, 1, 1].map((seat) => bench.prepare(seat, 0, 'a'))))).toEqual([]);
    const second = bench.deliver(bench.prepare(1, 0, 'b'), bench.prepare(1, 0, 'c'));
    expect(only(second, 'evidence'), 'once').toHaveLength(1);
    expect(only(second, 'fault'), 'once').toEqual([
      { type: 'fault', peer: bench.address(1), reason: 'equivocation: two prepare votes in round 0' },
    ]);
    bench.deliver(bench.commit(2, 0, 'a'));
    expect(faults(bench.deliver(bench.commit(2, 0, 'b')))).toEqual(['equivocation: two commit votes in round 0']);
  });

  it('a quorum of commits decides, with a certificate that verifies', () => {
    const bench = prepared();
    expect(only(bench.deliver(bench.commit(1, 0, 'a')), 'commit')).toEqual([]);
    const [commit] = only(bench.deliver(bench.commit(3, 0, 'a')), 'commit');
    expect(commit).toMatchObject({ height: 1, round: 0, ...proposalOf('a'), proposer: bench.address(1) });
    if (commit === undefined) throw new Error('not decided');
    expect(verifyCertificate(testDomain, commit.certificate, bench.sealers)).toBeUndefined();
    expect(commit.certificate.signatures).toHaveLength(3);
    expect(bench.core.status().phase).toBe('committed');
  });

  it('decides without having prepared, if it holds the valid proposal', () => {
    const bench = new Bench();
    bench.start();
    bench.deliver(bench.prePrepare(1, 0, 'a'), ...[1, 2, 3].map((seat) => bench.commit(seat, 0, 'a')));
    expect(only(bench.validated(0, 'a'), 'commit')).toHaveLength(1);
  });

  it('decides on late commits of an earlier round', () => {
    const bench = prepared();
    bench.settle(bench.timeout(0));
    expect(bench.core.status().round).toBe(1);
    const effects = bench.deliver(bench.commit(1, 0, 'a'), bench.commit(2, 0, 'a'));
    expect(only(effects, 'commit')[0]?.certificate.round).toBe(0);
  });

  it('says that it is behind when a proposal is decided that it does not hold (rule 17)', () => {
    const bench = new Bench();
    bench.start();
    const effects = bench.deliver(...[1, 2, 3].map((seat) => bench.commit(seat, 0, 'a')));
    expect(effects).toEqual([{ type: 'behind', height: 2 }]);
  });

  it('does not mix commits of two rounds', () => {
    const bench = prepared();
    expect(only(bench.deliver(bench.commit(1, 0, 'a'), bench.commit(2, 1, 'a'), bench.commit(3, 1, 'a')), 'commit')).toEqual([]);
  });

  it('stops the node on a second decision for the height', () => {
    const bench = prepared();
    bench.deliver(bench.commit(1, 0, 'a'), bench.commit(2, 0, 'a'));
    bench.deliver(bench.commit(1, 1, 'b'), bench.commit(2, 1, 'b'));
    expect(() => bench.deliver(bench.commit(3, 1, 'b'))).toThrow(/one height has one decision/);
  });

  it('is done with the height after the decision', () => {
    const bench = prepared();
    bench.deliver(bench.commit(1, 0, 'a'), bench.commit(2, 0, 'a'));
    const late = [bench.prePrepare(1, 0, 'b'), bench.prepare(1, 0, 'b'), bench.roundChange(1, 1), bench.roundChange(2, 1)];
    const effects = bench.deliver(...late, bench.commit(3, 0, 'a'));
    expect(
      effects.filter(({ type }) => type !== 'evidence'),
      'beyond evidence of who says two things',
    ).toEqual([]);
    expect(bench.timeout(0)).toEqual([]);
  });
});
