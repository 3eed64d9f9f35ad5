/** Runs pieces of work one after another, in the order in which they were handed in. */
export class Serial {
  private tail: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.tail.then(work);
    // A failure is its caller's; the next piece runs all the same.
    this.tail = result.catch(() => undefined);
    return result;
  }

  /** Resolves when everything handed in so far has run. */
  async idle(): Promise<void> {
    await this.tail;
  }
}
