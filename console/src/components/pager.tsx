import { type FormEvent, useState } from 'react';
import { integer } from '../format/text.ts';
import { setQuery, useLocation } from '../router.tsx';

export const PAGE_SIZES = [25, 50, 100] as const;

/** Page and size as the address bar has them. */
export function usePaging(): { readonly page: number; readonly limit: number; readonly offset: number } {
  const { query } = useLocation();
  const size = Number(query.get('size') ?? PAGE_SIZES[0]);
  const limit = PAGE_SIZES.find((known) => known === size) ?? PAGE_SIZES[0];
  const asked = Number(query.get('page') ?? 1);
  const page = Number.isSafeInteger(asked) && asked >= 1 ? asked : 1;
  return { page, limit, offset: (page - 1) * limit };
}

interface PagerProps {
  readonly offset: number;
  readonly limit: number;
  readonly total: number;
  readonly noun: string;
}

/** First, previous, a page number that can be typed, next, last. */
export function Pager({ offset, limit, total, noun }: PagerProps) {
  const pages = Math.max(1, Math.ceil(total / limit));
  const page = Math.floor(offset / limit) + 1;
  const go = (to: number): void => setQuery({ page: to <= 1 ? '' : String(Math.min(to, pages)) });
  if (total === 0) return null;
  const last = Math.min(total, offset + limit);
  return (
    <nav className="pager" aria-label={`Pages of ${noun}`}>
      <span className="pager-range">
        {offset >= total ? `past the end of ${integer(total)}` : `${integer(offset + 1)}–${integer(last)} of ${integer(total)}`}{' '}
        {noun}
      </span>
      <PageSize limit={limit} />
      <span className="pager-buttons">
        <button type="button" className="button" disabled={page <= 1} onClick={() => go(1)} aria-label="First page">
          «
        </button>
        <button type="button" className="button" disabled={page <= 1} onClick={() => go(page - 1)} aria-label="Previous page">
          ‹
        </button>
        <PageField key={page} page={page} pages={pages} go={go} />
        <button type="button" className="button" disabled={page >= pages} onClick={() => go(page + 1)} aria-label="Next page">
          ›
        </button>
        <button type="button" className="button" disabled={page >= pages} onClick={() => go(pages)} aria-label="Last page">
          »
        </button>
      </span>
    </nav>
  );
}

function PageSize({ limit }: { readonly limit: number }) {
  return (
    <label className="pager-size">
      <span>Rows</span>
      <select value={limit} onChange={(event) => setQuery({ size: event.target.value, page: '', before: '' })}>
        {PAGE_SIZES.map((size) => (
          <option key={size} value={size}>
            {size}
          </option>
        ))}
      </select>
    </label>
  );
}

function PageField({ page, pages, go }: { readonly page: number; readonly pages: number; readonly go: (to: number) => void }) {
  const [text, setText] = useState(String(page));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const to = Number(text);
    if (Number.isSafeInteger(to) && to >= 1) go(to);
    else setText(String(page));
  };
  return (
    <form onSubmit={submit} className="pager-field">
      <input aria-label="Page" inputMode="numeric" value={text} onChange={(event) => setText(event.target.value)} />
      <span>of {integer(pages)}</span>
    </form>
  );
}

interface ChainPagerProps {
  readonly page: { readonly older: string | null; readonly newer: string | null; readonly total: number };
  readonly limit: number;
  readonly noun: string;
}

/** Pages of the chain, which grows at its front. The cursor is in the address bar, so an old page stays put. */
export function ChainPager({ page, limit, noun }: ChainPagerProps) {
  const { query } = useLocation();
  const atNewest = query.get('before') === null;
  return (
    <nav className="pager" aria-label={`Pages of ${noun}`}>
      <span className="pager-range">
        {integer(page.total)} {noun} on the chain
      </span>
      <PageSize limit={limit} />
      <span className="pager-buttons">
        <button type="button" className="button" disabled={atNewest} onClick={() => setQuery({ before: '' })}>
          Newest
        </button>
        <button type="button" className="button" disabled={atNewest} onClick={() => setQuery({ before: page.newer ?? '' })}>
          ‹ Newer
        </button>
        <button
          type="button"
          className="button"
          disabled={page.older === null}
          onClick={() => setQuery({ before: page.older ?? '' })}
        >
          Older ›
        </button>
      </span>
    </nav>
  );
}
