/** An event that was pushed; stale once it was popped or cancelled. */
export type EventHandle = number;

/** Slots are the low part of a handle, their generation the high part: 2^25 pending events, 2^28 lives of a slot. */
const SLOTS_MAX = 2 ** 25;
const GENERATIONS = 2 ** 28;

/**
 * The pending events of a simulation in (time, sequence) order: a binary heap in typed arrays, so that pushing and
 * popping allocate nothing. Cancelling is lazy: the entry stays in the heap, marked, until it surfaces or until the
 * marked ones outnumber the live ones.
 */
export class EventQueue<T> {
  private times = new Float64Array(1024);
  private sequences = new Float64Array(1024);
  private slots = new Uint32Array(1024);
  private generations = new Uint32Array(1024);
  private payloads: (T | undefined)[] = [];
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

  push(time: number, payload: T): EventHandle {
    const slot = this.free.pop() ?? this.payloads.length;
    if (slot >= SLOTS_MAX) throw new RangeError(`more than ${SLOTS_MAX} events are pending`);
    if (this.length === this.times.length || slot >= this.generations.length) this.grow();
    this.payloads[slot] = payload;
    this.rise(this.length++, time, this.nextSequence++, slot);
    return (this.generations[slot] as number) * SLOTS_MAX + slot;
  }

  /** Takes an event out; false when it is gone already. */
  cancel(handle: EventHandle): boolean {
    const slot = handle % SLOTS_MAX;
    if (this.generations[slot] !== (handle - slot) / SLOTS_MAX || this.payloads[slot] === undefined) return false;
    this.payloads[slot] = undefined;
    this.cancelled++;
    if (this.cancelled > 1024 && this.cancelled > this.length / 2) this.compact();
    return true;
  }

  /** The time of the next event, or Infinity. */
  peekTime(): number {
    while (this.length > 0 && this.payloads[this.slots[0] as number] === undefined) {
      this.removeTop();
      this.cancelled--;
    }
    return this.length === 0 ? Number.POSITIVE_INFINITY : (this.times[0] as number);
  }

  /** Removes the next event and returns its payload; its time is in `poppedTime`. */
  pop(): T | undefined {
    if (this.peekTime() === Number.POSITIVE_INFINITY) return undefined;
    this.poppedTime = this.times[0] as number;
    this.poppedSequence = this.sequences[0] as number;
    const payload = this.payloads[this.slots[0] as number];
    this.removeTop();
    return payload;
  }

  private removeTop(): void {
    this.release(this.slots[0] as number);
    const last = --this.length;
    if (last > 0) this.sink(0, this.times[last] as number, this.sequences[last] as number, this.slots[last] as number);
  }

  private release(slot: number): void {
    this.payloads[slot] = undefined;
    this.generations[slot] = ((this.generations[slot] as number) + 1) % GENERATIONS;
    this.free.push(slot);
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
      if (this.payloads[this.slots[at] as number] === undefined) this.release(this.slots[at] as number);
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
    this.generations = enlarged(this.generations, Uint32Array);
  }
}

function enlarged<A extends Float64Array | Uint32Array>(array: A, make: new (length: number) => A): A {
  const larger = new make(2 * array.length);
  larger.set(array);
  return larger;
}
