import { describe, expect, it } from 'vitest';
import { type Hex, toHex } from '../../crypto/index.ts';
import { openDoor } from '../../environment/contract/index.ts';
import type { NodeId } from '../../environment/index.ts';
import { createWorld, type World } from '../../environment/sim/index.ts';
import { HEAD_NEXT_SEALERS, HEAD_QUIET_MICROS, HEAD_SHOWN_BLOCKS } from '../../limits.ts';
import type { HeaderRecord } from '../ledger.ts';
import { Pauses } from '../storage/pauses.ts';
import { HeadAnnouncer } from './head-announcer.ts';

const SECOND = 1_000_000;
const SEALERS = 8;
const id = (number: number): NodeId => `0x${number.toString(16).padStart(40, '0')}`;
const headAt = (number: number) => ({ number, hash: toHex(new Uint8Array(32).fill(number)) }) as HeaderRecord;
const genesisHash: Hex = toHex(new Uint8Array(32));

/** Sealers 0 to 7 and a follower, 8, all connected; each has a chain of its own that the test lengthens. */
class Bench {
  readonly world: World = createWorld({ seed: 1 });
  readonly heights = Array.from({ length: SEALERS + 1 }, () => 0);
  readonly announcers: HeadAnnouncer[] = [];

  static async open(): Promise<Bench> {
    const bench = new Bench();
    const { world, heights, announcers } = bench;
    const nodes = heights.map((_, at) => world.addNode(id(at)));
    const sealers = nodes.slice(0, SEALERS).map(({ node }) => node);
    for (const [at, { clock, network }] of nodes.entries()) {
      announcers.push(
        new HeadAnnouncer({
          network,
          genesisHash,
          head: () => headAt(heights[at] ?? 0),
          sealers: () => sealers,
          pauses: new Pauses(clock),
          onAhead: () => undefined,
        }),
      );
      await world.run(network.start(openDoor));
    }
    for (const announcer of announcers) announcer.register();
    const pairs = nodes.flatMap((from, at) => nodes.slice(at + 1).map((to) => ({ from, to })));
    const dials = pairs.map(({ from, to }) => from.network.connect({ node: to.node, addresses: to.network.addresses() }));
    await world.run(Promise.all(dials));
    await world.runFor(SECOND);
    return bench;
  }

  /** A node's chain grows by a block. */
  grow(at: number): void {
    this.heights[at] = (this.heights[at] ?? 0) + 1;
    this.announcers[at]?.announce();
  }

  /** Who knows of node 0's head. */
  knowing(): readonly number[] {
    const { heights, announcers } = this;
    return [...announcers.keys()].filter((at) => at > 0 && announcers[at]?.headOf(id(0)) === heights[0]);
  }
}

describe('the announcer of heads', () => {
  it('tells followers and the next sealers at once, the others when no block follows', async () => {
    const bench = await Bench.open();
    bench.grow(0);
    await bench.world.runFor(SECOND / 2);
    expect(bench.knowing()).toEqual([1, 2, 3, SEALERS]);
    await bench.world.runFor(HEAD_QUIET_MICROS);
    expect(bench.knowing()).toEqual([1, 2, 3, 4, 5, 6, 7, SEALERS]);
  });

  it('spares the other sealers while blocks follow one another', async () => {
    const bench = await Bench.open();
    const before = bench.world.stats().messages;
    const [blocks, late] = [10, 5];
    for (let block = 0; block < blocks; block++) {
      for (let at = 0; at < SEALERS; at++) if (at !== late) bench.grow(at);
      await bench.world.runFor(SECOND);
    }
    // Each tells the next few sealers and, unless that one knows already, the follower.
    expect(bench.world.stats().messages - before).toBeLessThanOrEqual(blocks * SEALERS * (HEAD_NEXT_SEALERS + 1));
    await bench.world.runFor(2 * HEAD_QUIET_MICROS);
    // Whoever has said that it has the last block needs not be told; the late one is.
    expect(bench.knowing()).toContain(late);
  });

  it('tells others in the place of sealers that are gone', async () => {
    const bench = await Bench.open();
    bench.world.crash(id(1));
    bench.world.crash(id(3));
    await bench.world.runFor(SECOND);
    bench.grow(0);
    await bench.world.runFor(SECOND / 2);
    expect(bench.knowing()).toEqual([2, 4, 5, SEALERS]);
  });

  it('shows those who have every block already that a follower keeps up', async () => {
    const bench = await Bench.open();
    const blocks = 4 * HEAD_SHOWN_BLOCKS + 2;
    for (let block = 0; block < blocks; block++) {
      for (let at = 0; at <= SEALERS; at++) bench.grow(at);
      await bench.world.runFor(SECOND);
    }
    for (const sealer of [0, 4, SEALERS - 1]) {
      expect(blocks - (bench.announcers[sealer]?.headOf(id(SEALERS)) ?? 0)).toBeLessThan(HEAD_SHOWN_BLOCKS);
    }
  });
});
