import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasCode } from '../../../errors.ts';
import { findPlugin, readPluginChoice } from '../plugin.ts';
import { contextOf, contributionsOf, type Given } from '../testing/contributions.ts';
import { PRE_AGGREGATORS, STRATEGIES } from './catalogue.ts';
import { type Aggregate, aggregate } from './strategy.ts';

/** Aggregates what clients a, b, c, ... gave, as `name:parameter=value` says. */
async function run(
  text: string,
  given: readonly Given[],
  options: Parameters<typeof contextOf>[0],
  before: readonly string[] = [],
) {
  const { name, settings } = readPluginChoice(text, STRATEGIES);
  const steps = before.map((each) => {
    const choice = readPluginChoice(each, PRE_AGGREGATORS);
    return findPlugin(choice.name, PRE_AGGREGATORS).make(choice.settings);
  });
  const strategy = findPlugin(name, STRATEGIES).make(settings);
  return await aggregate(contributionsOf(given), contextOf(options), { strategy, before: steps });
}

const line = (...values: readonly number[]): Given[] => values.map((value) => ({ weights: [value] }));
const one = { length: 1 };
const clientsOf = (list: Aggregate['accepted'] | Aggregate['rejected']) =>
  list
    .map(({ client }) => client)
    .sort()
    .join('');

