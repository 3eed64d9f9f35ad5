import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventQueue, NOT_QUEUED, type Queued } from './event-queue.ts';

type Step =
  | { readonly type: 'push'; readonly time: number }
  | { readonly type: 'pop' }
  | { readonly type: 'postpone'; readonly by: number }
  | { readonly type: 'cancel'; readonly which: number };

interface Entry extends Queued {
  readonly name: number;
}

interface Reference {
  readonly time: number;
  readonly order: number;
  readonly entry: Entry;
}

const entry = (name: number): Entry => ({ name, slot: NOT_QUEUED });

describe('EventQueue', () => {
  it('does what a sorted array does, whatever is pushed, popped, postponed and cancelled', () => {
    const step: fc.Arbitrary<Step> = fc.oneof(
      { weight: 5, arbitrary: fc.record({ type: fc.constant('push' as const), time: fc.integer({ min: 0, max: 50 }) }) },
      { weight: 3, arbitrary: fc.record({ type: fc.constant('pop' as const) }) },
      { weight: 1, arbitrary: fc.record({ type: fc.constant('postpone' as const), by: fc.nat(30) }) },
      { weight: 2, arbitrary: fc.record({ type: fc.constant('cancel' as const), which: fc.nat(1000) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const queue = new EventQueue<Entry>();
        const reference: Reference[] = [];
        const pushed: Entry[] = [];
        for (const [order, taken] of steps.entries()) apply(taken, order, queue, reference, pushed);
        while (reference.length > 0) popBoth(queue, reference);
        expect(queue.pop()).toBeUndefined();
        expect(queue.peekTime()).toBe(Number.POSITIVE_INFINITY);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps its order through growth and through the clearing away of cancelled events', () => {
    const queue = new EventQueue<Entry>();
    const entries = Array.from({ length: 20_000 }, (_, order) => entry(order));
    for (const each of entries) queue.push((each.name * 7919) % 1000, each);
    for (const each of entries) if (each.name % 10 !== 0) expect(queue.cancel(each)).toBe(true);
    expect(queue.size).toBe(2000);
    let last = [-1, -1];
    for (let left = 2000; left > 0; left--) {
      const { name } = queue.pop() as Entry;
      const now = [queue.poppedTime, name];
      expect(name % 10).toBe(0);
      expect((last[0] as number) < (now[0] as number) || (last[0] === now[0] && (last[1] as number) < name)).toBe(true);
      last = now;
    }
    expect(queue.size).toBe(0);
  });

  it('does not touch the event that took the slot of one that is gone', () => {
    const queue = new EventQueue<Entry>();
    const [first, second] = [entry(1), entry(2)];
    queue.push(1, first);
    queue.pop();
    queue.push(2, second);
    expect(queue.cancel(first)).toBe(false);
    expect(queue.pop()).toBe(second);
  });
});

function apply(step: Step, order: number, queue: EventQueue<Entry>, reference: Reference[], pushed: Entry[]): void {
  if (step.type === 'push') {
    const fresh = entry(order);
    queue.push(step.time, fresh);
    pushed.push(fresh);
    insert(reference, { time: step.time, order, entry: fresh });
  } else if (step.type === 'pop') {
    popBoth(queue, reference);
  } else if (step.type === 'postpone') {
    const first = reference.shift();
    queue.postpone((first?.time ?? 0) + step.by);
    if (first !== undefined) insert(reference, { time: first.time + step.by, order, entry: first.entry });
  } else if (pushed.length > 0) {
    const chosen = pushed[step.which % pushed.length] as Entry;
    const at = reference.findIndex((each) => each.entry === chosen);
    expect(queue.cancel(chosen)).toBe(at >= 0);
    if (at >= 0) reference.splice(at, 1);
  }
  expect(queue.size).toBe(reference.length);
}

function insert(reference: Reference[], fresh: Reference): void {
  reference.push(fresh);
  reference.sort((left, right) => left.time - right.time || left.order - right.order);
}

function popBoth(queue: EventQueue<Entry>, reference: Reference[]): void {
  const expected = reference.shift();
  expect(queue.pop()).toBe(expected?.entry);
  if (expected !== undefined) expect(queue.poppedTime).toBe(expected.time);
}
