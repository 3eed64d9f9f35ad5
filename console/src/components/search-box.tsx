import { type KeyboardEvent, useDeferredValue, useEffect, useId, useRef, useState } from 'react';
import type { SearchHit } from '../../../src/node/api/types.ts';
import { useSearch } from '../api/queries.ts';
import { navigate } from '../router.tsx';

const PATHS: Readonly<Record<SearchHit['kind'], string>> = {
  block: '/blocks/',
  transaction: '/transactions/',
  node: '/nodes/',
  'edge-node': '/edge-nodes/',
  device: '/devices/',
  task: '/tasks/',
  channel: '/channels/',
  request: '/requests/',
};

/** Where a hit's page is. */
export function pathOfHit(hit: SearchHit): string {
  return PATHS[hit.kind] + encodeURIComponent(hit.id);
}

/** Finds blocks, transactions, nodes, tasks and channels by number, hash, address or name. `/` brings the cursor here. */
export function SearchBox() {
  const [text, setText] = useState('');
  const [open, setOpen] = useState(false);
  const [marked, setMarked] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  const query = useDeferredValue(text.trim());
  const result = useSearch(query);
  const hits = query === '' ? [] : (result.data?.hits ?? []);

  useSlashKey(input);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other hits begin again at the first one.
  useEffect(() => setMarked(0), [query]);

  const choose = (hit: SearchHit | undefined): void => {
    if (hit === undefined) return;
    navigate(pathOfHit(hit));
    setText('');
    setOpen(false);
    input.current?.blur();
  };
  const keys = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setMarked((at) => Math.min(at + 1, hits.length - 1));
    else if (event.key === 'ArrowUp') setMarked((at) => Math.max(at - 1, 0));
    else if (event.key === 'Enter') choose(hits[marked]);
    else if (event.key === 'Escape') setOpen(false);
    else return;
    event.preventDefault();
  };

  const shown = open && query !== '';
  return (
    <search className="search">
      <input
        ref={input}
        type="search"
        placeholder="Block, hash, address, node, task, channel, request"
        aria-label="Search"
        role="combobox"
        aria-expanded={shown}
        aria-controls={list}
        aria-activedescendant={shown && hits.length > 0 ? `${list}-${marked}` : undefined}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={keys}
      />
      <kbd>/</kbd>
      {shown ? (
        <div className="search-hits" id={list} role="listbox" aria-label="Search results">
          {hits.map((hit, at) => (
            <div
              key={`${hit.kind}/${hit.id}`}
              id={`${list}-${at}`}
              role="option"
              // The field keeps the focus and names the marked option: its keys choose.
              tabIndex={-1}
              aria-selected={at === marked}
              onMouseEnter={() => setMarked(at)}
              // Pressing would take the focus from the field and close the list before the click arrives.
              onMouseDown={(event) => {
                event.preventDefault();
                choose(hit);
              }}
            >
              <span className="search-kind">{hit.kind.replace('-', ' ')}</span>
              <span className="search-label">{hit.label}</span>
              <span className="search-detail">{hit.detail}</span>
            </div>
          ))}
          {hits.length === 0 ? <div className="search-none">{result.isFetching ? 'Searching…' : 'Nothing found'}</div> : null}
        </div>
      ) : null}
    </search>
  );
}

function useSlashKey(input: { readonly current: HTMLInputElement | null }): void {
  useEffect(() => {
    const focus = (event: globalThis.KeyboardEvent): void => {
      const target = event.target;
      const typing = target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    window.addEventListener('keydown', focus);
    return () => window.removeEventListener('keydown', focus);
  }, [input]);
}
