import { describe, expect, it } from 'vitest';
import { Campaign } from './campaign.ts';
import type { FaultReport } from './fault-report.ts';
import { FOUND_HEADING, qaPage } from './qa-page.ts';
import { SOMETIMES } from './sometimes.ts';

const clean: FaultReport = {
  scenario: 'calm',
  seed: 1,
  nodes: 4,
  violations: 0,
  violationList: [],
  liveAfterHeal: true,
  stuck: undefined,
  commits: 10,
  transactions: { submitted: 20, attempts: 20, acknowledged: 20, committed: 20, refused: 0 },
  commitLatencyMs: { p50: 100, p95: 200, p99: 300, max: 400, count: 20 },
  goodput: { transactionsPerSecond: 5, bytesPerSecond: 600, share: 1, blockRateShare: 1 },
  longestGapMs: 1_000,
  longestGapUnderFaultsMs: 1_000,
  recoveryMs: 500,
  drainedMs: 2_000,
  hangoverMs: 400,
  damage: { values: 0, left: 0, found: 0, repaired: 0, fetchedBytes: 0 },
  evidence: { seen: 0, proved: 0, blocksMax: 0 },
  roundMax: 1,
  roundEnteredMax: 1,
  bytesPerCommittedMb: 5_000_000,
  memory: { poolTransactionsMax: 7, queueBytesMax: 10_000 },
  sometimes: { 'round above 0 committed': 2 },
  possible: ['round above 0 committed', 'disk full'],
  liars: {},
  faults: {},
  traceHash: 'ab',
  virtualSeconds: 36,
  events: 100,
  replay: 'treadle fuzz --seeds 1..1',
};

describe('a campaign', () => {
  it('sums up its runs, and names the states that none of them reached', () => {
    const campaign = new Campaign();
    expect(campaign.add(clean)).toBeUndefined();
    expect(campaign.add({ ...clean, seed: 2, longestGapMs: 9_000, roundMax: 4, nodes: 7 })).toBeUndefined();
    const summary = campaign.summary();
    expect(summary).toMatchObject({ runs: 2, failures: 0, commits: 20, virtualHours: 0.02, roundMax: 4, sizes: { 4: 1, 7: 1 } });
    expect(summary.longestGapMs).toEqual({ median: 1_000, worst: 9_000 });
    expect(summary.sometimes['round above 0 committed']).toEqual({ runs: 2, times: 4, possible: 2 });
    expect(summary.never).toHaveLength(SOMETIMES.length - 1);
    expect(summary.missed).toEqual([]);
  });

  it('names the states that enough of its runs might have reached and none did', () => {
    const campaign = new Campaign();
    for (let seed = 1; seed <= 60; seed++) campaign.add({ ...clean, seed });
    const summary = campaign.summary();
    expect(summary.missed).toEqual(['disk full']);
    expect(summary.sometimes['disk full']).toEqual({ runs: 0, times: 0, possible: 60 });
  });

  it('keeps of a failed run why it failed and how to see it again', () => {
    const campaign = new Campaign();
    const why = { violations: 1, violationList: [{ kind: 'fork', detail: 'two blocks' }] } as const;
    expect(campaign.add({ ...clean, ...why })).toMatchObject({ replay: clean.replay, why: ['fork: two blocks'] });
    expect(campaign.add({ ...clean, liveAfterHeal: false, stuck: 'height 3 of 9' })?.why).toEqual(['not live: height 3 of 9']);
    campaign.addBroken({ scenario: 'calm', seed: 9, nodes: 4, replay: 'treadle fuzz --seeds 9..9', error: 'out of memory' });
    expect(campaign.summary()).toMatchObject({ runs: 3, failures: 3, violations: 1, notLive: 1 });
  });

  it('is written down as a page that keeps what people wrote on it', () => {
    const campaign = new Campaign();
    campaign.add(clean);
    const page = qaPage({
      version: '1.2.3',
      summary: campaign.summary(),
      seeds: '1..1',
      machine: 'two cores',
      wallMinutes: 1,
      command: 'npm run campaign',
      found: '* a bug (seed 7)',
    });
    expect(page).toContain('# Fault campaign of 1.2.3');
    expect(page).toContain('| calm | 1 | 0 |');
    expect(page.split(FOUND_HEADING)[1]?.trim()).toBe('* a bug (seed 7)');
  });
});
