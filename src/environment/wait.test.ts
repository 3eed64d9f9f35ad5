import { describe, expect, it } from 'vitest';
import type { NodeId } from './environment.ts';
import { createWorld } from './sim/index.ts';
import { retry, sleep, withDeadline } from './wait.ts';

const NODE: NodeId = `0x${'1'.repeat(40)}`;

function fresh() {
  const world = createWorld({ seed: 1 });
  return { world, env: world.addNode(NODE), start: world.now };
}

describe('sleep', () => {
  it('takes its time', async () => {
    const { world, env, start } = fresh();
    await world.run(sleep(env, 1234, 'nap'));
    expect(world.now - start).toBe(1234);
  });
});

describe('withDeadline', () => {
  it('passes on what comes in time, and leaves no timer behind', async () => {
    const { world, env, start } = fresh();
    const result = withDeadline(
      env,
      sleep(env, 10, 'work').then(() => 'done'),
      1_000_000,
      'work',
    );
    expect(await world.run(result)).toBe('done');
    const failure = withDeadline(env, Promise.reject(new Error('broken')), 1_000_000, 'work');
    await expect(world.run(failure)).rejects.toThrow('broken');
    // With a timer left behind the world would have something to do and reach its deadline instead.
    await expect(world.runUntil(() => false, 2_000_000)).rejects.toMatchObject({ code: 'SIM_STALLED' });
    expect(world.now - start).toBe(10);
  });

  it('says what took too long', async () => {
    const { world, env } = fresh();
    const late = withDeadline(env, sleep(env, 100, 'work'), 50, 'the work');
    await expect(world.run(late)).rejects.toMatchObject({
      code: 'ENV_DEADLINE',
      data: { label: 'the work', micros: 50 },
    });
  });
});

describe('retry', () => {
  it('tries until it succeeds, with a pause between', async () => {
    const { world, env, start } = fresh();
    const attempts: number[] = [];
    const outcome = retry(env, { attempts: 5, delayMicros: 100, label: 'dial' }, (number) => {
      attempts.push(world.now - start);
      if (number < 3) throw new Error('not yet');
      return 'connected';
    });
    expect(await world.run(outcome)).toBe('connected');
    expect(attempts).toEqual([0, 100, 200]);
  });

  it('gives up with the last error, at once when it is not worth another attempt', async () => {
    const { world, env, start } = fresh();
    const failing = (number: number) => Promise.reject(new Error(`attempt ${number}`));
    await expect(world.run(retry(env, { attempts: 3, delayMicros: 100, label: 'dial' }, failing))).rejects.toThrow('attempt 3');
    const once = retry(env, { attempts: 3, delayMicros: 100, label: 'dial', retryable: () => false }, failing);
    await expect(world.run(once)).rejects.toThrow('attempt 1');
    expect(world.now - start).toBe(200);
  });
});
