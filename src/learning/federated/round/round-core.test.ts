import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RoundCore, type RoundEffect, type RoundEvent, type RoundRules } from './round-core.ts';

const update = { weights: { digest: `0x${'1'.repeat(64)}`, sizeBytes: 4 } as const, samples: 1, claimedLoss: 0 };
const rules: RoundRules = {
  ...{ training: 't', clients: ['a', 'b', 'c', 'd', 'e'], active: 3, quorum: 2 },
  ...{ deadlineMicros: 1000, attemptsMax: 2, seed: 's' },
};
const invited = (effects: readonly RoundEffect[]) =>
  effects.flatMap((effect) => (effect.type === 'invite' ? [effect.client] : []));
/** A client that does all it should. */
const finish = (core: RoundCore, client: string): RoundEffect[] =>
  (
    [
      { type: 'accepted', client },
      { type: 'announced', client, update },
      { type: 'received', client },
    ] as const
  ).flatMap((event) => core.handle(event));

describe('a round', () => {
  it('invites, orders, fetches, and ends when enough came', () => {
    const core = new RoundCore(rules, 1);
    const begun = core.handle({ type: 'begin' });
    const [first, second, third] = invited(begun) as [string, string, string];
    expect(begun[0]).toEqual({ type: 'timer', attempt: 1, delayMicros: 1000 });
    expect(core.handle({ type: 'accepted', client: first })).toEqual([{ type: 'order', client: first }]);
    expect(core.handle({ type: 'announced', client: first, update })).toEqual([{ type: 'fetch', client: first, update }]);
    expect(core.handle({ type: 'received', client: first })).toEqual([]);
    finish(core, second);
    const end = finish(core, third).at(-1);
    expect(end?.type === 'aggregate' && end.updates.map(({ client }) => client)).toEqual([first, second, third].sort());
    expect(core.isOver).toBe(true);
    expect(core.handle({ type: 'deadline', attempt: 1 })).toEqual([]);
  });

  it('asks another one for each that is lost, and ends when nobody is left to ask', () => {
    const core = new RoundCore(rules, 1);
    const [first, second, third] = invited(core.handle({ type: 'begin' })) as [string, string, string];
    const [fourth] = invited(core.handle({ type: 'lost', client: first, reason: 'gone' })) as [string];
    const [fifth] = invited(core.handle({ type: 'lost', client: second, reason: 'gone' })) as [string];
    expect(new Set([first, second, third, fourth, fifth]).size).toBe(5);
    finish(core, third);
    finish(core, fourth);
    const [end] = core.handle({ type: 'lost', client: fifth, reason: 'gone too' });
    expect(end?.type === 'aggregate' && end.absent.map(({ client }) => client)).toEqual([first, second, fifth].sort());
  });

  it('tries again with others at the deadline without a quorum, then gives up', () => {
    const core = new RoundCore(rules, 1);
    finish(core, invited(core.handle({ type: 'begin' }))[0] as string);
    const again = core.handle({ type: 'deadline', attempt: 1 });
    expect(again[0]).toEqual({ type: 'timer', attempt: 2, delayMicros: 1000 });
    expect(invited(again)).toHaveLength(3);
    expect(core.handle({ type: 'deadline', attempt: 1 })).toEqual([]);
    const [end] = core.handle({ type: 'deadline', attempt: 2 });
    expect(end).toMatchObject({ type: 'fail', received: 0 });
  });

  it('takes nothing of those who were not asked, and nothing twice', () => {
    const core = new RoundCore(rules, 1);
    const asked = invited(core.handle({ type: 'begin' }));
    const stranger = rules.clients.find((client) => !asked.includes(client)) as string;
    expect(finish(core, stranger)).toEqual([]);
    const [first] = asked as [string];
    finish(core, first);
    expect(core.expects(first)).toBe(false);
    expect(core.handle({ type: 'announced', client: first, update })).toEqual([]);
    expect(core.handle({ type: 'lost', client: first, reason: 'too late to be lost' })).toEqual([]);
  });

  it('asks the same clients for the same seed, others in another round', () => {
    const asked = (round: number, seed: string) =>
      invited(new RoundCore({ ...rules, seed }, round).handle({ type: 'begin' })).join('');
    expect(asked(1, 's')).toBe(asked(1, 's'));
    expect(new Set(Array.from({ length: 20 }, (_, round) => asked(round, 's'))).size).toBeGreaterThan(3);
  });

  it('ends once and only with a quorum, whatever happens in whatever order', () => {
    const client = fc.constantFrom(...rules.clients);
    const event: fc.Arbitrary<RoundEvent> = fc.oneof(
      fc.record({ type: fc.constant('accepted' as const), client }),
      fc.record({ type: fc.constant('lost' as const), client, reason: fc.constant('x') }),
      fc.record({ type: fc.constant('announced' as const), client, update: fc.constant(update) }),
      fc.record({ type: fc.constant('received' as const), client }),
      fc.record({ type: fc.constant('deadline' as const), attempt: fc.integer({ min: 1, max: 3 }) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const core = new RoundCore(rules, 1);
        const effects = [core.handle({ type: 'begin' }), ...events.map((each) => core.handle(each))].flat();
        const ends = effects.filter(({ type }) => type === 'aggregate' || type === 'fail');
        expect(ends.length).toBeLessThanOrEqual(1);
        expect(core.isOver).toBe(ends.length === 1);
        const [end] = ends;
        if (end?.type !== 'aggregate') return;
        expect(end.updates.length).toBeGreaterThanOrEqual(rules.quorum);
        const names = [...end.updates, ...end.absent].map((each) => each.client);
        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });
});
