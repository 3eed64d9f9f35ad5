import type { Table, TableOperation } from '../../environment/index.ts';

/** Writes to a table durably; writes that are asked for while one is under way share the next flush. */
export class GroupCommit {
  private readonly table: Table;
  private waiting: TableOperation[] = [];
  private next: Promise<void> | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(table: Table) {
    this.table = table;
  }

  /** Resolves when the operations would survive a power cut. */
  write(operations: readonly TableOperation[]): Promise<void> {
    this.waiting.push(...operations);
    if (this.next === undefined) {
      const previous = this.running;
      // A failed flush is told to those whose it was; the next one is not theirs.
      this.next = previous.catch(() => undefined).then(() => this.flush());
    }
    return this.next;
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await (this.next ?? this.running).catch(() => undefined);
    await this.running.catch(() => undefined);
  }

  private flush(): Promise<void> {
    const operations = this.waiting;
    this.waiting = [];
    this.next = undefined;
    this.running = this.table.batch(operations, { sync: true });
    return this.running;
  }
}
