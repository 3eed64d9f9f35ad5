import { describe, expect, it } from 'vitest';
import type { FaultScenario } from '../../src/experiments/faults/index.ts';
import { readFaultScenario, runFaultScenario } from '../../src/experiments/faults/index.ts';

const CALM = readFaultScenario(
  'faultScenario: calm\nwarmUp: 3 s\nsafety: { duration: 10 s }\nliveness: { within: 30 s, blocks: 3 }\n',
  { file: 'calm.yaml' },
);

const run = (scenario: FaultScenario, seed = 1) => runFaultScenario(scenario, { seed, replay: 'treadle sim calm.yaml' });

describe('the checks of a fault run', () => {
  it('find nothing where nothing goes wrong', async () => {
    const report = await run(CALM);
    expect(report).toMatchObject({ violations: 0, liveAfterHeal: true, roundMax: 0, faults: {}, liars: {} });
    expect(report.goodput.share).toBeGreaterThan(0.5);
    expect(report.longestGapMs).toBeLessThan(6_000);
  });

  it('find a consortium that does not come back', async () => {
    // More liars than it can bear cannot be drawn; a bound that nobody can keep can.
    const hasty = { ...CALM, liveness: { ...CALM.liveness, withinMicros: 100_000 } };
    const report = await run(hasty);
    expect(report.liveAfterHeal).toBe(false);
    expect(report.stuck).toMatch(/height \d+ of \d+/);
    expect(report.drainedMs).toBeNull();
  });

  it('find throughput below what is asked for', async () => {
    const report = await run({ ...CALM, checks: { ...CALM.checks, throughputShare: 50 } });
    expect(report.violationList).toMatchObject([{ kind: 'check', detail: expect.stringMatching(/throughput under faults/) }]);
  });

  it('find a first block that comes too late, and a transaction that waits too long', async () => {
    const report = await run({
      ...CALM,
      liveness: { ...CALM.liveness, resumeMicros: 1 },
      checks: { ...CALM.checks, inclusionBlocks: { per: 'one', plus: 0 } },
    });
    const details = report.violationList.map(({ detail }) => detail).join('\n');
    expect(details).toMatch(/first block after the heal/);
    expect(details).toMatch(/waited \d+ blocks/);
  });
});
