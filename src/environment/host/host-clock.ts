import type { Clock, Micros, Timer } from '../environment.ts';

/** `setTimeout` takes at most this. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;
/** A step of the system's clock that is followed; smaller differences are the drift between two clocks. */
const STEP_MICROS = 1_000_000;

interface HostTimer extends Timer {
  handle: NodeJS.Timeout | undefined;
}

/**
 * The operating system's clock, made monotonic: a step forward is followed, a step back is not (the clock then runs
 * ahead of the system's until the node starts anew). Timers count elapsed time and do not care about either.
 */
export function hostClock(): Clock & { readonly close: () => void } {
  const timers = new Set<HostTimer>();
  let closed = false;
  const arm = (timer: HostTimer, dueMs: number, handler: () => void) => {
    const delayMs = Math.min(TIMEOUT_MS_MAX, Math.max(0, Math.ceil(dueMs - performance.now())));
    timer.handle = setTimeout(() => {
      // A timeout may be a fraction of a millisecond early, and the longest delays take several.
      if (performance.now() < dueMs) return arm(timer, dueMs, handler);
      timers.delete(timer);
      handler();
    }, delayMs);
  };
  return {
    now: monotonicClock(),
    set: (delayMicros, handler, label) => {
      if (!(delayMicros >= 0 && delayMicros < Number.POSITIVE_INFINITY)) {
        throw new RangeError(`timer "${label}": a delay of ${delayMicros} us is no delay`);
      }
      const timer: HostTimer = { label, handle: undefined };
      if (closed) return timer;
      timers.add(timer);
      arm(timer, performance.now() + delayMicros / 1000, handler);
      return timer;
    },
    cancel: (timer) => {
      clearTimeout((timer as HostTimer).handle);
      timers.delete(timer as HostTimer);
    },
    close: () => {
      closed = true;
      for (const timer of timers) clearTimeout(timer.handle);
      timers.clear();
    },
  };
}

function monotonicClock(): () => Micros {
  let offset = Date.now() * 1000 - Math.floor(performance.now() * 1000);
  return () => {
    const elapsed = Math.floor(performance.now() * 1000);
    const system = Date.now() * 1000;
    if (system - (offset + elapsed) > STEP_MICROS) offset = system - elapsed;
    return offset + elapsed;
  };
}
