import { describe, expect, it } from 'vitest';
import { createWorld } from '../sim/index.ts';
import { createLinkShaping } from './link-shaping.ts';

const PEER = `0x${'22'.repeat(20)}` as const;

function bench() {
  const world = createWorld({ seed: 1 });
  const { clock } = world.addNode(`0x${'11'.repeat(20)}`);
  const shaping = createLinkShaping();
  const left: string[] = [];
  const start = world.now;
  const control = shaping.gate(PEER, 'control', clock);
  const bulk = shaping.gate(PEER, 'bulk', clock);
  const send = (gate: typeof control, name: string, sizeBytes = 1_000) =>
    gate.pass(sizeBytes, () => left.push(`${name}@${world.now - start}`));
  return { world, shaping, control, bulk, send, left };
}

describe('shaped links', () => {
  it('pass at once what no rule is for', () => {
    const { control, send, left } = bench();
    send(control, 'a');
    expect(left).toEqual(['a@0']);
  });

  it('delay, and carry bulk at their rate while control passes', async () => {
    const { world, shaping, control, bulk, send, left } = bench();
    shaping.set(new Map([[PEER, { delayMicros: 10_000, bitsPerSecond: 8_000_000 }]]));
    send(bulk, 'first', 100_000);
    send(bulk, 'second', 100_000);
    send(control, 'vote', 100);
    await world.runFor(1_000_000);
    expect(left).toEqual(['first@10000', 'vote@10000', 'second@110100']);
    expect(bulk.waitingBytes).toBe(0);
  });

  it('hold everything while they are cut, in order, and for all other peers by *', async () => {
    const { world, shaping, control, send, left } = bench();
    shaping.set(new Map([['*', { blocked: true }]]));
    send(control, 'a');
    send(control, 'b');
    await world.runFor(5_000_000);
    expect(left).toEqual([]);
    expect(control.waitingBytes).toBe(2_000);
    shaping.set(new Map());
    send(control, 'c');
    expect(left.map((each) => each.slice(0, 1))).toEqual(['a', 'b', 'c']);
  });

  it('forget what waits when the connection closes', async () => {
    const { world, shaping, control, send, left } = bench();
    shaping.set(new Map([[PEER, { blocked: true }]]));
    send(control, 'a');
    control.close();
    shaping.set(new Map());
    await world.runFor(1_000_000);
    expect([left, control.waitingBytes]).toEqual([[], 0]);
  });

  it('refuse rules that mean nothing', () => {
    const { shaping } = bench();
    expect(() => shaping.set(new Map([[PEER, { bitsPerSecond: 0 }]]))).toThrow(
      expect.objectContaining({ code: 'INVARIANT_BROKEN' }),
    );
    expect(() => shaping.set(new Map([[PEER, { delayMicros: -1 }]]))).toThrow(
      expect.objectContaining({ code: 'INVARIANT_BROKEN' }),
    );
  });
});