describe('by hand', () => {
  it('fedavg weighs by samples', async () => {
    const { weights, accepted } = await run(
      'fedavg',
      [
        { weights: [1, 2], samples: 1 },
        { weights: [5, 10], samples: 3 },
      ],
      { length: 2 },
    );
    expect([...weights]).toEqual([4, 8]);
    expect(accepted).toEqual([
      { client: 'a', share: 0.25 },
      { client: 'b', share: 0.75 },
    ]);
  });

  it('fedavg counts all alike when nobody has samples', async () => {
    expect(
      (
        await run(
          'fedavg',
          [
            { weights: [1], samples: 0 },
            { weights: [3], samples: 0 },
          ],
          one,
        )
      ).weights[0],
    ).toBe(2);
  });

  it('pedal averages the best third by samples, rounded up', async () => {
    const given = [0.1, 0.9, 0.4, 0.8, 0.2, 0.3, 0.05].map((weight, at) => ({ weights: [weight], samples: at + 1 }));
    const { weights, accepted, rejected, evaluations } = await run('pedal', given, one);
    expect(clientsOf(accepted)).toBe('bcd');
    expect(weights[0]).toBeCloseTo((2 * 0.9 + 3 * 0.4 + 4 * 0.8) / 9, 6);
    expect(accepted.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(clientsOf(rejected)).toBe('aefg');
    expect(rejected[0]?.reason).toBe('rank 4 of 7 with accuracy 0.3000');
    expect(evaluations).toBe(7);
  });

  it.each([
    [1, 1],
    [3, 1],
    [4, 2],
    [9, 3],
    [10, 4],
  ])('pedal takes of %i updates %i', async (count, taken) => {
    expect((await run('pedal', line(...Array.from({ length: count }, (_, at) => at / 20)), one)).accepted).toHaveLength(taken);
  });

  it('pedal prefers the smaller loss among equals, and ranks what is no number last', async () => {
    const losses = [2, Number.NaN, 1];
    const judge = async (weights: Float32Array) => ({ accuracy: 0.5, loss: losses[weights[0] as number] as number });
    expect(clientsOf((await run('pedal', line(0, 1, 2), { ...one, judge })).accepted)).toBe('c');
  });

  it('proof takes the smallest claim that holds', async () => {
    const given = [
      { weights: [0.9], claimedLoss: 0.1 },
      { weights: [0.2], claimedLoss: 0.05 },
      { weights: [0.7], claimedLoss: 0.3 },
      { weights: [0.99] },
    ];
    const { weights, accepted, rejected, evaluations } = await run('proof', given, one);
    expect(weights[0]).toBeCloseTo(0.9, 6);
    expect(accepted).toEqual([{ client: 'a', share: 1 }]);
    expect(Object.fromEntries(rejected.map(({ client, reason }) => [client, reason]))).toEqual({
      b: 'claims a loss of 0.0500, it is 0.8000',
      c: 'a smaller loss than 0.3000 was claimed and found',
      d: 'claims no loss',
    });
    expect(evaluations).toBe(8);
    const all = await run('proof:average=1', given, one);
    expect(clientsOf(all.accepted)).toBe('ac');
    expect(all.weights[0]).toBeCloseTo(0.8, 6);
  });

  it('proof changes nothing when no claim holds', async () => {
    const global = Float32Array.of(7);
    const { weights, accepted } = await run('proof', [{ weights: [0.2], claimedLoss: 0.1 }], { ...one, global });
    expect([...weights]).toEqual([7]);
    expect(accepted).toEqual([]);
  });

  it('median', async () => {
    expect((await run('median', line(5, -100, 3), one)).weights[0]).toBe(3);
    expect((await run('median', line(5, -100, 3, 1000), one)).weights[0]).toBe(4);
  });

  it('trimmed mean', async () => {
    expect((await run('trimmed-mean:faulty=1', line(5, -100, 3, 1000, 1), one)).weights[0]).toBe(3);
    expect((await run('trimmed-mean:faulty=0', line(1, 2, 6), one)).weights[0]).toBe(3);
  });

  it('krum takes the one in the crowd, multi-krum the mean of the crowd', async () => {
    // Of n = 7 with 2 liars each counts its 3 nearest: scores 14, 6, 6, 14 on the line, and far more for the others.
    const given = line(1, 2, 3, 4, 100, 101, -50);
    const single = await run('krum:faulty=2', given, one);
    expect(single.weights[0]).toBe(2);
    expect(clientsOf(single.accepted)).toBe('b');
    const several = await run('multi-krum:faulty=2,best=4', given, one);
    expect(several.weights[0]).toBe(2.5);
    expect(clientsOf(several.rejected)).toBe('efg');
  });

  it('geometric median finds the corner of Fermat', async () => {
    // Of an equilateral triangle the point is its centre; of points on a line the one in the middle.
    const height = Math.sqrt(3);
    const corners = [
      [0, 0],
      [2, 0],
      [1, height],
    ].map((weights) => ({ weights }));
    const { weights } = await run('geometric-median:passes=50', corners, { length: 2 });
    expect(weights[0]).toBeCloseTo(1, 5);
    expect(weights[1]).toBeCloseTo(height / 3, 5);
    expect((await run('geometric-median:passes=100', line(0, 1, 50), one)).weights[0]).toBeCloseTo(1, 2);
  });

  it('fltrust makes updates as long as its own and drops those that point away', async () => {
    const trainRoot = async () => Float32Array.of(2, 0);
    const given = [{ weights: [10, 0] }, { weights: [-1, 0] }, { weights: [3, 3] }];
    const { weights, accepted, rejected } = await run('fltrust', given, { length: 2, trainRoot });
    // Cosines 1 and 1/sqrt 2; both of length 2: (2, 0) and (sqrt 2, sqrt 2).
    const cosine = Math.SQRT1_2;
    expect(weights[0]).toBeCloseTo((2 + cosine * Math.SQRT2) / (1 + cosine), 5);
    expect(weights[1]).toBeCloseTo((cosine * Math.SQRT2) / (1 + cosine), 5);
    expect(accepted.map(({ share }) => share)).toEqual(
      [1 / (1 + cosine), cosine / (1 + cosine)].map((each) => expect.closeTo(each, 6)),
    );
    expect(clientsOf(rejected)).toBe('b');
  });

  it('centred clipping pulls nobody further than the radius', async () => {
    // From 0 with radius 1: (1 + 1 - 1) / 3, then from 1/3 the same again.
    const { weights } = await run('centred-clipping:radius=1,passes=2', line(5, 100, -1), one);
    expect(weights[0]).toBeCloseTo(1 / 3 + 1 / 3, 6);
  });

  it('clipping shortens to the radius, and to the median length without one', async () => {
    expect((await run('fedavg', line(10, -4, 1), one, ['clipping:radius=2'])).weights[0]).toBeCloseTo((2 - 2 + 1) / 3, 6);
    expect((await run('fedavg', line(10, -4, 1), one, ['clipping'])).weights[0]).toBeCloseTo((4 - 4 + 1) / 3, 6);
  });

  it('bucketing gives means of buckets, with all of their clients', async () => {
    const { accepted, weights } = await run('median', line(1, 1, 1, 1, 1), one, ['bucketing:size=2']);
    expect(clientsOf(accepted)).toBe('abcde');
    expect(weights[0]).toBe(1);
    expect(accepted.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
  });

  it('nearest-neighbour mixing replaces each by the mean of its nearest', async () => {
    // With one liar of 4: {0,1,2}, {0,1,2}, {0,1,2} and, for 90, {1,2,90}: the median of 1, 1, 1, 31.
    expect((await run('median', line(0, 1, 2, 90), one, ['nnm:faulty=1'])).weights[0]).toBe(1);
    expect((await run('fedavg', line(0, 1, 2, 90), one, ['nnm:faulty=1'])).weights[0]).toBeCloseTo((1 + 1 + 1 + 31) / 4, 5);
  });

  it('pre-aggregators go before a strategy in their order', async () => {
    const both = await run('fedavg', line(10, -4, 1, 2), one, ['clipping:radius=2', 'nnm:faulty=1']);
    // Clipped to 2, -2, 1, 2; nearest three of each: {1,2,2}, {-2,1,2}, {1,2,2}, {1,2,2}.
    expect(both.weights[0]).toBeCloseTo((3 * (5 / 3) + 1 / 3) / 4, 5);
  });
});

describe('too few clients', () => {
  it.each([
    ['krum:faulty=2', 6, 7],
    ['multi-krum:faulty=1,best=9', 8, 9],
    ['trimmed-mean:faulty=3', 6, 7],
    ['krum', 2, 3],
    ['fedavg', 0, 1],
  ])('%s with %i updates says that it needs %i', async (text, have, need) => {
    const failure = await run(text, line(...new Array<number>(have).fill(1)), one).catch((error: unknown) => error);
    expect(hasCode(failure, 'FEDERATED_TOO_FEW_CLIENTS') && failure.data).toEqual({ need, have });
    expect(String(failure)).toContain(`${need} clients or more`);
  });
});

describe('properties', () => {
  const LENGTH = 7;
  const vector = fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: LENGTH, maxLength: LENGTH });
  const given = fc.array(fc.record({ weights: vector, samples: fc.integer({ min: 1, max: 50 }) }), {
    minLength: 7,
    maxLength: 11,
  });
  /** Judged by the first weight; claims are true. */
  const judge = async (weights: Float32Array) => ({ accuracy: weights[0] as number, loss: 20 - (weights[0] as number) });
  const claimed = (all: readonly Given[]) =>
    all.map((each) => ({ ...each, claimedLoss: 20 - Math.fround(each.weights[0] as number) }));
  const options = { length: LENGTH, judge };
  const names = STRATEGIES.map(({ name }) => name);

  it.each(names)('%s gives the same bits in whatever order updates come', async (name) => {
    await fc.assert(
      fc.asyncProperty(given, fc.integer(), async (all, turn) => {
        const contributions = contributionsOf(claimed(all));
        const { settings } = readPluginChoice(name, STRATEGIES);
        const strategy = findPlugin(name, STRATEGIES).make(settings);
        const straight = await aggregate(contributions, contextOf(options), { strategy });
        const turned = contributions.map(
          (_, at) => contributions[(at + Math.abs(turn)) % contributions.length] as (typeof contributions)[0],
        );
        const other = await aggregate(turned.reverse(), contextOf(options), { strategy });
        expect(other).toEqual(straight);
      }),
      { numRuns: 20 },
    );
  });

  it.each(names.filter((name) => name !== 'fltrust' && name !== 'centred-clipping'))('%s agrees when all agree', async (name) => {
    await fc.assert(
      fc.asyncProperty(vector, fc.integer({ min: 3, max: 12 }), async (weights, count) => {
        const all = claimed(Array.from({ length: count }, () => ({ weights, samples: count })));
        const outcome = await run(name, all, options);
        for (const [at, weight] of outcome.weights.entries()) expect(weight).toBeCloseTo(weights[at] as number, 4);
      }),
      { numRuns: 20 },
    );
  });

  /** Those that promise it: with fewer than a third of liars, however far away, the outcome stays where the honest are. */
  const robust = [
    'median',
    'trimmed-mean:faulty=3',
    'krum:faulty=3',
    'multi-krum:faulty=3',
    'geometric-median',
    'centred-clipping',
  ];
  it.each(robust.flatMap((name) => [[name, []] as const, [name, ['nnm:faulty=3']] as const]))(
    '%s %j bears 3 liars of 10',
    async (name, before) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(vector, { minLength: 7, maxLength: 7 }),
          fc.float({ min: 100, max: 10_000, noNaN: true }),
          async (honest, far) => {
            const liars = Array.from({ length: 3 }, () => ({ weights: new Array<number>(LENGTH).fill(far) }));
            const outcome = await run(name, [...honest.map((weights) => ({ weights })), ...liars], options, before);
            const furthest = Math.max(...outcome.weights.map(Math.abs));
            // The honest lie within 8 of 0 in each direction; three liars of ten can pull these rules by a few times that, never by far.
            expect(furthest).toBeLessThan(8 * 8);
          },
        ),
        { numRuns: 25 },
      );
    },
  );

  it('fedavg does not', async () => {
    const { weights } = await run('fedavg', line(1, 1, 1, 1e6), one);
    expect(weights[0]).toBeGreaterThan(1e5);
  });

  it('pedal bears liars that the judge sees through', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.float({ min: Math.fround(0.5), max: 1, noNaN: true }), { minLength: 7, maxLength: 7 }),
        async (honest) => {
          const outcome = await run('pedal', [...line(...honest), ...line(-5, -5, -5)], one);
          expect(outcome.weights[0]).toBeGreaterThanOrEqual(0.5);
          expect(clientsOf(outcome.accepted)).not.toMatch(/[hij]/);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('match naive sums in double precision', async () => {
    await fc.assert(
      fc.asyncProperty(given, async (all) => {
        const samples = all.reduce((sum, each) => sum + each.samples, 0);
        const average = await run('fedavg', all, options);
        const centre = await run('median', all, options);
        for (let at = 0; at < LENGTH; at++) {
          const column = all.map(({ weights }) => weights[at] as number);
          const naive = all.reduce((sum, each) => sum + (each.weights[at] as number) * each.samples, 0) / samples;
          expect(average.weights[at]).toBeCloseTo(naive, 5);
          const sorted = [...column].sort((left, right) => left - right);
          const middle = ((sorted[(sorted.length - 1) >> 1] as number) + (sorted[sorted.length >> 1] as number)) / 2;
          expect(centre.weights[at]).toBeCloseTo(middle, 5);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('are loaded one at a time where the strategy says so', async () => {
    for (const { name, memory } of STRATEGIES) {
      let [open, most] = [0, 0];
      const contributions = contributionsOf(claimed(Array.from({ length: 9 }, (_, at) => ({ weights: [at / 10, 1] })))).map(
        (each) => ({
          ...each,
          load: async () => {
            most = Math.max(most, ++open);
            const weights = await each.load();
            open--;
            return weights;
          },
        }),
      );
      const { settings } = readPluginChoice(name, STRATEGIES);
      await aggregate(contributions, contextOf({ length: 2, judge }), { strategy: findPlugin(name, STRATEGIES).make(settings) });
      expect([name, memory, most]).toEqual([name, memory, 1]);
    }
  });
});

describe('choices', () => {
  it('are read with their parameters', () => {
    expect(readPluginChoice('multi-krum:faulty=2,best=4', STRATEGIES)).toEqual({
      name: 'multi-krum',
      settings: { faulty: 2, best: 4 },
    });
    expect(readPluginChoice('geometric-median', STRATEGIES).settings).toEqual({ passes: 8, smoothing: 1e-6 });
  });

  it.each([
    ['pedl', 'FEDERATED_PLUGIN_UNKNOWN', 'did you mean "pedal"'],
    ['krum:faulty=1.5', 'FEDERATED_PARAMETER_INVALID', 'whole number from 0'],
    ['krum:liars=1', 'FEDERATED_PARAMETER_INVALID', 'it has: faulty'],
    ['krum:faulty', 'FEDERATED_PARAMETER_INVALID', 'is no number'],
  ])('%s is refused with %s', (text, code, words) => {
    let failure: unknown;
    try {
      readPluginChoice(text, STRATEGIES);
    } catch (error) {
      failure = error;
    }
    expect(hasCode(failure, code) && failure.message).toContain(words);
  });
});
