import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Demand, fairShare, type Resource } from './fair-share.ts';

const flow = (resources: readonly Resource[], control = false): Demand => ({ resources, control });

describe('fairShare', () => {
  it('agrees with a calculation by hand', () => {
    // Two uplinks of 10 and 4, a downlink of 9 that all three flows enter: the second uplink gives its two flows 2 each,
    // the first flow takes what they leave of the downlink, 9 - 4 = 5.
    const [first, second, down] = [{ rate: 10 }, { rate: 4 }, { rate: 9 }];
    expect(fairShare([flow([first, down]), flow([second, down]), flow([second, down])])).toEqual([5, 2, 2]);
  });

  it('serves control flows first', () => {
    const [up, down, slow] = [{ rate: 10 }, { rate: 6 }, { rate: 1 }];
    expect(fairShare([flow([up]), flow([up, down], true), flow([up, slow])])).toEqual([3, 6, 1]);
  });

  it('does not bound what nothing bounds', () => {
    expect(fairShare([flow([{ rate: Number.POSITIVE_INFINITY }])])).toEqual([Number.POSITIVE_INFINITY]);
    expect(fairShare([])).toEqual([]);
  });

  it('is feasible, and every flow has a bottleneck on which nobody has more (max-min)', () => {
    const setting = fc.record({
      capacities: fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 2, maxLength: 8 }),
      routes: fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { minLength: 1, maxLength: 20 }),
    });
    fc.assert(
      fc.property(setting, ({ capacities, routes }) => {
        const resources = capacities.map((rate) => ({ rate }));
        const at = (index: number) => resources[index % resources.length] as Resource;
        const flows = routes.map(([from, to]) => flow([...new Set([at(from), at(to)])]));
        const rates = fairShare(flows);
        const users = (resource: Resource) =>
          flows.flatMap((entry, position) => (entry.resources.includes(resource) ? [position] : []));
        const load = (resource: Resource) => users(resource).reduce((sum, position) => sum + (rates[position] as number), 0);
        for (const resource of resources) expect(load(resource)).toBeLessThanOrEqual(resource.rate * (1 + 1e-9));
        flows.forEach((entry, position) => {
          const bottleneck = entry.resources.some(
            (resource) =>
              load(resource) >= resource.rate * (1 - 1e-9) &&
              users(resource).every((other) => (rates[other] as number) <= (rates[position] as number) * (1 + 1e-9)),
          );
          expect(bottleneck).toBe(true);
        });
      }),
      { numRuns: 200 },
    );
  });
});
