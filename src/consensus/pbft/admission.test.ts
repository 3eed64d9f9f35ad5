import { describe, expect, it } from 'vitest';
import { FAULTS_REPORTED_PER_PEER_MAX, FUTURE_MESSAGES_PER_SIGNER_MAX } from '../../limits.ts';
import type { SignedMessage } from '../messages.ts';
import { Bench, faults, only, proposalOf, signed } from '../testing/bench.ts';

describe('what is listened to (rules 1 to 4)', () => {
  function started(height = 1): Bench {
    const bench = new Bench({ height });
    bench.start();
    return bench;
  }

  it('nothing before the first height', () => {
    const bench = new Bench();
    expect(bench.deliver(bench.prepare(1, 0, 'a'))).toEqual([]);
    expect(bench.core.status()).toMatchObject({ phase: 'idle', sealers: [] });
  });

  it('sealers of the height only', () => {
    const bench = new Bench({ sealers: 5, seat: 0 });
    bench.step({ type: 'start', height: 1, sealers: bench.sealers.slice(0, 4) });
    expect(faults(bench.deliver(bench.prepare(4, 0, 'a')))[0]).toMatch(/which is no sealer of height 1/);
  });

  it('right signatures only, and who delivered a wrong one is blamed', () => {
    const bench = started();
    const genuine = bench.prepare(1, 0, 'a');
    const forged = { ...genuine, signer: bench.address(2) };
    expect(bench.step({ type: 'message', message: forged, via: bench.address(3) })).toEqual([
      { type: 'waste', peer: bench.address(3) },
      { type: 'fault', peer: bench.address(3), reason: 'message with a wrong signature' },
    ]);
    expect(faults(bench.deliver({ ...genuine, digest: proposalOf('b').digest }))).toEqual(['message with a wrong signature']);
    const again = bench.deliver({ ...genuine, signature: new Uint8Array(65) });
    expect(faults(again), 'the same fault is reported once').toEqual([]);
    expect(only(again, 'waste'), 'but it is counted every time').toEqual([{ type: 'waste', peer: bench.address(1) }]);
  });

  it('proposals and round changes at first hand, votes from anyone', () => {
    const bench = started();
    const via = bench.address(3);
    for (const message of [bench.prePrepare(1, 0, 'a'), bench.roundChange(1, 1)]) {
      expect(faults(bench.step({ type: 'message', message, via }))).toEqual([`relayed a ${message.type} of another sealer`]);
    }
    bench.deliver(bench.prePrepare(1, 0, 'a'));
    bench.settle(bench.validated(0, 'a'));
    bench.step({ type: 'message', message: bench.prepare(1, 0, 'a'), via });
    expect(signed(bench.step({ type: 'message', message: bench.prepare(2, 0, 'a'), via }))[0]?.type).toBe('commit');
  });

  it('not itself', () => {
    const bench = started();
    bench.deliver(bench.prePrepare(1, 0, 'a'), bench.prepare(0, 0, 'a'), bench.prepare(1, 0, 'a'));
    bench.validated(0, 'a');
    expect(signed(bench.deliver(bench.prepare(2, 0, 'a'))), 'its own vote comes back, and does not count').toEqual([]);
    expect(signed(bench.deliver(bench.prepare(3, 0, 'a'))).map(({ type }) => type)).toEqual(['commit']);
  });

  it('not votes of the past, but a round change of the past names who lags, once per timeout (rule 18)', () => {
    const bench = started(5);
    expect(bench.deliver(bench.prepare(1, 0, 'a', 4), bench.commit(1, 0, 'a', 4))).toEqual([]);
    const lagging = { type: 'lagging', peer: bench.address(1), height: 4 };
    const late = bench.roundChange(1, 1, undefined, 4);
    expect(bench.deliver(late)).toEqual([lagging]);
    expect(bench.deliver(late)).toEqual([]);
    bench.timeout(0);
    expect(bench.deliver(late)).toEqual([lagging]);
    expect(bench.step({ type: 'message', message: late, via: bench.address(2) }), 'second hand').toEqual([]);
  });

  it('votes near the current round: a liar cannot fill the memory with rounds', () => {
    const bench = started();
    expect(bench.deliver(bench.prepare(1, 65, 'a'), bench.commit(1, 2 ** 47, 'a'))).toEqual([]);
    expect(bench.deliver(bench.prepare(1, 65, 'b')), 'so the second is no equivocation either').toEqual([]);
    bench.deliver(bench.prepare(1, 64, 'a'));
    expect(faults(bench.deliver(bench.prepare(1, 64, 'b')))).toHaveLength(1);
  });

  it('reports a bounded number of faults of one peer', () => {
    const bench = started();
    const effects = Array.from({ length: 60 }, (_, at) => bench.deliver(bench.prePrepare(2, at * 4, 'a'))).flat();
    expect(faults(effects)).toHaveLength(FAULTS_REPORTED_PER_PEER_MAX);
    expect(faults(bench.deliver(bench.prePrepare(3, 0, 'a'))), 'others are still reported').toHaveLength(1);
  });

  it('sorts a flood of future messages so that the honest are heard', () => {
    const bench = started();
    for (let round = 0; round < 3 * FUTURE_MESSAGES_PER_SIGNER_MAX; round++) bench.deliver(bench.prepare(3, round, 'x', 2));
    const ahead = { type: 'pre-prepare', height: 2, round: 0, ...proposalOf('a'), justification: [] } as const;
    bench.deliver(bench.sign(2, ahead), bench.prepare(1, 0, 'a', 2), bench.prepare(2, 0, 'a', 2));
    const effects = bench.start(2);
    expect(only(effects, 'validate')).toHaveLength(1);
    const mine = bench.settle(bench.step({ type: 'validated', height: 2, round: 0, digest: ahead.digest, valid: true }));
    expect(signed(mine).map(({ type }) => type)).toEqual(['prepare', 'commit']);
  });
});

