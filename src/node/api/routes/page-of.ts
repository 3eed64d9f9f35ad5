import type { Page } from '../types.ts';

interface PageOptions<T, R> {
  readonly offset: number;
  readonly limit: number;
  readonly keep: (item: T) => boolean;
  readonly row: (item: T) => R;
}

/** One page of what is kept of a list; only the rows of the page are built. */
export function pageOf<T, R>(items: Iterable<T>, { offset, limit, keep, row }: PageOptions<T, R>): Page<R> {
  const rows: R[] = [];
  let total = 0;
  for (const item of items) {
    if (!keep(item)) continue;
    if (total >= offset && rows.length < limit) rows.push(row(item));
    total += 1;
  }
  return { items: rows, offset, limit, total };
}

/** True when one of the texts contains `search`, which is lower case; an empty search is contained in everything. */
export function containsText(search: string, texts: readonly (string | null | undefined)[]): boolean {
  return search === '' || texts.some((text) => text?.toLowerCase().includes(search));
}
