interface Entry {
  readonly atMicros: number;
  readonly sequence: number;
  readonly run: () => void;
}

/** Virtual time: actions in order of (time, sequence), a binary heap. */
export class EventQueue {
  readonly #heap: Entry[] = [];
  #sequence = 0;
  nowMicros = 0;

  after(delayMicros: number, run: () => void): void {
    const heap = this.#heap;
    heap.push({ atMicros: this.nowMicros + delayMicros, sequence: this.#sequence++, run });
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** Runs the next action; false when there is none up to `untilMicros`. */
  runNext(untilMicros: number): boolean {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.atMicros > untilMicros) return false;
    const last = heap.pop() as Entry;
    if (heap.length > 0) {
      heap[0] = last;
      this.#sink();
    }
    this.nowMicros = first.atMicros;
    first.run();
    return true;
  }

  #sink(): void {
    let at = 0;
    for (;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < this.#heap.length && this.#before(child, least)) least = child;
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #before(left: number, right: number): boolean {
    const [a, b] = [this.#heap[left] as Entry, this.#heap[right] as Entry];
    return a.atMicros < b.atMicros || (a.atMicros === b.atMicros && a.sequence < b.sequence);
  }

  #swap(left: number, right: number): void {
    const kept = this.#heap[left] as Entry;
    this.#heap[left] = this.#heap[right] as Entry;
    this.#heap[right] = kept;
  }
}
