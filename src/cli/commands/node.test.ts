import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runTreadle } from '../testing/run-treadle.ts';

let folder: string;

beforeAll(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'treadle-node-')), 'new');
  expect(await runTreadle('init', '--folder', folder, '--edges', '1', '--devices', '1')).toMatchObject({ exitCode: 0 });
});
afterAll(() => rm(join(folder, '..'), { recursive: true, force: true }));

describe('treadle node', () => {
  it.each<readonly [string, readonly string[], readonly string[], RegExp]>([
    ['sealers in one process', ['proxy', 'company-1'], [], /roles proxy, company: only edge nodes, only devices/],
    ['companies in one process', ['company-1', 'company-2'], [], /roles company: only edge nodes/],
    ['an edge node and a device in one process', ['edge-1', 'device-1'], [], /roles edge, device/],
    ['a port that is none, before anything starts', ['fleet'], ['--console-port', '65536'], /--console-port is "65536"/],
    ['an interval that is none', ['device-1'], ['--interval', '0'], /--interval is "0"/],
    ['a limit of the disk that is none', ['company-1'], ['--storage-limit', '-1'], /--storage-limit is "-1"/],
    ['a contact that is none', ['edge-1'], ['--contact', 'nobody'], /--contact "nobody", expected ADDRESS@MULTIADDR/],
  ])('refuses %s', async (_what, seats, options, words) => {
    const outcome = await runTreadle('node', '--json', '--folder', ...seats.map((seat) => join(folder, seat)), ...options);
    expect(outcome.exitCode).toBe(1);
    expect(outcome.json()).toMatchObject({ error: { code: 'CLI_BAD_OPTION', message: expect.stringMatching(words) } });
  });

  it('names the folder where there is no node', async () => {
    const outcome = await runTreadle('node', '--json', '--folder', join(folder, 'nobody'));
    expect(outcome.json()).toMatchObject({
      error: { code: 'CLI_FOLDER_MISSING', message: expect.stringContaining(join('nobody', 'node.json')) },
    });
  });
});
