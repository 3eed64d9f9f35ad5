import type { Clock, Timer } from '../environment.ts';
import type { EventHandle } from './event-queue.ts';
import type { Incarnation } from './incarnation.ts';
import { EventKind } from './kernel.ts';

interface SimTimer extends Timer {
  handle: EventHandle | undefined;
}

/** Virtual time as a node sees it. */
export function simClock(life: Incarnation): Clock {
  return {
    now: () => life.wallClock,
    set: (delayMicros, handler, label) => {
      if (!(delayMicros >= 0 && delayMicros < Number.POSITIVE_INFINITY)) {
        throw new RangeError(`timer "${label}": a delay of ${delayMicros} us is no delay`);
      }
      const timer: SimTimer = { label, handle: undefined };
      if (!life.alive) return timer;
      timer.handle = life.after(delayMicros, EventKind.timer, () => {
        timer.handle = undefined;
        handler();
      });
      return timer;
    },
    cancel: (timer) => {
      const { handle } = timer as SimTimer;
      if (handle !== undefined) life.cancel(handle);
      (timer as SimTimer).handle = undefined;
    },
  };
}
