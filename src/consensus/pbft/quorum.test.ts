import { describe, expect, it } from 'vitest';
import { testKeys } from '../testing/keys.ts';
import { createPbft } from './pbft.ts';
import { proposerOf } from './proposer.ts';
import { faultsOf, quorumOf } from './quorum.ts';
import { roundTimeoutMicros } from './timeouts.ts';

describe('numbers', () => {
  it('a quorum is what the honest alone reach, and two quorums share an honest sealer', () => {
    for (let n = 1; n <= 200; n++) {
      expect(quorumOf(n)).toBe(n - faultsOf(n));
      expect(2 * quorumOf(n) - n).toBeGreaterThan(faultsOf(n));
    }
    expect([1, 2, 3, 4, 5, 6, 7, 10].map(quorumOf)).toEqual([1, 2, 3, 3, 4, 5, 5, 7]);
    expect([1, 2, 3, 4, 5, 6, 7, 10].map(faultsOf)).toEqual([0, 0, 0, 1, 1, 1, 2, 3]);
  });

  it('sealers propose in turn by height and by round (rule 5)', () => {
    const sealers = testKeys(4).map((key) => key.address);
    const turns = [0, 1, 2, 3, 4].map((round) => sealers.indexOf(proposerOf(sealers, { height: 6, round })));
    expect(turns).toEqual([2, 3, 0, 1, 2]);
    expect(proposerOf(sealers, { height: 7, round: 0 })).toBe(sealers[3]);
    expect(() => proposerOf([], { height: 7, round: 0 })).toThrow(/has a proposer/);
  });

  it('time grows by half and is capped at eight times (rule 14)', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 2 ** 48].map((round) => roundTimeoutMicros(1000, round))).toEqual([
      1000, 1500, 2250, 3375, 5063, 7594, 8000, 8000, 8000,
    ]);
  });

  it('options out of range are refused', () => {
    const [key] = testKeys(1);
    if (key === undefined) throw new Error('no key');
    const options = { domain: new Uint8Array(32), self: key.address, baseTimeoutMicros: 1, idleTimeoutMicros: 1 };
    for (const wrong of [{ domain: new Uint8Array(31) }, { baseTimeoutMicros: 0 }, { idleTimeoutMicros: 1.5 }]) {
      expect(() => createPbft({ ...options, ...wrong })).toThrowError(expect.objectContaining({ code: 'CONSENSUS_OPTIONS' }));
    }
  });
});
