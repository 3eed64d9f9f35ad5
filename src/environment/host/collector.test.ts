import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const COLLECTOR = fileURLToPath(new URL('./collector.ts', import.meta.url));

/** Makes 1 GB of buffers that die at once and prints how often the whole heap was collected meanwhile. */
const PROGRAM = `
  import { PerformanceObserver, constants } from 'node:perf_hooks';
  import { setImmediate } from 'node:timers/promises';
  if (process.argv[1] === 'suited') (await import(${JSON.stringify(COLLECTOR)})).suitCollector();
  // Something to mark, as a node has.
  globalThis.kept = Array.from({ length: 400_000 }, (_, at) => ({ at }));
  let whole = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) whole++;
  });
  observer.observe({ entryTypes: ['gc'] });
  for (let at = 0; at < 16_000; at++) {
    globalThis.last = new Uint8Array(65_536);
    if (at % 100 === 0) await setImmediate();
  }
  await setImmediate();
  console.log(whole, Math.round(process.memoryUsage().arrayBuffers / 1e6));
`;

async function run(how: 'suited' | 'plain'): Promise<{ readonly whole: number; readonly megabytes: number }> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', PROGRAM, how]);
  const [whole = Number.NaN, megabytes = Number.NaN] = stdout.trim().split(' ').map(Number);
  return { whole, megabytes };
}

it('spares the heap a collection for every 64 MB of buffers, and bounds those that are dead', async () => {
  const [suited, plain] = [await run('suited'), await run('plain')];
  expect(plain.whole).toBeGreaterThan(4);
  expect(suited.whole).toBeLessThan(plain.whole / 2);
  expect(suited.megabytes).toBeLessThan(150);
});
