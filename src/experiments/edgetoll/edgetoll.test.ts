import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Comparison, compareWithEdgeToll } from './compare.ts';
import { WARM_PROPOSER_GAS } from './pay-by-channels.ts';
import { EDGETOLL_GAS_PER_CHANNEL, EDGETOLL_PUBLISHED } from './published.ts';
import { reportFiles } from './report-files.ts';
import { crossover, spreadOf } from './statistics.ts';

/** Bytes of call data that happen to be zero cost 12 gas less each; which are depends on nonces and signatures. */
const ZERO_BYTES_GAS = 200;
const SMALL = { seed: 1, seeds: 1, tasks: 3 };

/** Gas of the same transactions in another run, whoever proposed their blocks. */
function sameGas(left: number, right: number): boolean {
  const difference = Math.abs(left - right);
  return difference <= ZERO_BYTES_GAS || Math.abs(difference - WARM_PROPOSER_GAS) <= ZERO_BYTES_GAS;
}

describe("EdgeToll's comparison", () => {
  let comparison: Comparison;
  beforeAll(async () => {
    comparison = await compareWithEdgeToll(SMALL);
  });

  it('opens and closes a channel for less gas than EdgeToll', () => {
    const { open, close, total } = comparison.gasPerChannel;
    expect(open).toBeGreaterThan(21_000);
    expect(close).toBeGreaterThan(21_000);
    expect(total).toBe(open + close);
    expect(total).toBeLessThan(EDGETOLL_GAS_PER_CHANNEL);
    expect(comparison.below).toBe(true);
  });

  it('takes the same gas for any number of tasks through channels', () => {
    const [first, ...others] = comparison.points.map((point) => point.gas.channels);
    for (const other of others) expect(sameGas(other, first as number), `${other} and ${first}`).toBe(true);
  });

  it('takes gas in proportion to the tasks when each is paid by itself', () => {
    for (const { tasks, gas } of comparison.points) {
      expect(gas.transfers).toBe(21_000 * tasks);
      const perTask = gas.channelPerTask / tasks;
      expect(Math.abs(perTask - (comparison.points[0]?.gas.channelPerTask ?? 0))).toBeLessThan(ZERO_BYTES_GAS);
    }
    expect(comparison.crossoverTasks.gas).toEqual({ channelPerTask: 3, transfers: undefined });
  });

  it('loses no wei', () => {
    expect(comparison.conserved).toBe(true);
  });

  it('takes longer the more tasks there are, and longest with a channel per task', () => {
    const [first, , third] = comparison.points;
    expect(third?.wholeSeconds.channels.median).toBeGreaterThan(first?.wholeSeconds.channels.median ?? Infinity);
    expect(third?.wholeSeconds.channelPerTask.median).toBeGreaterThan(third?.wholeSeconds.channels.median ?? Infinity);
    for (const { paymentSeconds, wholeSeconds } of comparison.points) {
      for (const way of ['channels', 'transfers', 'channelPerTask'] as const) {
        expect(paymentSeconds[way].median).toBeGreaterThan(0);
        expect(wholeSeconds[way].median).toBeGreaterThan(paymentSeconds[way].median);
      }
    }
  });

  it('is the same for the same seed', async () => {
    expect(await compareWithEdgeToll({ ...SMALL, tasks: 1 })).toEqual(await compareWithEdgeToll({ ...SMALL, tasks: 1 }));
  });

  it('is what the committed numbers say', () => {
    const file = path.resolve(import.meta.dirname, '../../../docs/experiments/edgetoll/gas.csv');
    const [header, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(header).toBe('tasks,channels_gas,channels_gas_from,transfers_gas,channel_per_task_gas');
    expect(lines).toHaveLength(50);
    for (const tasks of [1, 3]) {
      const [number, channels, , transfers, channelPerTask] = (lines[tasks - 1] as string).split(',').map(Number);
      const gas = comparison.points[tasks - 1]?.gas;
      expect(number).toBe(tasks);
      expect(sameGas(channels as number, gas?.channels ?? 0), `channels: ${channels} committed, ${gas?.channels} now`).toBe(true);
      expect(transfers).toBe(gas?.transfers);
      expect(Math.abs((channelPerTask as number) - (gas?.channelPerTask ?? 0))).toBeLessThan(tasks * ZERO_BYTES_GAS);
    }
  });

  it('is written as a page, tables and figures', () => {
    const files = new Map(reportFiles(comparison).map((file) => [file.path, file.text]));
    expect([...files.keys()]).toEqual([
      'edgetoll.md',
      'edgetoll/gas.csv',
      'edgetoll/time.csv',
      'edgetoll/published.csv',
      'edgetoll/gas.svg',
      'edgetoll/time.svg',
    ]);
    for (const name of ['edgetoll/gas.svg', 'edgetoll/time.svg']) {
      const svg = files.get(name) ?? '';
      expect(svg).toMatch(/^<svg /);
      expect(svg).toContain('EdgeToll: two channels (published)');
      expect(svg).toContain('stroke-dasharray');
    }
    const page = files.get('edgetoll.md') ?? '';
    expect(page).toContain(`**${comparison.gasPerChannel.total.toLocaleString('en-US')} gas**`);
    expect(page).toContain('![Gas of paying for n tasks, by the way of paying](edgetoll/gas.svg)');
    expect(files.get('edgetoll/time.csv')?.split('\n')).toHaveLength(1 + SMALL.tasks * 2 * 3 + 1);
    expect(files.get('edgetoll/published.csv')?.split('\n')).toHaveLength(1 + EDGETOLL_PUBLISHED.length + 1);
  });
});

describe('crossover', () => {
  it('is where ours stays below from', () => {
    expect(crossover([5, 5, 5, 5], [2, 4, 6, 8])).toBe(3);
    expect(crossover([5, 5, 5, 5], [6, 4, 6, 8])).toBe(3);
    expect(crossover([1, 1], [2, 2])).toBe(1);
    expect(crossover([5, 5], [9, 5])).toBeUndefined();
  });
});

describe('spreadOf', () => {
  it('takes the middle value, or the mean of the two middle ones', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
    expect(spreadOf([4, 1, 2, 3])).toEqual({ min: 1, median: 2.5, max: 4 });
    expect(spreadOf([7])).toEqual({ min: 7, median: 7, max: 7 });
  });
});
