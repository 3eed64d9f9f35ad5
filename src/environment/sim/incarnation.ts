import type { Micros, NodeId } from '../environment.ts';
import type { EventHandle } from './event-queue.ts';
import type { EventKind, Kernel, Owner } from './kernel.ts';

/**
 * One life of a simulated node, from its start to its crash. Everything that belongs to that life plans its events
 * here; after the crash none of them happens, and no promise of that life settles any more.
 */
export class Incarnation implements Owner {
  readonly node: NodeId;
  readonly index: number;
  /** 0 for the first life of a node, 1 after its first restart, ... */
  readonly life: number;
  alive = true;
  private readonly kernel: Kernel;

  constructor(kernel: Kernel, identity: { readonly node: NodeId; readonly index: number; readonly life: number }) {
    this.kernel = kernel;
    this.node = identity.node;
    this.index = identity.index;
    this.life = identity.life;
  }

  /** Since the start of the world. */
  get now(): Micros {
    return this.kernel.now;
  }

  /** Since the Unix epoch, as the node sees it. */
  get wallClock(): Micros {
    return this.kernel.epochMicros + this.kernel.now;
  }

  after(delayMicros: Micros, kind: EventKind, action: () => void): EventHandle {
    return this.kernel.schedule(this.kernel.now + delayMicros, this, kind, action);
  }

  cancel(handle: EventHandle): void {
    this.kernel.cancel(handle);
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
