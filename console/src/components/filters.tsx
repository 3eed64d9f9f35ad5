import { useEffect, useRef, useState } from 'react';
import { setQuery, useLocation } from '../router.tsx';

const TYPING_MS = 250;

/** A text filter kept in the address bar; applied when the reader pauses. */
export function TextFilter({ label, placeholder }: { readonly label: string; readonly placeholder: string }) {
  const applied = useLocation().query.get('q') ?? '';
  const [text, setText] = useState(applied);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setText(applied), [applied]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (value: string): void => {
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setQuery({ q: value.trim(), page: '' }, { replace: true }), TYPING_MS);
  };
  return (
    <input
      type="search"
      aria-label={label}
      placeholder={placeholder}
      value={text}
      onChange={(event) => type(event.target.value)}
    />
  );
}

/** A choice among states kept in the address bar. */
export function StateFilter({ states }: { readonly states: readonly string[] }) {
  const state = useLocation().query.get('state') ?? '';
  return (
    <select aria-label="State" value={state} onChange={(event) => setQuery({ state: event.target.value, page: '' })}>
      <option value="">all states</option>
      {states.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}
