import { describe, expect, it } from 'vitest';
import { PROPOSAL_EXECUTION_MICROS, PROPOSAL_GAS_MIN } from '../../limits.ts';
import { ExecutionPace } from './execution-pace.ts';

describe('the pace of execution', () => {
  it('gives a budget of what is executed in the time of a proposal', () => {
    const pace = new ExecutionPace();
    expect(pace.budget()).toBeUndefined();
    pace.note(50_000_000, 500_000);
    expect(pace.budget()).toBe(BigInt(100 * PROPOSAL_EXECUTION_MICROS));
  });

  it('follows a machine that becomes slower, and does not take small blocks for a measure', () => {
    const pace = new ExecutionPace();
    pace.note(50_000_000, 500_000);
    pace.note(21_000, 400_000);
    expect(pace.budget()).toBe(BigInt(100 * PROPOSAL_EXECUTION_MICROS));
    for (let block = 0; block < 20; block++) pace.note(50_000_000, 2_500_000);
    expect(Number(pace.budget())).toBeLessThan(21 * PROPOSAL_EXECUTION_MICROS);
    for (let block = 0; block < 40; block++) pace.note(2_000_000, 60_000_000);
    expect(pace.budget()).toBe(PROPOSAL_GAS_MIN);
  });
});