describe('behind (rule 17)', () => {
  function behind(bench: Bench, ...messages: readonly SignedMessage[]): readonly number[] {
    return only(bench.deliver(...messages), 'behind').map(({ height }) => height);
  }

  it('when f+1 sealers are two heights ahead or more', () => {
    const bench = new Bench();
    bench.start();
    expect(behind(bench, bench.prepare(1, 0, 'a', 900), bench.prepare(1, 0, 'a', 901)), 'one proves nothing').toEqual([]);
    expect(behind(bench, bench.prepare(2, 0, 'a', 3))).toEqual([3]);
    expect(behind(bench, bench.commit(2, 0, 'a', 3)), 'once for a height').toEqual([]);
    expect(behind(bench, bench.prepare(3, 0, 'a', 7))).toEqual([7]);
    bench.start(7);
    expect(behind(bench, bench.prepare(1, 0, 'a', 902))).toEqual([]);
  });

  it('not while others merely start the next height', () => {
    const bench = new Bench();
    bench.start();
    expect(behind(bench, ...[1, 2, 3].map((seat) => bench.prepare(seat, 0, 'a', 2)))).toEqual([]);
    expect(behind(bench, bench.commit(1, 0, 'a', 2), bench.commit(2, 0, 'a', 2))).toEqual([]);
    expect(behind(bench, bench.commit(3, 0, 'a', 2)), 'a quorum commits there').toEqual([2]);
  });

  it('when f+1 are stuck at the next height without us', () => {
    const bench = new Bench();
    bench.start();
    expect(behind(bench, bench.roundChange(1, 1, undefined, 2))).toEqual([]);
    expect(behind(bench, bench.roundChange(2, 1, undefined, 2))).toEqual([2]);
  });

  it('says so again after a timeout, for the answer may be lost', () => {
    const bench = new Bench();
    bench.start();
    bench.deliver(bench.prepare(1, 0, 'a', 5), bench.prepare(2, 0, 'a', 5));
    expect(only(bench.timeout(0), 'behind')).toEqual([{ type: 'behind', height: 5 }]);
  });
});
