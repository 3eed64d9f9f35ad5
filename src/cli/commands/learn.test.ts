import { appendFile, mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runTreadle } from '../testing/run-treadle.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'treadle-learn-'));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

const SMALL = [
  ...['--dataset', 'bearing'],
  ...['--clients', '10', '--active', '4', '--rounds', '3', '--epochs', '1'],
  ...['--train-samples', '400', '--test-samples', '150', '--attack', 'label-flip', '--malicious', '0.3'],
];

describe('treadle learn', () => {
  it('lists strategies, what may stand before them, and attacks', async () => {
    const text = await runTreadle('learn', 'strategies');
    for (const name of ['fedavg', 'pedal', 'multi-krum', 'nnm', 'a-little-is-enough']) expect(text.stdout).toContain(name);
    const { strategies, attacks } = (await runTreadle('learn', 'strategies', '--json')).json() as Record<
      string,
      { name: string }[]
    >;
    expect(strategies).toHaveLength(11);
    expect(attacks).toHaveLength(10);
  });

  it('runs with one thread and with three, stopped or not, to the same result, and verifies it', {
    timeout: 120_000,
  }, async () => {
    const [one, three] = [path.join(root, 'one'), path.join(root, 'three')];
    const first = await runTreadle('learn', 'run', '--folder', one, '--workers', '1', ...SMALL);
    expect(first.stdout).toMatch(/round 3\/3 \| accuracy 0\.\d{4} \| loss .* \| accepted 2 \| rejected .* \| done/);
    const second = (await runTreadle('learn', 'run', '--folder', three, '--workers', '3', '--json', ...SMALL)).json();
    const rounds = path.join(one, 'rounds.jsonl');
    const whole = await readFile(rounds, 'utf8');
    expect(await readFile(path.join(three, 'rounds.jsonl'), 'utf8')).toBe(whole);
    expect(second['finished']).toBe(true);

    // As if it had been killed while it wrote the third line.
    await truncate(rounds, whole.length - 20);
    const resumed = await runTreadle('learn', 'run', '--folder', one, '--resume');
    expect(resumed.stdout).toContain('Going on after round 2 of 3');
    expect(await readFile(rounds, 'utf8')).toBe(whole);

    const verified = await runTreadle('learn', 'verify', one, '--rounds', '2..3', '--json');
    const { liars, updates } = verified.json() as { liars: { client: string; rounds: number[] }[]; updates: number };
    expect(updates).toBe(8);
    expect(liars.length).toBeGreaterThan(0);
    expect(verified.exitCode).toBe(1);

    // Records that were changed do not follow from one another.
    await appendFile(rounds, `${whole.split('\n')[0]}\n`);
    const changed = await runTreadle('learn', 'verify', one, '--json');
    expect(changed.json()).toMatchObject({ error: { code: 'FEDERATED_STATE_INVALID' } });
  });

  it.each([
    [['--strategy', 'pedl'], 'FEDERATED_PLUGIN_UNKNOWN'],
    [['--strategy', 'krum:faulty=9'], 'FEDERATED_TOO_FEW_CLIENTS'],
    [['--active', '20'], 'CLI_BAD_OPTION'],
    [['--dataset', 'nothing'], 'DATASET_UNKNOWN'],
  ])('%j is refused with %s', async (options, code) => {
    const folder = path.join(root, code);
    const { exitCode, json } = await runTreadle('learn', 'run', '--json', '--folder', folder, ...SMALL, ...options);
    expect([exitCode, json()]).toEqual([1, { error: expect.objectContaining({ code }) }]);
  });

  it('starts in no folder that holds something, and goes on in none that holds nothing', async () => {
    expect((await runTreadle('learn', 'run', '--json', '--folder', root, ...SMALL)).json()).toMatchObject({
      error: { code: 'CLI_FOLDER_NOT_EMPTY' },
    });
    expect((await runTreadle('learn', 'run', '--json', '--resume', '--folder', path.join(root, 'none'))).json()).toMatchObject({
      error: { code: 'CLI_FILE_UNREADABLE' },
    });
  });
});
