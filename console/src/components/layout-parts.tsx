import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiError } from '../api/client.ts';

interface PanelProps {
  readonly title?: ReactNode;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
  readonly flush?: boolean;
}

/** A titled surface; `flush` lets a table touch its edges. */
export function Panel({ title, aside, children, className = '', flush = false }: PanelProps) {
  return (
    <section className={`panel ${flush ? 'panel-flush' : ''} ${className}`}>
      {title === undefined ? null : (
        <header className="panel-head">
          <h2>{title}</h2>
          {aside === undefined ? null : <div className="panel-aside">{aside}</div>}
        </header>
      )}
      <div className="panel-body">{children}</div>
    </section>
  );
}

/** The heading of a page with a line of explanation. */
export function PageHead({
  title,
  children,
  aside,
}: {
  readonly title: ReactNode;
  readonly children?: ReactNode;
  readonly aside?: ReactNode;
}) {
  return (
    <div className="page-head">
      <div>
        <h1>{title}</h1>
        {children === undefined ? null : <p>{children}</p>}
      </div>
      {aside}
    </div>
  );
}

/** Name and value, one below the other on narrow screens. */
export function Facts({ items }: { readonly items: readonly (readonly [name: string, value: ReactNode] | null)[] }) {
  return (
    <dl className="facts">
      {items.map((item) =>
        item === null ? null : (
          <div key={item[0]}>
            <dt>{item[0]}</dt>
            <dd>{item[1]}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

/** Nothing is there, and why that may be. */
export function Empty({ children }: { readonly children: ReactNode }) {
  return <div className="notice notice-empty">{children}</div>;
}

/** Grey lines where the answer will be. */
export function Loading({ lines = 4 }: { readonly lines?: number }) {
  return (
    <div className="loading" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all alike.
        <span key={line} className={`skeleton skeleton-${line % 3}`} />
      ))}
    </div>
  );
}

/** What went wrong, in words, with a way to try again. */
export function Failed({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  const message = error instanceof Error ? error.message : String(error);
  const missing = error instanceof ApiError && error.status === 404;
  return (
    <div className={missing ? 'notice notice-empty' : 'notice notice-error'} role="alert">
      <span>{message}</span>
      {retry === undefined || missing ? null : (
        <button type="button" className="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

interface AnswerProps<T> {
  readonly query: UseQueryResult<T>;
  readonly children: (data: T) => ReactNode;
  readonly lines?: number;
}

/** Shows a query: grey lines while it loads, the failure when it failed with nothing to show, else its data. */
export function Answer<T>({ query, children, lines }: AnswerProps<T>) {
  if (query.isError && (query.data === undefined || query.isPlaceholderData)) {
    return <Failed error={query.error} retry={() => void query.refetch()} />;
  }
  if (query.data === undefined) return <Loading {...(lines === undefined ? {} : { lines })} />;
  return (
    <>
      {query.isError ? <div className="stale">Not up to date: {query.error.message}</div> : null}
      {children(query.data)}
    </>
  );
}
