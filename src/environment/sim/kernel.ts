import { TreadleError } from '../../errors.ts';
import { SIM_RECENT_EVENTS_MAX } from '../../limits.ts';
import type { Micros } from '../environment.ts';
import { EventQueue } from './event-queue.ts';
import { microtaskDrain, onMacrotask, wallMs } from './macrotask.ts';
import { ActionEvent, DEAD, type EventKind, type Owner, type SimEvent } from './sim-event.ts';
import { TraceHash } from './trace-hash.ts';

export { EventKind } from './sim-event.ts';

/** Why a run ended. */
export type RunEnd = 'reached' | 'deadline' | 'empty';

/** Real time after which the loop lets the process breathe: timers, signals and I/O of whoever hosts the simulation. */
const SLICE_MS = 50;
/** Events between two looks at the real clock: a look costs about as much as an event. */
const EVENTS_PER_LOOK = 256;

/** Virtual time: delivers events in order and empties the microtask queue after each. */
export class Kernel {
  /** Virtual time since the start of the world: small numbers, so that fractions of a microsecond keep their precision. */
  now: Micros = 0;
  /** When the world starts, since the Unix epoch. */
  readonly epochMicros: Micros;
  delivered = 0;
  /** Real milliseconds spent in runs. */
  busyMs = 0;
  private readonly queue = new EventQueue<SimEvent>();
  private readonly trace = new TraceHash();
  /** Ring of time, sequence, node and kind of the events delivered last. */
  private readonly ring = new Float64Array(4 * SIM_RECENT_EVENTS_MAX);
  private running = false;

  constructor(epochMicros: Micros) {
    this.epochMicros = epochMicros;
  }

  /** Plans `action` for `at` (rounded up to a whole microsecond, never in the past). */
  schedule(at: Micros, owner: Owner, kind: EventKind, action: () => void): SimEvent {
    const event = new ActionEvent(owner, kind, action);
    this.plan(at, event);
    return event;
  }

  /** Plans an event that is not planned, for `at` (rounded up to a whole microsecond, never in the past). */
  plan(at: Micros, event: SimEvent): void {
    this.queue.push(at <= this.now ? this.now : Math.ceil(at), event);
  }

  cancel(event: SimEvent): void {
    this.queue.cancel(event);
  }

  get pending(): number {
    return this.queue.size;
  }

  traceHash(): string {
    return this.trace.digest();
  }

  /** The last delivered events, oldest first, as `time sequence node kind`: what to print beside a failure. */
  recent(): readonly string[] {
    const lines: string[] = [];
    for (let event = Math.max(0, this.delivered - SIM_RECENT_EVENTS_MAX); event < this.delivered; event++) {
      const at = 4 * (event % SIM_RECENT_EVENTS_MAX);
      lines.push(this.ring.subarray(at, at + 4).join(' '));
    }
    return lines;
  }

  /**
   * Delivers events until `stop` says so, the next one lies after `deadline` (the clock then stands there), or none is left.
   * An error that an event throws ends the run with it.
   */
  run(stop: () => boolean, deadline: Micros): Promise<RunEnd> {
    if (this.running) return Promise.reject(new TreadleError('SIM_BUSY'));
    this.running = true;
    return new Promise<RunEnd>((resolve, reject) => {
      const slice = () => {
        try {
          const end = this.slice(stop, deadline);
          if (end === undefined) return onMacrotask(slice);
          this.running = false;
          resolve(end);
        } catch (error) {
          this.running = false;
          reject(error);
        }
      };
      onMacrotask(slice);
    });
  }

  private slice(stop: () => boolean, deadline: Micros): RunEnd | undefined {
    const drain = microtaskDrain();
    const started = wallMs();
    try {
      drain?.();
      for (let count = 1; ; count++) {
        if (stop()) return 'reached';
        const at = this.queue.peekTime();
        if (at === Number.POSITIVE_INFINITY) return 'empty';
        if (at > deadline) {
          this.now = Math.max(this.now, deadline);
          return 'deadline';
        }
        this.deliver(at);
        if (drain === undefined) return undefined;
        drain();
        if (count % EVENTS_PER_LOOK === 0 && wallMs() - started > SLICE_MS) return undefined;
      }
    } finally {
      this.busyMs += wallMs() - started;
    }
  }

  private deliver(at: Micros): void {
    const { queue } = this;
    const { awakeAt } = (queue.peek() as SimEvent).owner;
    // What a stopped node missed happens in its order when it goes on, before what is due at that very moment.
    if (at < awakeAt && awakeAt !== DEAD) return queue.postpone(awakeAt);
    const event = queue.pop() as SimEvent;
    this.now = Math.ceil(at);
    if (awakeAt === DEAD) return;
    this.record(event);
    event.fire();
  }

  private record(event: SimEvent): void {
    const sequence = this.queue.poppedSequence;
    const { index } = event.owner;
    this.trace.add(this.now, sequence, index, event.kind);
    const at = 4 * (this.delivered++ % SIM_RECENT_EVENTS_MAX);
    this.ring[at] = this.now;
    this.ring[at + 1] = sequence;
    this.ring[at + 2] = index;
    this.ring[at + 3] = event.kind;
  }
}
