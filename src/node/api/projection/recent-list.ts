/** Things by id in the order in which they came, a bounded number of them. */
export interface RecentList<T> {
  get(id: string): T | undefined;
  /** Adds a new thing as the latest; the oldest that may go are dropped above the limit. */
  add(id: string, item: T): void;
  readonly size: number;
  /** Newest first. */
  newest(): Iterable<T>;
}

interface RecentListOptions<T> {
  readonly limit: number;
  /** True when the item may be dropped before others that may not. */
  readonly droppable?: (item: T) => boolean;
}

export function createRecentList<T>({ limit, droppable = () => true }: RecentListOptions<T>): RecentList<T> {
  const items = new Map<string, T>();
  let order: string[] = [];
  const slack = Math.max(16, Math.floor(limit / 16));

  const trim = (): void => {
    // First those that are over, oldest first; then, if that is not enough, the oldest of all.
    let surplus = items.size - limit;
    for (const pass of [droppable, () => true]) {
      if (surplus <= 0) break;
      for (const id of order) {
        if (surplus <= 0) break;
        const item = items.get(id);
        if (item === undefined || !pass(item)) continue;
        items.delete(id);
        surplus -= 1;
      }
    }
    order = order.filter((id) => items.has(id));
  };
  return {
    get: (id) => items.get(id),
    add(id, item) {
      if (!items.has(id)) order.push(id);
      items.set(id, item);
      if (items.size > limit + slack) trim();
    },
    get size() {
      return items.size;
    },
    *newest() {
      for (let at = order.length - 1; at >= 0; at--) {
        const item = items.get(order[at] as string);
        if (item !== undefined) yield item;
      }
    },
  };
}
