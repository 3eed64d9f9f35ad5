import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runTreadle } from '../testing/run-treadle.ts';

let root: string;
let scenario: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'treadle-sim-'));
  scenario = join(root, 'small.yaml');
  await writeFile(
    scenario,
    'scenario: small\ndescription: two of each\nduration: 8 s\nseed: 5\nedge: { count: 2 }\ndevices: { count: 2, taskInterval: 4 s, window: { samples: 1024, sampleRate: 3200 Hz } }\n',
  );
  await writeFile(join(root, 'sites.csv'), 'LATITUDE,LONGITUDE\n-37.81,144.96\n-37.82,144.97\n-37.83,144.98\n');
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('treadle sim', () => {
  it('gives the same report for the same seed but for the time it took, and another for another', async () => {
    const run = async (...options: readonly string[]) => {
      const outcome = await runTreadle('sim', scenario, '--json', ...options);
      expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
      const { wallSeconds, ...report } = outcome.json();
      expect(wallSeconds).toBeGreaterThan(0);
      return report;
    };
    const first = await run();
    expect(first).toMatchObject({
      scenario: 'small',
      seed: 5,
      ledger: { forks: 0 },
      tasks: { failed: 0 },
      payments: { conserved: true },
    });
    expect(await run('--seed', '5')).toEqual(first);
    const other = await run('--seed', '6');
    expect(other).toMatchObject({ seed: 6 });
    expect(other['traceHash']).not.toBe(first['traceHash']);
  });

  it('says for people what came of it, with places from a file', async () => {
    const { exitCode, stdout } = await runTreadle('sim', scenario, '--sites', join(root, 'sites.csv'));
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^small: two of each\n\d+\.\d s of virtual time in /);
    for (const words of [
      /^trace {5}\S+$/m,
      /0 forks, 0 view changes/,
      /tasks {5}(\d+) of \1 completed, 0 failed/,
      /\d+ vouchers, \d+ wei settled, conserved/,
    ]) {
      expect(stdout).toMatch(words);
    }
  });

  it.each<readonly [string, () => readonly string[], string, RegExp]>([
    ['a seed that is none', () => [scenario, '--seed', '-1'], 'CLI_BAD_OPTION', /--seed is "-1"/],
    ['a file that is not there', () => [join(root, 'none.yaml')], 'CLI_FILE_UNREADABLE', /none\.yaml cannot be read \(ENOENT\)/],
    [
      'places that are not there',
      () => [scenario, '--users', join(root, 'none.csv')],
      'SCENARIO_FILE_MISSING',
      /cannot read .*none\.csv/,
    ],
  ])('refuses %s', async (_what, argv, code, words) => {
    const outcome = await runTreadle('sim', ...argv(), '--json');
    expect(outcome.exitCode).toBe(1);
    expect(outcome.json()).toMatchObject({ error: { code, message: expect.stringMatching(words) } });
  });
});

describe('treadle task', () => {
  it('is for the folder of a device, with samples that can be read', async () => {
    const folder = join(root, 'new');
    expect(await runTreadle('init', '--folder', folder, '--edges', '1', '--devices', '0')).toMatchObject({ exitCode: 0 });
    const asEdge = await runTreadle('task', '--folder', join(folder, 'edge-1'), '--json');
    expect(asEdge.json()).toMatchObject({
      error: { code: 'CLI_BAD_OPTION', message: expect.stringContaining('folder of a edge') },
    });
    const unread = await runTreadle('task', '--folder', join(folder, 'device-1'), '--input', join(root, 'none.json'), '--json');
    expect(unread.json()).toMatchObject({
      error: { code: 'CLI_FILE_UNREADABLE', message: expect.stringContaining('none.json cannot be read (ENOENT)') },
    });
    expect([asEdge.exitCode, unread.exitCode]).toEqual([1, 1]);
  });
});
