import { afterEach, describe, expect, it, vi } from 'vitest';
import type { NodeId } from '../environment.ts';

const runtime = process as unknown as { _tickCallback: (() => void) | undefined };
const original = runtime._tickCallback;

afterEach(() => {
  runtime._tickCallback = original;
  vi.resetModules();
});

/** Two processes, one with long chains of awaits: where microtasks are not emptied, their order and times change. */
async function interleaved(): Promise<{ readonly hash: string; readonly times: readonly number[] }> {
  const { createWorld } = await import('./index.ts');
  const { sleep } = await import('../wait.ts');
  const world = createWorld({ seed: 1 });
  const node: NodeId = `0x${'1'.repeat(40)}`;
  const env = world.addNode(node);
  const start = world.now;
  const times: number[] = [];
  const deep = async (depth: number): Promise<void> => {
    await (depth === 0 ? sleep(env, 7, 'deep') : deep(depth - 1));
  };
  const process = async () => {
    for (let round = 0; round < 4; round++) {
      await deep(100);
      times.push(world.now - start);
    }
  };
  const tick = (left: number) => {
    if (left > 0) env.clock.set(1, () => tick(left - 1), 'tick');
  };
  tick(40);
  await world.run(process());
  return { hash: world.traceHash(), times };
}

describe('the loop', () => {
  it('gives the same trace with a synchronous drain, without one, and with one that does nothing', async () => {
    const synchronous = await interleaved();
    expect(synchronous.times).toEqual([7, 14, 21, 28]);
    for (const replacement of [undefined, () => {}]) {
      vi.resetModules();
      runtime._tickCallback = replacement;
      expect(await interleaved()).toEqual(synchronous);
    }
  });
});
