import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EventHandle, EventQueue } from './event-queue.ts';

type Step =
  | { readonly type: 'push'; readonly time: number }
  | { readonly type: 'pop' }
  | { readonly type: 'cancel'; readonly which: number };

interface Reference {
  readonly time: number;
  readonly order: number;
  readonly handle: EventHandle;
}

describe('EventQueue', () => {
  it('does what a sorted array does, whatever is pushed, popped and cancelled', () => {
    const step: fc.Arbitrary<Step> = fc.oneof(
      { weight: 5, arbitrary: fc.record({ type: fc.constant('push' as const), time: fc.integer({ min: 0, max: 50 }) }) },
      { weight: 3, arbitrary: fc.record({ type: fc.constant('pop' as const) }) },
      { weight: 2, arbitrary: fc.record({ type: fc.constant('cancel' as const), which: fc.nat(1000) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const queue = new EventQueue<number>();
        const reference: Reference[] = [];
        const handles: EventHandle[] = [];
        for (const [order, taken] of steps.entries()) apply(taken, order, queue, reference, handles);
        while (reference.length > 0) popBoth(queue, reference);
        expect(queue.pop()).toBeUndefined();
        expect(queue.peekTime()).toBe(Number.POSITIVE_INFINITY);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps its order through growth and through the clearing away of cancelled events', () => {
    const queue = new EventQueue<number>();
    const handles = Array.from({ length: 20_000 }, (_, order) => queue.push((order * 7919) % 1000, order));
    handles.forEach((handle, order) => {
      if (order % 10 !== 0) expect(queue.cancel(handle)).toBe(true);
    });
    expect(queue.size).toBe(2000);
    let last = [-1, -1];
    for (let left = 2000; left > 0; left--) {
      const order = queue.pop() as number;
      const now = [queue.poppedTime, order];
      expect(order % 10).toBe(0);
      expect((last[0] as number) < (now[0] as number) || (last[0] === now[0] && (last[1] as number) < order)).toBe(true);
      last = now;
    }
    expect(queue.size).toBe(0);
  });

  it('does not let a stale handle touch the event that took its slot', () => {
    const queue = new EventQueue<string>();
    const first = queue.push(1, 'first');
    queue.pop();
    queue.push(2, 'second');
    expect(queue.cancel(first)).toBe(false);
    expect(queue.pop()).toBe('second');
  });
});

function apply(step: Step, order: number, queue: EventQueue<number>, reference: Reference[], handles: EventHandle[]): void {
  if (step.type === 'push') {
    const handle = queue.push(step.time, order);
    handles.push(handle);
    reference.push({ time: step.time, order, handle });
    reference.sort((left, right) => left.time - right.time || left.order - right.order);
  } else if (step.type === 'pop') {
    popBoth(queue, reference);
  } else if (handles.length > 0) {
    const handle = handles[step.which % handles.length] as EventHandle;
    const at = reference.findIndex((entry) => entry.handle === handle);
    expect(queue.cancel(handle)).toBe(at >= 0);
    if (at >= 0) reference.splice(at, 1);
  }
  expect(queue.size).toBe(reference.length);
}

function popBoth(queue: EventQueue<number>, reference: Reference[]): void {
  const expected = reference.shift();
  expect(queue.pop()).toBe(expected?.order);
  if (expected !== undefined) expect(queue.poppedTime).toBe(expected.time);
}
