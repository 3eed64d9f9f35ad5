/** What an {@link EventQueue} holds: it remembers where it stands, so that taking it out needs no search and no handle. */
export interface Queued {
  /** The queue's business; {@link NOT_QUEUED} for what is in no queue. An entry is in one queue at most. */
  slot: number;
}

export const NOT_QUEUED = -1;

/** More pending events than this are a defect, not a simulation. */
const EVENTS_MAX = 2 ** 25;

/**
 * The pending events of a simulation in (time, sequence) order: a binary heap in typed arrays, so that pushing and
 * popping allocate nothing. Cancelling is lazy: the entry stays in the heap, marked, until it surfaces or until the
 * marked ones outnumber the live ones.
 */
export class EventQueue<T extends Queued> {
  private times = new Float64Array(1024);
  private sequences = new Float64Array(1024);
  private slots = new Uint32Array(1024);
  private events: (T | undefined)[] = [];
  private readonly free: number[] = [];
  private length = 0;
  private cancelled = 0;
  private nextSequence = 0;

  /** Time and sequence number of the event popped last. */
  poppedTime = 0;
  poppedSequence = 0;

  /** Events that will still be popped. */
  get size(): number {
    return this.length - this.cancelled;
  }

  /** Plans an event that is in no queue. */
  push(time: number, event: T): void {
    const slot = this.free.pop() ?? this.events.length;
    if (slot >= EVENTS_MAX) throw new RangeError(`more than ${EVENTS_MAX} events are pending`);
    if (this.length === this.times.length) this.grow();
    this.events[slot] = event;
    event.slot = slot;
    this.rise(this.length++, time, this.nextSequence++, slot);
  }

  /** Takes an event out; false when it is not (or no longer) in the queue. */
  cancel(event: T): boolean {
    if (event.slot === NOT_QUEUED) return false;
    this.events[event.slot] = undefined;
    event.slot = NOT_QUEUED;
    this.cancelled++;
    if (this.cancelled > 1024 && this.cancelled > this.length / 2) this.compact();
    return true;
  }

  /** The next event, which stays; its time is that of {@link peekTime}. */
  peek(): T | undefined {
    for (;;) {
      if (this.length === 0) return undefined;
      const event = this.events[this.slots[0] as number];
      if (event !== undefined) return event;
      this.removeTop();
      this.cancelled--;
    }
  }

  /** The time of the next event, or Infinity. */
  peekTime(): number {
    return this.peek() === undefined ? Number.POSITIVE_INFINITY : (this.times[0] as number);
  }

  /** Removes the next event and returns it; its time is in `poppedTime`. */
  pop(): T | undefined {
    const event = this.peek();
    if (event === undefined) return undefined;
    this.poppedTime = this.times[0] as number;
    this.poppedSequence = this.sequences[0] as number;
    event.slot = NOT_QUEUED;
    this.removeTop();
    return event;
  }

  /** Moves the next event to a later time, behind all that is planned for that time already. It can be cancelled as before. */
  postpone(time: number): void {
    const event = this.peek();
    if (event !== undefined) this.sink(0, time, this.nextSequence++, event.slot);
  }

  private removeTop(): void {
    const slot = this.slots[0] as number;
    this.events[slot] = undefined;
    this.free.push(slot);
    const last = --this.length;
    if (last > 0) this.sink(0, this.times[last] as number, this.sequences[last] as number, this.slots[last] as number);
  }

  private rise(from: number, time: number, sequence: number, slot: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.before(time, sequence, parent)) break;
      this.move(parent, at);
      at = parent;
    }
    this.place(at, time, sequence, slot);
  }

  private sink(from: number, time: number, sequence: number, slot: number): void {
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.length) break;
      const right = child + 1;
      if (right < this.length && this.before(this.times[right] as number, this.sequences[right] as number, child)) child = right;
      if (this.before(time, sequence, child)) break;
      this.move(child, at);
      at = child;
    }
    this.place(at, time, sequence, slot);
  }

  private before(time: number, sequence: number, at: number): boolean {
    const other = this.times[at] as number;
    return time < other || (time === other && sequence < (this.sequences[at] as number));
  }

  private move(from: number, to: number): void {
    this.place(to, this.times[from] as number, this.sequences[from] as number, this.slots[from] as number);
  }

  private place(at: number, time: number, sequence: number, slot: number): void {
    this.times[at] = time;
    this.sequences[at] = sequence;
    this.slots[at] = slot;
  }

  private compact(): void {
    let kept = 0;
    for (let at = 0; at < this.length; at++) {
      const slot = this.slots[at] as number;
      if (this.events[slot] === undefined) this.free.push(slot);
      else this.move(at, kept++);
    }
    this.length = kept;
    this.cancelled = 0;
    for (let at = (kept >> 1) - 1; at >= 0; at--) {
      this.sink(at, this.times[at] as number, this.sequences[at] as number, this.slots[at] as number);
    }
  }

  private grow(): void {
    this.times = enlarged(this.times, Float64Array);
    this.sequences = enlarged(this.sequences, Float64Array);
    this.slots = enlarged(this.slots, Uint32Array);
  }
}

function enlarged<A extends Float64Array | Uint32Array>(array: A, make: new (length: number) => A): A {
  const larger = new make(2 * array.length);
  larger.set(array);
  return larger;
}
