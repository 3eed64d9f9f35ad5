import { expect, it } from 'vitest';
import { OUTSIDE_READS_MAX } from '../../limits.ts';
import type { Environment } from '../environment.ts';
import type { OutsideOptions, OutsideSource } from '../outside.ts';
import type { ContractWorld } from './contract-world.ts';

const PATIENT: OutsideOptions = { timeoutMicros: 20_000_000, maxBytes: 1_000_000 };

/** What every door to the outside does. */
export function outsideContract(world: () => ContractWorld): void {
  const read = (env: Environment, source: OutsideSource, options: Partial<OutsideOptions> = {}) =>
    world().run(env.outside.read(source, { ...PATIENT, ...options }));

  it('reads the content of a source, what it is and when that was', async () => {
    const env = await world().add();
    const source = world().publish({ type: 'answers', content: '{"celsius":21.5}', mediaType: 'application/json' });
    const before = env.clock.now();
    const reading = await read(env, source);
    expect(new TextDecoder().decode(reading.content)).toBe('{"celsius":21.5}');
    expect(reading.mediaType).toBe('application/json');
    expect(reading.observedAtMs).toBeGreaterThanOrEqual(Math.floor(before / 1000));
    expect(reading.observedAtMs).toBeLessThanOrEqual(env.clock.now() / 1000);
    expect(Number.isInteger(reading.observedAtMs)).toBe(true);
    expect(env.metrics.snapshot()).toMatchObject({ outside_reads_total: 1, outside_bytes_total: 16, outside_read_ms_count: 1 });
  });

  it('takes content up to the limit and not a byte more', async () => {
    const env = await world().add();
    const source = world().publish({ type: 'answers', content: 'x'.repeat(200_000), mediaType: 'text/plain' });
    expect((await read(env, source, { maxBytes: 200_000 })).content.length).toBe(200_000);
    await expect(read(env, source, { maxBytes: 199_999 })).rejects.toMatchObject({ code: 'OUTSIDE_TOO_LARGE' });
  });

  it('says why a source gave nothing', async () => {
    const env = await world().add();
    const code = async (type: 'refuses' | 'silent' | 'absent' | 'forbidden') =>
      expect(read(env, world().publish({ type }), type === 'silent' ? { timeoutMicros: 200_000 } : {})).rejects;
    await (await code('refuses')).toMatchObject({ code: 'OUTSIDE_REFUSED' });
    await (await code('silent')).toMatchObject({ code: 'OUTSIDE_TIMEOUT' });
    await (await code('absent')).toMatchObject({ code: 'OUTSIDE_UNREACHABLE' });
    await (await code('forbidden')).toMatchObject({ code: 'OUTSIDE_NOT_ALLOWED' });
    await expect(read(env, { kind: 'http', url: 'ftp://source.example/' })).rejects.toMatchObject({
      code: 'OUTSIDE_SOURCE_INVALID',
    });
    expect(env.metrics.snapshot()).toMatchObject({ outside_reads_total: 5, outside_failures_total: 5 });
  });

  it('reads many sources at once, but not without bound, and ends them all when it closes', async () => {
    const env = await world().add();
    const silent = world().publish({ type: 'silent' });
    const open = Array.from({ length: OUTSIDE_READS_MAX }, () => env.outside.read(silent, PATIENT));
    const failures = Promise.allSettled(open);
    await expect(read(env, silent)).rejects.toMatchObject({ code: 'OUTSIDE_BUSY' });
    await world().run(env.outside.close());
    const codes = (await world().run(failures)).map((outcome) => outcome.status === 'rejected' && outcome.reason.code);
    expect(codes).toEqual(open.map(() => 'OUTSIDE_UNREACHABLE'));
    await expect(read(env, silent)).rejects.toMatchObject({ code: 'OUTSIDE_UNREACHABLE' });
  });
}
