import { NOT_QUEUED, type Queued } from './event-queue.ts';

/** What kind of event it was, for the trace. The numbers are part of every trace hash: append only. */
export const EventKind = { timer: 1, arrival: 2, delivery: 3, transfer: 4, link: 5, cpu: 6, disk: 7, script: 8 } as const;
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

/** Whose event it is. */
export interface Owner {
  /** Position of the node in the order of addition; -1 for the world itself. */
  readonly index: number;
  /**
   * From when on this owner's events happen: earlier ones wait until then. Infinity for a dead owner, whose events are thrown
   * away; {@link AWAKE} for one that runs.
   */
  readonly awakeAt: number;
}

/** Earlier than anything. */
export const AWAKE = -1;
export const DEAD = Number.POSITIVE_INFINITY;

/** Something that will happen in a simulated world. What happens often is a class of its own: one object, no closure. */
export abstract class SimEvent implements Queued {
  slot: number = NOT_QUEUED;
  owner: Owner;
  kind: EventKind;

  constructor(owner: Owner, kind: EventKind) {
    this.owner = owner;
    this.kind = kind;
  }

  abstract fire(): void;
}

/** An event that calls a function. */
export class ActionEvent extends SimEvent {
  private readonly action: () => void;

  constructor(owner: Owner, kind: EventKind, action: () => void) {
    super(owner, kind);
    this.action = action;
  }

  fire(): void {
    this.action();
  }
}
