import { describe, expect, it } from 'vitest';
import { testDomain, testKeys } from '../testing/keys.ts';
import type { BaselineEngine, BaselineOptions } from './baseline-core.ts';
import {
  createDbft,
  createPbftNaive,
  createPow,
  createRibft,
  dbftMessages,
  dbftSuccess,
  pbftMessages,
  ribftMessages,
} from './index.ts';
import { baseline, decodeBaseline, encodeBaseline, signBaseline, verifyBaseline } from './message.ts';
import { digestsAt, EngineNetwork } from './testing/engine-network.ts';

const GROUPS = 3;
const engines: Readonly<Record<string, (options: BaselineOptions) => BaselineEngine>> = {
  'pbft-naive': createPbftNaive,
  dbft: (options) => createDbft({ ...options, groups: GROUPS }),
  ribft: (options) => createRibft({ ...options, groups: GROUPS }),
};

function network(name: string, options: { seed: number; sealers: number; heights: number }): EngineNetwork {
  return new EngineNetwork({ ...options, engine: engines[name] as (options: BaselineOptions) => BaselineEngine });
}

describe('message counts of one decision', () => {
  it.each([12, 18, 27])('are those of the protocols with %i nodes in three groups', (sealers) => {
    const groupSize = sealers / GROUPS;
    const counted = (name: string): number => {
      const net = network(name, { seed: 1, sealers, heights: 1 });
      expect(net.run(60_000_000, () => false)).toBe(false);
      expect(net.seats.every(({ committed }) => committed.length === 1)).toBe(true);
      return [...net.sent].reduce((sum, [kind, count]) => (kind === 'reply' || kind === 'block' ? sum : sum + count), 0);
    };
    expect(counted('pbft-naive')).toBe(pbftMessages(sealers));
    expect(counted('dbft')).toBe(dbftMessages({ groups: GROUPS, groupSize }));
    expect(counted('ribft')).toBe(ribftMessages({ groups: GROUPS, groupSize }));
  });

  it('agree with the published table', () => {
    expect([12, 18, 27, 99].map(pbftMessages)).toEqual([264, 612, 1404, 19404]);
    expect([4, 6, 9, 33].map((groupSize) => dbftMessages({ groups: 3, groupSize }))).toEqual([84, 192, 444, 6348]);
    expect([4, 6, 9, 33].map((groupSize) => ribftMessages({ groups: 3, groupSize }))).toEqual([39, 57, 84, 300]);
  });
});

describe.each(Object.keys(engines))('%s', (name) => {
  it('agrees on five heights at every node, whatever the order of arrival', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const net = network(name, { seed, sealers: 12, heights: 5 });
      expect(net.run(120_000_000, () => net.seats.every(({ committed }) => committed.length === 5))).toBe(true);
      for (let height = 1; height <= 5; height++) {
        // RIBFT's slave chains are separate: what is the same is the block within a domain.
        const groups = name === 'ribft' ? GROUPS : 1;
        expect(digestsAt(net, height).size).toBe(groups);
      }
    }
  });

  it('goes on when the first leader of everything is gone', () => {
    for (let seed = 1; seed <= 4; seed++) {
      const net = network(name, { seed, sealers: 12, heights: 3 });
      const first = net.seats[0];
      if (first !== undefined) first.up = false;
      // RIBFT's master chain keeps one seat per domain and three seats tolerate no fault: only the domains go on there.
      const needed = name === 'ribft' ? 1 : 3;
      const members = name === 'ribft' ? net.seats.slice(1, 4) : net.seats.slice(1);
      expect(net.run(300_000_000, () => members.every(({ committed }) => committed.length >= needed))).toBe(true);
      expect(net.faults).toEqual([]);
    }
  });
});

describe('proof of work', () => {
  it('has one chain behind six confirmations', () => {
    const net = new EngineNetwork({
      seed: 3,
      sealers: 7,
      heights: 1,
      engine: (options) => createPow({ ...options, blockIntervalMicros: 2_000_000, confirmations: 6 }),
    });
    expect(net.run(600_000_000, () => net.seats.every(({ committed }) => committed.length >= 20))).toBe(true);
    for (let height = 1; height <= 20; height++) expect(digestsAt(net, height).size).toBe(1);
    expect(net.faults).toEqual([]);
    const miners = new Set(net.seats[0]?.committed.map(({ proposer }) => proposer));
    expect(miners.size).toBeGreaterThan(2);
  });
});

describe('messages of the baselines', () => {
  it('survive the wire with certificates, and are bound to their signer', () => {
    const [left, right] = testKeys(2);
    if (left === undefined || right === undefined) throw new Error('two keys');
    const vote = signBaseline(testDomain, baseline({ kind: 'vote', scope: 2, height: 5, round: 1 }), right);
    const message = signBaseline(
      testDomain,
      baseline({ kind: 'confirm', scope: 2, height: 5, round: 1, proposal: Uint8Array.of(1, 2), nested: [vote] }),
      left,
    );
    const read = decodeBaseline(encodeBaseline(message));
    expect(read).toEqual(message);
    expect(verifyBaseline(testDomain, read)).toBe(true);
    expect(verifyBaseline(testDomain, { ...read, round: 2 })).toBe(false);
    expect(verifyBaseline(testDomain, { ...read, signer: right.address })).toBe(false);
    expect(() => decodeBaseline(encodeBaseline(message).subarray(1))).toThrow(
      expect.objectContaining({ code: 'CONSENSUS_MALFORMED' }),
    );
  });
});

describe('success of double-layer PBFT', () => {
  it.each([
    [30, 30, 0.1, 0.9999],
    [30, 30, 0.2, 0.974],
    [30, 30, 0.25, 0.892],
    [30, 30, 0.3, 0.553],
    [30, 30, 0.35, 0.038],
    [3, 8, 0.1, 0.951],
    [3, 8, 0.2, 0.701],
  ])('with %i groups of %i at failure %f is %f', (groups, followers, failure, expected) => {
    expect(dbftSuccess({ groups, followers, failure })).toBeCloseTo(expected, expected > 0.999 ? 4 : 3);
  });
});
