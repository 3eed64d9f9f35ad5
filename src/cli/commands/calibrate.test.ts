import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadScenario } from '../../experiments/index.ts';
import { calibrate } from './calibrate.ts';

describe('treadle calibrate', () => {
  it('writes a table that a scenario takes, and does not overwrite one', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'treadle-calibrate-'));
    const out = path.join(folder, 'costs.json');
    await calibrate({ out, folder });
    const text = await readFile(out, 'utf8');
    const scenario = loadScenario(
      'scenario: here\nduration: 1 min\ncpu:\n  calibration: costs.json\n  costs:\n    vote_sign: 7 us\n',
      {
        file: 'here.yaml',
        readFile: () => text,
      },
    );
    const { costMicros, syncMicros } = scenario.cpu;
    expect(costMicros['vote_sign']).toBe(7);
    expect(syncMicros).toBe(JSON.parse(text).syncMicros);
    // Bounds that hold on any machine: a signature takes microseconds, not nanoseconds or seconds.
    for (const operation of ['vote_verify', 'transaction_recover']) {
      expect(costMicros[operation]).toBeGreaterThan(5);
      expect(costMicros[operation]).toBeLessThan(100_000);
    }
    for (const operation of ['evm_gas', 'payload_kib', 'service.vibration.spectrum'])
      expect(costMicros[operation]).toBeGreaterThan(0);
    await expect(calibrate({ out, folder })).rejects.toMatchObject({ code: 'CLI_FILE_EXISTS' });
  });
});
