import type { Micros } from '../environment.ts';
import type { EventHandle } from './event-queue.ts';
import { type Demand, fairShare, type Resource } from './fair-share.ts';
import { EventKind, type Kernel, type Owner } from './kernel.ts';

/** A large frame on its way. */
export interface Flow extends Demand {
  readonly done: () => void;
  leftBytes: number;
  rate: number;
}

/** Bytes that may be left of a finished flow after rounding: far less than one. */
const ROUNDING_BYTES = 1e-3;

/**
 * The large frames under way, each at its max-min fair rate. Rates are computed anew when the set changes, once per
 * instant; between changes nothing happens but the next completion.
 */
export class Flows {
  private readonly kernel: Kernel;
  private readonly world: Owner;
  private readonly open = new Set<Flow>();
  private updatedAt: Micros = 0;
  private next: EventHandle | undefined;

  constructor(kernel: Kernel, world: Owner) {
    this.kernel = kernel;
    this.world = world;
  }

  start(sizeBytes: number, resources: readonly Resource[], control: boolean, done: () => void): Flow {
    this.progress();
    const flow: Flow = { resources, control, done, leftBytes: sizeBytes, rate: 0 };
    this.open.add(flow);
    this.plan(this.kernel.now);
    return flow;
  }

  cancel(flow: Flow): void {
    if (!this.open.has(flow)) return;
    this.progress();
    this.open.delete(flow);
    this.plan(this.kernel.now);
  }

  private plan(at: Micros): void {
    if (this.next !== undefined) this.kernel.cancel(this.next);
    this.next =
      at === Number.POSITIVE_INFINITY ? undefined : this.kernel.schedule(at, this.world, EventKind.transfer, () => this.update());
  }

  /** Moves every flow on to now. */
  private progress(): void {
    const elapsed = this.kernel.now - this.updatedAt;
    this.updatedAt = this.kernel.now;
    if (elapsed === 0) return;
    for (const flow of this.open) flow.leftBytes -= flow.rate === Number.POSITIVE_INFINITY ? flow.leftBytes : flow.rate * elapsed;
  }

  private update(): void {
    this.next = undefined;
    this.progress();
    const finished: Flow[] = [];
    for (const flow of this.open) if (flow.leftBytes <= ROUNDING_BYTES) finished.push(flow);
    for (const flow of finished) this.open.delete(flow);
    this.share();
    for (const flow of finished) flow.done();
  }

  private share(): void {
    const flows = [...this.open];
    const rates = fairShare(flows);
    let soonest = Number.POSITIVE_INFINITY;
    flows.forEach((flow, position) => {
      flow.rate = rates[position] as number;
      if (flow.rate > 0) soonest = Math.min(soonest, flow.leftBytes / flow.rate);
    });
    // Whole microseconds, and at least one, so that rounding cannot keep the world at the same instant for ever.
    this.plan(this.kernel.now + Math.max(1, Math.ceil(soonest)));
  }
}
