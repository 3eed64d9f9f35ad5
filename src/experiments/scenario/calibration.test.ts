import { describe, expect, it } from 'vitest';
import { readCalibration } from './calibration.ts';
import { loadScenario } from './load-scenario.ts';

describe('readCalibration', () => {
  it('says what is wrong with a text that is no calibration', () => {
    const good = { machine: 'm', costMicros: { vote_sign: 1.5 }, syncMicros: 900 };
    expect(readCalibration(JSON.stringify(good))).toEqual(good);
    for (const bad of [
      '{',
      '[]',
      JSON.stringify({ ...good, costMicros: { vote_sign: -1 } }),
      JSON.stringify({ ...good, more: 1 }),
    ])
      expect(readCalibration(bad)).toEqual({ reason: expect.any(String) });
  });

  it('is told of with file and line where a scenario names it', () => {
    const text = 'scenario: here\nduration: 1 min\ncpu:\n  calibration: costs.json\n';
    expect(() => loadScenario(text, { file: 'here.yaml', readFile: () => 'nothing' })).toThrow(
      /here\.yaml, line 4: cpu\.calibration: costs\.json is no calibration/,
    );
    const missing = () => {
      throw new Error('gone');
    };
    expect(() => loadScenario(text, { file: 'here.yaml', readFile: missing })).toThrow(
      expect.objectContaining({ code: 'SCENARIO_FILE_MISSING' }),
    );
  });
});
