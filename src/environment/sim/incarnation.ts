import type { Micros, NodeId } from '../environment.ts';
import type { Kernel } from './kernel.ts';
import { AWAKE, DEAD, type EventKind, type Owner, type SimEvent } from './sim-event.ts';

/**
 * One life of a simulated node, from its start to its crash. Everything that belongs to that life plans its events
 * here; after the crash none of them happens, and no promise of that life settles any more.
 */
export class Incarnation implements Owner {
  readonly node: NodeId;
  readonly index: number;
  /** 0 for the first life of a node, 1 after its first restart, ... */
  readonly life: number;
  awakeAt: Micros = AWAKE;
  /** Owner of what the machine does without the process: it goes on while the process is stopped. */
  readonly machine: { readonly index: number; awakeAt: Micros };
  private readonly kernel: Kernel;

  constructor(kernel: Kernel, identity: { readonly node: NodeId; readonly index: number; readonly life: number }) {
    this.kernel = kernel;
    this.node = identity.node;
    this.index = identity.index;
    this.life = identity.life;
    this.machine = { index: identity.index, awakeAt: AWAKE };
  }

  get alive(): boolean {
    return this.awakeAt !== DEAD;
  }

  /** Whether the process is stopped for now: it holds its place in the world, but none of its code runs. */
  get paused(): boolean {
    return this.awakeAt > this.kernel.now && this.alive;
  }

  /** Since the start of the world. */
  get now(): Micros {
    return this.kernel.now;
  }

  /** True time since the Unix epoch; what the node's own clock shows may differ. */
  get wallClock(): Micros {
    return this.kernel.epochMicros + this.kernel.now;
  }

  end(): void {
    this.awakeAt = DEAD;
    this.machine.awakeAt = DEAD;
  }

  /** Stops the process; a pause within a pause counts if it ends later. */
  pause(micros: Micros): void {
    // Half a microsecond before the end: what was missed comes before what is due at the end itself.
    if (this.alive) this.awakeAt = Math.max(this.awakeAt, this.kernel.now + Math.ceil(micros) - 0.5);
  }

  /** Runs what enters the node's code from outside of its own events: now, or when the node goes on. */
  enter(kind: EventKind, action: () => void): void {
    if (this.paused) this.after(0, kind, action);
    else action();
  }

  after(delayMicros: Micros, kind: EventKind, action: () => void): SimEvent {
    return this.kernel.schedule(this.kernel.now + delayMicros, this, kind, action);
  }

  /** Plans an event of this life. */
  plan(delayMicros: Micros, event: SimEvent): void {
    this.kernel.plan(this.kernel.now + delayMicros, event);
  }

  cancel(event: SimEvent): void {
    this.kernel.cancel(event);
  }

  /** Resolves with `value()` after the delay, in this life or never. Without a delay no event is spent. */
  later<T>(delayMicros: Micros, kind: EventKind, value: () => T): Promise<T> {
    if (!this.alive) return never();
    if (delayMicros === 0) return Promise.resolve(value());
    return new Promise((resolve, reject) => {
      this.after(delayMicros, kind, () => {
        try {
          resolve(value());
        } catch (error) {
          reject(error);
        }
      });
    });
  }
}

/** What a dead node waits for. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => {});
}
