/** A queue from whose front taking is cheap: an array with a moving head that is cut now and then. */
export class Fifo<T> {
  private entries: (T | undefined)[] = [];
  private head = 0;

  get length(): number {
    return this.entries.length - this.head;
  }

  push(entry: T): void {
    this.entries.push(entry);
  }

  /** The entry that {@link shift} would take. */
  peek(): T | undefined {
    return this.entries[this.head];
  }

  shift(): T | undefined {
    const entry = this.entries[this.head];
    if (entry === undefined) return undefined;
    this.entries[this.head++] = undefined;
    if (this.head === this.entries.length) {
      this.entries.length = this.head = 0;
    } else if (this.head >= 1024 && 2 * this.head > this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
    return entry;
  }

  clear(): void {
    this.entries.length = this.head = 0;
  }
}
