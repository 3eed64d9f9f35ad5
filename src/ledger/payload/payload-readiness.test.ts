import { describe, expect, it } from 'vitest';
import { createWorld } from '../../environment/sim/index.ts';
import {
  BLOCK_PAYLOAD_BYTES_MAX,
  BLOCK_YOUNG_PAYLOAD_BYTES_MAX,
  BLOCK_YOUNG_PAYLOAD_MICROS,
  PAYLOAD_SPREAD_KNOWN_MICROS_MAX,
  PAYLOAD_SPREAD_MICROS_MAX,
  PAYLOAD_SPREAD_MICROS_MIN,
} from '../../limits.ts';
import type { Reach } from './exchange.ts';
import { PayloadReadiness } from './payload-readiness.ts';

const MB = 1_000_000;
const payload = (number: number, lengthBytes = MB) => ({
  root: `0x${number.toString(16).padStart(64, '0')}` as const,
  lengthBytes,
  mediaType: 'a/b',
});

function bench() {
  const world = createWorld({ seed: 1 });
  const { clock } = world.addNode(`0x${'11'.repeat(20)}`);
  const held = new Set<string>();
  const known: { reach: Reach | undefined; perSecond: number | undefined } = { reach: undefined, perSecond: undefined };
  const readiness = new PayloadReadiness(clock, (root) => held.has(root), {
    reachOf: () => known.reach,
    carries: (micros, unknown) => (known.perSecond === undefined ? unknown : (known.perSecond * micros) / 1e6),
  });
  const hold = (number: number) => {
    held.add(payload(number).root);
    readiness.noteHeld(payload(number).root);
  };
  return { world, held, readiness, hold, known };
}

describe('which bodies a proposer takes', () => {
  it('takes none that it does not hold, and none that others have hardly had time for', async () => {
    const { world, readiness, hold } = bench();
    hold(1);
    const early = readiness.choice({ young: false });
    expect([early.take(payload(1)), early.take(payload(2)), early.taken, early.young]).toEqual([false, false, 0, 1]);
    await world.runFor(PAYLOAD_SPREAD_MICROS_MIN + 0.08 * MB);
    const later = readiness.choice({ young: false });
    expect([later.take(payload(1)), later.take(payload(2)), later.taken, later.young]).toEqual([true, false, 1, 0]);
  });

  it('waits until a quorum holds what somebody spreads; what takes for ever goes one to a block', async () => {
    const { world, readiness, hold, known } = bench();
    known.reach = 'fewer';
    hold(1);
    hold(2);
    const takes = (young: boolean) => readiness.choice({ young }).take(payload(1));
    await world.runFor(PAYLOAD_SPREAD_MICROS_MAX);
    expect([takes(false), takes(true)]).toEqual([false, false]);
    known.reach = 'quorum';
    expect(takes(false)).toBe(true);
    known.reach = 'fewer';
    await world.runFor(PAYLOAD_SPREAD_KNOWN_MICROS_MAX);
    const choice = readiness.choice({ young: false });
    expect([choice.take(payload(1)), choice.take(payload(2)), choice.taken, choice.young]).toEqual([true, false, 1, 1]);
  });

  it('takes one young body, or as many as its line delivers in a moment', () => {
    const { readiness, hold, known } = bench();
    for (let number = 0; number < 10; number++) hold(number);
    const taken = (): number => {
      const choice = readiness.choice({ young: true });
      return Array.from({ length: 10 }, (_, number) => choice.take(payload(number))).filter(Boolean).length;
    };
    known.perSecond = 1_000;
    expect(taken()).toBe(1);
    known.perSecond = (2 * MB * 1e6) / BLOCK_YOUNG_PAYLOAD_MICROS;
    expect(taken()).toBe(2);
    known.perSecond = 1e9;
    expect(taken()).toBe(Math.floor(BLOCK_YOUNG_PAYLOAD_BYTES_MAX / MB));
  });

  it('takes a few young ones when it is told to', () => {
    const { readiness, hold } = bench();
    for (let number = 0; number < 10; number++) hold(number);
    const choice = readiness.choice({ young: true });
    const taken = Array.from({ length: 10 }, (_, number) => choice.take(payload(number))).filter(Boolean).length;
    expect(taken).toBe(Math.floor(BLOCK_YOUNG_PAYLOAD_BYTES_MAX / MB));
  });

  it('counts bodies that were held when the node started as settled, and fills a block', () => {
    const { held, readiness } = bench();
    const choice = readiness.choice({ young: false });
    let taken = 0;
    for (let number = 0; number < 50; number++) {
      held.add(payload(number).root);
      if (choice.take(payload(number))) taken += 1;
    }
    expect(taken).toBe(Math.floor(BLOCK_PAYLOAD_BYTES_MAX / MB));
    expect(taken).toBeGreaterThanOrEqual(10);
  });

  it('waits longer after it had to wait for others’ bodies, and less and less so', async () => {
    const { world, readiness, hold } = bench();
    readiness.noteWait(2 * PAYLOAD_SPREAD_MICROS_MAX);
    hold(1);
    await world.runFor(PAYLOAD_SPREAD_MICROS_MIN + 0.08 * MB);
    expect(readiness.choice({ young: false }).take(payload(1))).toBe(false);
    await world.runFor(PAYLOAD_SPREAD_MICROS_MAX);
    // However late others are, a body is proposed in the end.
    expect(readiness.choice({ young: false }).take(payload(1))).toBe(true);
    for (let block = 0; block < 80; block++) readiness.noteWait(0);
    hold(2);
    await world.runFor(PAYLOAD_SPREAD_MICROS_MIN + 0.08 * MB);
    expect(readiness.choice({ young: false }).take(payload(2))).toBe(true);
  });
});
