import type { Clock, Micros, Timer } from '../environment.ts';
import type { HardwareClock } from './hardware-clock.ts';
import type { Incarnation } from './incarnation.ts';
import { EventKind, SimEvent } from './sim-event.ts';

/** A timer is its own event. */
class SimTimer extends SimEvent implements Timer {
  readonly label: string;
  private readonly handler: () => void;

  constructor(life: Incarnation, handler: () => void, label: string) {
    super(life, EventKind.timer);
    this.handler = handler;
    this.label = label;
  }

  fire(): void {
    this.handler();
  }
}

/**
 * Time as a node sees it: what its machine's clock shows, except that it never goes backwards. A clock that is set back
 * stands still for the node until it has caught up. Timers count elapsed time; only drift changes what they wait.
 */
export function simClock(life: Incarnation, hardware: HardwareClock): Clock {
  const epochMicros: Micros = life.wallClock - life.now;
  let latest: Micros = Number.NEGATIVE_INFINITY;
  return {
    now: () => {
      const shown = epochMicros + hardware.read(life.now);
      if (shown > latest) latest = shown;
      return latest;
    },
    set: (delayMicros, handler, label) => {
      if (!(delayMicros >= 0 && delayMicros < Number.POSITIVE_INFINITY)) {
        throw new RangeError(`timer "${label}": a delay of ${delayMicros} us is no delay`);
      }
      const timer = new SimTimer(life, handler, label);
      if (life.alive) life.plan(hardware.trueMicros(delayMicros), timer);
      return timer;
    },
    cancel: (timer) => life.cancel(timer as SimTimer),
  };
}
