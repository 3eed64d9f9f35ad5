import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Address } from '../../crypto/index.ts';
import { SKIP_WINDOW_BLOCKS } from '../../limits.ts';
import { testKeys } from '../testing/keys.ts';
import { proposerOf, turnOrder } from './proposer.ts';
import { faultsOf } from './quorum.ts';
import { type BuiltBlock, skippedProposers } from './skipped-proposers.ts';

/** A chain in which every height is decided by the first sealer in turn that works. */
class Chain {
  readonly blocks: BuiltBlock[] = [];
  /** Timeouts, by the sealer that was waited for in vain. */
  readonly waits: { readonly height: number; readonly sealer: Address }[] = [];

  get height(): number {
    return this.blocks.length + 1;
  }

  skipped(sealers: readonly Address[]): readonly Address[] {
    return skippedProposers({ height: this.height, sealers }, this.blocks.slice(-SKIP_WINDOW_BLOCKS));
  }

  grow(sealers: readonly Address[], works: (sealer: Address, height: number) => boolean): void {
    const { height } = this;
    const order = turnOrder(sealers, height, this.skipped(sealers));
    const turn = order.findIndex((sealer) => works(sealer, height));
    const builder = order[turn] as Address;
    for (const sealer of order.slice(0, turn)) this.waits.push({ height, sealer });
    this.blocks.push({ height, builder, sealers });
  }
}

const all = testKeys(27).map((key) => key.address);

function grown(heights: number, sealers: readonly Address[], works: (sealer: Address, height: number) => boolean): Chain {
  const chain = new Chain();
  while (chain.blocks.length < heights) chain.grow(sealers, works);
  return chain;
}

describe('who is passed over (rule 5)', () => {
  const four = all.slice(0, 4);

  it('is nobody while everybody builds, and nobody in a set that tolerates no fault', () => {
    expect(grown(50, four, () => true).skipped(four)).toEqual([]);
    const three = all.slice(0, 3);
    expect(grown(50, three, (sealer) => sealer !== three[1]).skipped(three)).toEqual([]);
  });

  it.each([4, 7, 13, 27])('f dead of %i cost one timeout each in a hundred blocks', (count) => {
    const sealers = all.slice(0, count);
    for (const dead of [sealers.slice(0, faultsOf(count)), sealers.filter((_, at) => at % 3 === 1).slice(0, faultsOf(count))]) {
      const { waits } = grown(1_000, sealers, (sealer) => !dead.includes(sealer));
      for (let from = 2 * SKIP_WINDOW_BLOCKS; from < 1_000; from += SKIP_WINDOW_BLOCKS) {
        const span = waits.filter(({ height }) => height >= from && height < from + SKIP_WINDOW_BLOCKS);
        for (const sealer of dead) expect(span.filter((wait) => wait.sealer === sealer).length).toBe(1);
      }
      expect(waits.filter(({ height }) => height < SKIP_WINDOW_BLOCKS).length, 'the first time').toBeLessThanOrEqual(
        2 * dead.length,
      );
    }
  });

  it('one that works again has its turns again after its next try', () => {
    const chain = grown(130, four, (sealer, height) => sealer !== four[2] || height > 20);
    expect(chain.waits).toHaveLength(1);
    const own = chain.blocks.filter(({ builder, height }) => builder === four[2] && height > 20);
    expect(own[0]?.height).toBe(102);
    expect(own.map(({ height }) => height)).toEqual([102, 106, 110, 114, 118, 122, 126, 130]);
  });

  it('a proposer that died makes room on the list of one that merely stumbled', () => {
    const chain = grown(60, four, (sealer, height) => {
      if (sealer === four[0]) return height !== 20;
      return sealer !== four[1] || height < 30;
    });
    expect(chain.skipped(four)).toEqual([four[1]]);
    expect(chain.waits.length).toBeLessThanOrEqual(3);
    expect(chain.blocks.filter(({ builder, height }) => builder === four[0] && height > 40).length).toBeGreaterThan(3);
  });

  it('a block that was proposed again in a later round speaks for its builder', () => {
    const chain = grown(9, four, () => true);
    // Decided in round 2, but built in round 0: certificates are not looked at.
    expect(chain.skipped(four)).toEqual([]);
    expect(proposerOf(four, { height: 10, round: 1 })).toBe(four[3]);
    expect(proposerOf(four, { height: 10, round: 1, skipped: [four[3] as Address] })).toBe(four[0]);
  });

  it('is right when sealers come and go: who left is not listed, who joined has its turns', () => {
    const five = all.slice(0, 5);
    const chain = new Chain();
    const dead = four[3];
    while (chain.height < 20) chain.grow(four, (sealer) => sealer !== dead);
    expect(chain.skipped(four)).toEqual([dead]);
    const without = [...four.slice(0, 3), all[4] as Address];
    expect(chain.skipped(without)).toEqual([]);
    while (chain.height < 30) chain.grow(without, () => true);
    expect(chain.skipped(five), 'it comes back and is still known').toEqual([dead]);
    while (chain.height < 60) chain.grow(five, () => true);
    expect(chain.blocks.slice(40).some(({ builder }) => builder === all[4])).toBe(true);
  });

  it('is what the window says, however much more of the chain is at hand, and never more than f sealers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        fc.array(fc.tuple(fc.integer({ min: 4, max: 10 }), fc.nat(1_000)), { minLength: 1, maxLength: 250 }),
        (salt, heights) => {
          const chain = new Chain();
          for (const [count, draw] of heights) {
            const sealers = all.slice(salt, salt + count);
            const skipped = chain.skipped(sealers);
            expect(skippedProposers({ height: chain.height, sealers }, chain.blocks)).toEqual(skipped);
            expect(skipped.length).toBeLessThanOrEqual(faultsOf(count));
            expect(skipped.every((sealer) => sealers.includes(sealer))).toBe(true);
            expect(new Set(skipped).size).toBe(skipped.length);
            // Up to all of them but one fail, in any mixture.
            chain.grow(sealers, (sealer) => sealer === sealers[draw % count] || (draw >> sealers.indexOf(sealer)) % 2 === 0);
          }
        },
      ),
      { numRuns: 60, seed: 9 },
    );
  });
});
