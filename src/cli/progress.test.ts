import { describe, expect, it } from 'vitest';
import type { ChildReport } from './child-report.ts';
import { progressLine } from './progress.ts';

const report = (role: string, rest: Partial<ChildReport>): ChildReport => ({
  name: role,
  role,
  node: '0x',
  addresses: [],
  peers: 0,
  ...rest,
});

describe('the progress line', () => {
  it('adds up what the processes report', () => {
    const line = progressLine([
      report('proxy', { height: 12, vouchers: 7 }),
      report('company', { height: 14 }),
      report('group', { height: 13, nodes: 5, tasks: { requested: 0, completed: 9, failed: 0 }, vouchers: 9 }),
      report('fleet', { nodes: 10, tasks: { requested: 20, completed: 15, failed: 2 }, vouchers: 15 }),
    ]);
    // Tasks are counted where they are asked for, vouchers where they pass.
    expect(line).toBe('height 14 | nodes 17 | tasks 15 done, 3 under way, 2 failed | vouchers 7');
  });

  it('is there before anybody has reported', () => {
    expect(progressLine([])).toBe('height 0 | nodes 0 | tasks 0 done, 0 under way, 0 failed | vouchers 0');
  });
});
